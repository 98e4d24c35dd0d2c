/**
 * Loads a data set: plans all partitions, scans them for bins, dictionaries and classes, then
 * bins them. Which thread does what is the runner's affair; the result does not depend on it,
 * nor on how the rows are cut into partitions and units.
 */
import {
  binLookup,
  type BinnedDataset,
  type FeatureInfo,
  type SampledValues,
  sampleRule,
} from '@coppice/engine'
import { CoppiceError, type Scalar } from '@coppice/model'
import { allocateTargets } from './loading/allocate.js'
import { estimateMemory, requireMemory } from './loading/estimate.js'
import { mergeGroups } from './loading/groups.js'
import type { ColumnRole, JobColumn, JobContext, JobPartition, LabelKind } from './loading/job.js'
import { mergeLabels } from './loading/labels.js'
import {
  columnsToReadAsText,
  findFeature,
  joinScannedTypes,
  mergeCategories,
  type MergedFeature,
  type PlacedScan,
  withTextColumns,
} from './loading/merge.js'
import type { DatasetOptions, LoadedDataset, LoadInputs, LoadProgress } from './loading/options.js'
import { refuseNearNumbers } from './loading/near-numbers.js'
import { columnsWithRoles } from './loading/roles.js'
import type { ColumnType, Unit } from './reader.js'
import { joinColumns, type PlannedPartition } from './schema.js'

interface PlacedUnit {
  readonly partitionIdx: number
  readonly unit: Unit
}

/** Loads a data set. Throws CoppiceError for whatever cannot be used, naming file and column. */
export async function runLoad(inputs: LoadInputs, options: DatasetOptions): Promise<LoadedDataset> {
  const { runner, textOptions } = inputs
  const empty: JobContext = { textOptions, columns: [], partitions: [], scan: null, encode: null }
  runner.setContext(empty)
  const planned = await planPartitions(inputs, options)
  const hashes = await verifyHashes(inputs, options)
  const joint = joinColumns(planned)
  const nRows = planned.reduce((sum, { plan }) => sum + plan.nRows, 0)
  requireRows(nRows, planned)
  const columns = columnsWithRoles(joint, options, planned)
  const partitions = placePartitions(planned, joint.indexOf, columns.indices)
  const units = partitions.flatMap(({ plan }, partitionIdx) =>
    plan.units.filter((unit) => unit.nRows > 0).map((unit) => ({ partitionIdx, unit })),
  )
  checkMemory(inputs, nRows, columns.columns, units)
  const context: JobContext = { ...empty, columns: columns.columns, partitions }
  const scanned = await scan(inputs, options, context, units, nRows)
  const data = await encode(inputs, options, context, units, nRows, scanned)
  return {
    data,
    partitions: partitions.map(({ name, firstRow, plan }, i) => ({
      name,
      format: inputs.partitions[i]!.format,
      firstRow,
      nRows: plan.nRows,
      hash: hashes[i]!,
    })),
    columns: joint.names.map((name, i) => {
      const at = columns.indices.indexOf(i)
      const column = columns.columns[at]
      return { name, role: column?.role ?? 'ignored', type: scanned.types[at] ?? null }
    }),
  }
}

async function planPartitions(
  { partitions, runner }: LoadInputs,
  options: DatasetOptions,
): Promise<PlannedPartition[]> {
  const tasks = partitions.map((_, partitionIdx) => ({ kind: 'plan' as const, partitionIdx }))
  const plans = await runner.run(tasks, report(options, 'plan', tasks.length))
  return partitions.map(({ name, format, expected }, i) => {
    const plan = plans[i]!
    if (expected !== null && plan.nRows !== expected.rows) {
      throw new CoppiceError(
        'DATA',
        `${name} has ${plan.nRows} rows but its manifest says ${expected.rows}: it was changed ` +
          `after the manifest was written; restore it or write the manifest again`,
      )
    }
    return { name, format, plan }
  })
}

async function verifyHashes(
  { partitions, runner }: LoadInputs,
  options: DatasetOptions,
): Promise<(string | null)[]> {
  const checked = partitions.flatMap(({ expected }, i) => (expected === null ? [] : [i]))
  const tasks = checked.map((partitionIdx) => ({ kind: 'hash' as const, partitionIdx }))
  const found = await runner.run(tasks, report(options, 'verify', tasks.length))
  const hashes = partitions.map((): string | null => null)
  for (const [k, i] of checked.entries()) {
    const { name, expected } = partitions[i]!
    if (found[k] !== expected!.hash) {
      throw new CoppiceError(
        'DATA',
        `${name} has the SHA-256 ${found[k]} but its manifest says ${expected!.hash}: it was ` +
          `changed or damaged; restore it or write the manifest again`,
      )
    }
    hashes[i] = found[k]!
  }
  return hashes
}

