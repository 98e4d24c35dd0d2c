/**
 * Loads a data set into the memory of one process: surveys it, then bins all rows into big arrays
 * that threads share.
 */
import type { BinnedBlock } from '@coppice/engine'
import { allocateTargets, targetSize } from './loading/allocate.js'
import { floatLookupsOf } from './loading/encode.js'
import { estimateMemory, requireMemory } from './loading/estimate.js'
import type { PlacedUnit } from './loading/first-pass.js'
import type { EncodeTask } from './loading/job.js'
import type { DatasetOptions, LoadedDataset, LoadInputs } from './loading/options.js'
import { report } from './loading/progress.js'
import { type DatasetRecipe, encodePlanOf, nRawValues } from './loading/recipe.js'
import { loadSize, surveyDataset } from './loading/survey.js'
import { unitsOf } from './loading/units.js'

/** Loads a data set. Throws CoppiceError for whatever cannot be used, naming file and column. */
export async function runLoad(inputs: LoadInputs, options: DatasetOptions): Promise<LoadedDataset> {
  const { runner } = inputs
  const { recipe, groupSizes, partitions, columns } = await surveyDataset(inputs, options)
  const { nRows, features, classes } = recipe
  const targets = allocateTargets(targetSize(recipe.columns, features, nRows, nRawValues(recipe)))
  const binning = targets.blocks === null ? null : binAhead(inputs, recipe, targets.blocks)
  runner.setEncoding({
    plan: encodePlanOf(recipe), targets: [targets], areBinned: binning !== null,
  })
  const units = unitsOf(recipe.partitions)
  const onDone = report(options, 'bin', units.length)
  const blocks = targets.blocks ?? await packedBlocks(inputs, recipe, units, onDone)
  if (targets.blocks !== null) await both(binning, runner.run(encodeTasks(units), onDone))
  const { label, weight, initScore, shownAt } = targets
  const positions = shownAt === null ? {} : { shownAt }
  const data = {
    nRows, features, blocks, label, classes, weight, initScore, groupSizes, ...positions,
  }
  return { data, partitions, columns }
}

/** Waits for both, also where one fails, and ends with the failure of the first. */
async function both(first: Promise<unknown> | null, second: Promise<unknown>): Promise<void> {
  for (const result of await Promise.allSettled([first, second])) {
    if (result.status === 'rejected') throw result.reason
  }
}

/** Others bin all rows into the blocks; null where they do not. */
function binAhead(
  inputs: LoadInputs, recipe: DatasetRecipe, blocks: readonly BinnedBlock[],
): Promise<void> | null {
  const { columns, types, features, partitions, keepsRaw } = recipe
  if (inputs.binAhead === undefined || keepsRaw === true) return null
  const lookups = floatLookupsOf(features)
  if (lookups === null) return null
  const indices = columns.flatMap(({ role }, i) => role === 'feature' ? [i] : [])
  const { columnIdx } = partitions[0]!
  return inputs.binAhead(
    indices.map((i) => columnIdx[i]!), indices.map((i) => types[i]!), lookups, blocks)
}

function encodeTasks(units: readonly PlacedUnit[]): EncodeTask[] {
  return units.map((unit) => ({ kind: 'encode', ...unit, targetIdx: 0, wantsGroups: false }))
}

/** Bytes of a packing per feature. */
const packingBytes = 9

/** How small rows get is seen at the first units: whether all fit is known after them. */
async function packedBlocks(
  inputs: LoadInputs,
  recipe: DatasetRecipe,
  units: readonly PlacedUnit[],
  onDone: ((done: number) => void) | undefined,
): Promise<BinnedBlock[]> {
  const { runner, memory } = inputs
  const tasks = encodeTasks(units)
  const nFirst = Math.min(tasks.length, runner.nThreads)
  const first = await runner.run(tasks.slice(0, nFirst), onDone)
  const blocks = first.flatMap((unit) => unit.blocks)
  if (memory !== null) {
    const nRows = blocks.reduce((sum, block) => sum + block.nRows, 0)
    const nBytes = blocks.reduce((sum, { bins, packing, raw }) =>
      sum + bins.length + (raw?.byteLength ?? 0) +
        (packing === undefined ? 0 : packingBytes * recipe.features.length), 0)
    const size = loadSize(inputs, recipe.nRows, recipe.columns, units)
    const estimate = estimateMemory({ ...size, binnedRowBytes: nBytes / Math.max(1, nRows) })
    requireMemory(estimate, memory.limitBytes, memory.limitName)
  }
  const rest = await runner.run(tasks.slice(nFirst), onDone && ((done) => onDone(nFirst + done)))
  return [...blocks, ...rest.flatMap((unit) => unit.blocks)]
}