function requireRows(nRows: number, planned: readonly PlannedPartition[]): void {
  if (nRows > 0) return
  const names = planned.map(({ name }) => name)
  const where = names.length === 1 ? names[0] : `all ${names.length} partitions (${names[0]}, ...)`
  throw new CoppiceError('DATA', `there are no rows in ${where}; pass data with at least one row`)
}

function placePartitions(
  planned: readonly PlannedPartition[],
  indexOf: readonly (readonly number[])[],
  indices: readonly number[],
): JobPartition[] {
  let firstRow = 0
  return planned.map(({ name, plan }, i) => {
    const columnIdx = indices.map((joint) => indexOf[i]![joint]!)
    const partition = { name, firstRow, plan, columnIdx }
    firstRow += plan.nRows
    return partition
  })
}

function checkMemory(
  { runner, params, memory }: LoadInputs,
  nRows: number,
  columns: readonly JobColumn[],
  units: readonly PlacedUnit[],
): void {
  if (memory === null) return
  const nFeatures = columns.filter(({ role }) => role === 'feature').length
  const nGroups = columns.filter(({ role }) => role === 'group').length
  const estimate = estimateMemory({
    nRows,
    nFeatures,
    nColumns: columns.length,
    nNumberArrays: columns.length - nFeatures - nGroups,
    unitRowsMax: units.reduce((most, { unit }) => Math.max(most, unit.nRows), 0),
    unitBytesMax: units.reduce((most, { unit }) => Math.max(most, unit.end - unit.start), 0),
    nThreads: Math.min(runner.nThreads, units.length),
    nSampled: Math.min(nRows, params.binConstructSampleCnt),
  })
  requireMemory(estimate, memory.limitBytes, memory.limitName)
}

/** What the first pass found. */
interface Scanned {
  readonly types: readonly ColumnType[]
  readonly features: readonly FeatureInfo[]
  readonly classes: readonly Scalar[] | null
  readonly groupSizes: Uint32Array | null
}

async function scan(
  inputs: LoadInputs,
  options: DatasetOptions,
  context: JobContext,
  units: readonly PlacedUnit[],
  nRows: number,
): Promise<Scanned> {
  const { params } = inputs
  const { columns, partitions } = context
  const { reference } = options
  const labelKind =
    reference === undefined ? (options.labelKind ?? null) : referenceLabelKind(reference)
  const rule = sampleRule(nRows, params.binConstructSampleCnt, params.dataRandomSeed)
  inputs.runner.setContext({
    ...context,
    scan: { sampleRule: reference === undefined ? rule : null, labelKind },
  })
  const scans = await scanUnits(inputs, options, context, units)
  const types = joinScannedTypes(columns, scans)
  if (reference === undefined) {
    await refuseNearNumbers(inputs.runner, columns, types, units, scans)
  }
  const features = reference?.features ?? (await findFeatures(inputs, columns, types, scans, nRows))
  const named = (role: ColumnRole) => columns.find((column) => column.role === role)?.name ?? ''
  const labelIdx = columns.findIndex(({ role }) => role === 'label')
  let classes = reference?.classes ?? null
  if (labelIdx >= 0 && reference === undefined && labelKind !== null) {
    const labels = scans.map(({ scan: unit }) => unit.label!)
    classes = mergeLabels(labelKind, named('label'), types[labelIdx]!, labels)
  }
  if (named('weight') !== '' && !scans.some(({ scan: unit }) => unit.hasPositiveWeight)) {
    throw new CoppiceError(
      'DATA',
      `weight column '${named('weight')}' is 0 in every row; at least one must be positive`,
    )
  }
  const groups = units.map(({ partitionIdx }, i) => ({
    partition: partitions[partitionIdx]!.name,
    groups: scans[i]!.scan.groups!,
  }))
  const groupSizes = named('group') === '' ? null : mergeGroups(named('group'), groups)
  return { types, features, classes, groupSizes }
}

function referenceLabelKind(reference: BinnedDataset): LabelKind {
  // Which values are legal is known; encoding refuses the others.
  return reference.classes === null ? 'number' : 'class'
}

/** Scans all units, and again those where a column turned out to be text elsewhere. */
async function scanUnits(
  { runner }: LoadInputs,
  options: DatasetOptions,
  { columns, partitions }: JobContext,
  units: readonly PlacedUnit[],
): Promise<PlacedScan[]> {
  const tasks = units.map((unit) => ({ kind: 'scan' as const, ...unit, asText: null }))
  const results = await runner.run(tasks, report(options, 'scan', tasks.length))
  const scans = results.map((unit, i) => ({
    partition: partitions[units[i]!.partitionIdx]!.name,
    scan: unit,
  }))
  const types = joinScannedTypes(columns, scans)
  const again = scans.flatMap(({ scan: unit }, i) => {
    const asText = columnsToReadAsText(types, unit)
    return asText.length === 0 ? [] : [{ i, asText }]
  })
  const texts = await runner.run(
    again.map(({ i, asText }) => ({ kind: 'scan' as const, ...units[i]!, asText })),
  )
  for (const [k, { i, asText }] of again.entries()) {
    scans[i] = { ...scans[i]!, scan: withTextColumns(scans[i]!.scan, texts[k]!, asText) }
  }
  return scans
}

async function findFeatures(
  { runner, params }: LoadInputs,
  columns: readonly JobColumn[],
  types: readonly ColumnType[],
  scans: readonly PlacedScan[],
  nRows: number,
): Promise<FeatureInfo[]> {
  const found = columns.flatMap((column, i) => {
    if (column.role !== 'feature') return []
    const parts = scans.map(({ scan: unit }) => unit.features[i]!)
    return [
      {
        name: column.name,
        isText: types[i] === 'string',
        isCategorical: column.isCategorical,
        parts,
      },
    ]
  })
  const numeric = found.filter(({ isText, isCategorical }) => !isText && !isCategorical)
  const merged = await runner.run(
    numeric.map(({ parts }) => ({
      kind: 'merge' as const,
      parts: parts.flatMap((part) => (part.kind === 'values' ? [part.sampled] : [])),
    })),
  )
  const sampledOf = new Map<string, SampledValues>(numeric.map(({ name }, k) => [name, merged[k]!]))
  let nSampled = 0
  const features = found.map(({ name, isText, parts }): MergedFeature => {
    const sampled = sampledOf.get(name)
    const feature: MergedFeature =
      sampled !== undefined
        ? { kind: 'numeric', name, sampled }
        : { kind: 'categorical', name, merged: mergeCategories(parts, isText) }
    nSampled = countSampled(feature)
    return feature
  })
  return features.map((feature) => findFeature(feature, params, nSampled, nRows))
}

/** Every feature has seen the same sampled rows. */
function countSampled(feature: MergedFeature): number {
  const sum = (counts: Uint32Array) => counts.reduce((total, count) => total + count, 0)
  if (feature.kind === 'numeric') {
    const { counts, zeroCount, nanCount } = feature.sampled
    return sum(counts) + zeroCount + nanCount
  }
  const { counts, missingCount } = feature.merged.sampled
  return sum(counts) + missingCount
}

async function encode(
  { runner }: LoadInputs,
  options: DatasetOptions,
  context: JobContext,
  units: readonly PlacedUnit[],
  nRows: number,
  { types, features, classes, groupSizes }: Scanned,
): Promise<BinnedDataset> {
  const { columns } = context
  const count = (role: ColumnRole) => columns.filter((column) => column.role === role).length
  const targets = allocateTargets({
    nRows,
    nFeatures: features.length,
    hasLabel: count('label') > 0,
    hasWeight: count('weight') > 0,
    nInitScores: count('initScore'),
  })
  const plan = {
    types: columns.map(({ forced }, i) => (types[i] === 'string' ? 'string' : forced)),
    lookups: features.map(({ mapper }) => binLookup(mapper)),
    categories: features.map(({ categories }) => categories),
    classes,
    targets,
  }
  runner.setContext({ ...context, encode: plan })
  const tasks = units.map((unit) => ({ kind: 'encode' as const, ...unit }))
  await runner.run(tasks, report(options, 'bin', tasks.length))
  const { blocks, label, weight, initScore } = targets
  return { nRows, features, blocks, label, classes, weight, initScore, groupSizes }
}

function report({ onProgress }: DatasetOptions, phase: LoadProgress['phase'], total: number) {
  return (done: number) => onProgress?.({ phase, done, total })
}
