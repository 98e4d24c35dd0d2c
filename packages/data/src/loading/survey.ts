/**
 * Everything that must be known of a data set before its rows are binned: plans all partitions,
 * checks them against their manifest, and scans them for bins, dictionaries and classes. Which
 * thread or machine does what is the runner's affair; the result does not depend on it, nor on
 * how the rows are cut into partitions and units.
 */
import { featureBins, rowBytes } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { joinColumns, type PlannedPartition } from '../schema.js'
import { PACKED_FEATURES_MIN } from './allocate.js'
import {
  estimateMemory, type LoadSize, requireMemory, type UnitSize, unitBytesOf, unitValuesMax,
} from './estimate.js'
import { type PlacedUnit, scanDataset } from './first-pass.js'
import type { BinningParams, JobColumn, JobContext } from './job.js'
import type { DatasetOptions, DatasetSurvey, SurveyInputs } from './options.js'
import { report } from './progress.js'
import type { DatasetRecipe, RecipePartition } from './recipe.js'
import { columnsWithRoles } from './roles.js'
import { unitsOf } from './units.js'

/**
 * Surveys a data set.
 *
 * Throws CoppiceError for whatever cannot be used, naming file and column.
 */
export async function surveyDataset(
  inputs: SurveyInputs,
  options: DatasetOptions,
): Promise<DatasetSurvey> {
  const { runner, textOptions } = inputs
  const empty: JobContext = {
    textOptions,
    columns: [],
    partitions: [],
    scan: null,
    prediction: null,
  }
  runner.setContext(empty)
  const planned = await planPartitions(inputs, options)
  const hashes = await verifyHashes(inputs, options)
  const joint = joinColumns(planned)
  const nRows = planned.reduce((sum, { plan }) => sum + plan.nRows, 0)
  requireRows(nRows, planned)
  const { columns, indices } = columnsWithRoles(joint, options, planned)
  const partitions = placePartitions(inputs, planned, joint.indexOf, indices)
  const units = unitsOf(partitions)
  checkMemory(inputs, nRows, columns, units)
  // Tasks need no more of a partition than this.
  const placed = partitions.map(({ name, firstRow, byteLength, plan, columnIdx }) => ({
    name,
    firstRow,
    byteLength,
    plan,
    columnIdx,
  }))
  const context: JobContext = { ...empty, columns, partitions: placed }
  const scanned = await scanDataset(inputs, options, context, units, nRows)
  const { types, features, classes, groupSizes } = scanned
  const recipe: DatasetRecipe = {
    nRows,
    rows: null,
    textOptions,
    columns,
    partitions,
    types,
    features,
    classes,
    ...(inputs.params.linearTree === true ? { keepsRaw: true } : {}),
  }
  return {
    recipe,
    groupSizes,
    partitions: partitions.map(({ name, format, firstRow, plan }, i) => ({
      name,
      format,
      firstRow,
      nRows: plan.nRows,
      hash: hashes[i]!,
    })),
    columns: joint.names.map((name, i) => {
      const at = indices.indexOf(i)
      const column = columns[at]
      return { name, role: column?.role ?? 'ignored', type: types[at] ?? null }
    }),
  }
}

/** A planned partition, and how long its file was. */
interface PlannedFile extends PlannedPartition {
  readonly byteLength: number
}

async function planPartitions(
  { partitions, runner }: SurveyInputs,
  options: DatasetOptions,
): Promise<PlannedFile[]> {
  const tasks = partitions.map((_, partitionIdx) => ({ kind: 'plan' as const, partitionIdx }))
  const plans = await runner.run(tasks, report(options, 'plan', tasks.length))
  return partitions.map(({ name, format, expected }, i) => {
    const { plan, byteLength } = plans[i]!
    if (expected !== null && plan.nRows !== expected.rows) {
      throw new CoppiceError(
        'DATA',
        `${name} has ${plan.nRows} rows but its manifest says ${expected.rows}: it was changed ` +
          `after the manifest was written; restore it or write the manifest again`,
      )
    }
    return { name, format, plan, byteLength }
  })
}

async function verifyHashes(
  { partitions, runner }: SurveyInputs,
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
  inputs: SurveyInputs,
  planned: readonly PlannedFile[],
  indexOf: readonly (readonly number[])[],
  indices: readonly number[],
): RecipePartition[] {
  let firstRow = 0
  return planned.map(({ name, format, plan, byteLength }, i) => {
    const columnIdx = indices.map((joint) => indexOf[i]![joint] ?? -1)
    const { expected } = inputs.partitions[i]!
    const partition = { name, format, firstRow, byteLength, plan, columnIdx, expected }
    firstRow += plan.nRows
    return partition
  })
}

function checkMemory(
  inputs: SurveyInputs,
  nRows: number,
  columns: readonly JobColumn[],
  units: readonly PlacedUnit[],
): void {
  const { memory } = inputs
  if (memory === null) return
  const size = loadSize(inputs, nRows, columns, units)
  requireMemory(estimateMemory(size), memory.limitBytes, memory.limitName)
}

/** The size of a load; of rows that may be packed, as if they were as small as they can get. */
export function loadSize(
  { runner, params, partitions }: SurveyInputs,
  nRows: number,
  columns: readonly JobColumn[],
  units: readonly PlacedUnit[],
): LoadSize {
  const features = columns.filter(({ role }) => role === 'feature')
  const nFeatures = features.length
  const nGroups = columns.filter(({ role }) => role === 'group').length
  const sizes = units.map(({ partitionIdx, unit }): UnitSize => ({
    nRows: unit.nRows,
    nColumns: columns.length,
    nBytes: unit.end - unit.start,
    format: partitions[partitionIdx]!.format,
  }))
  // those of categorical features are not kept, but which are is not known yet
  const rawBytes = params.linearTree === true ? 8 * nFeatures : 0
  const sampledShare = Math.min(1, params.binConstructSampleCnt / nRows)
  const nValues = sizes.reduce(
    (sum, size) => sum + unitValuesMax({ ...size, nColumns: nFeatures }), 0)
  return {
    nRows,
    nFeatures,
    // a byte has room for 255 features of two bins
    binnedRowBytes: rawBytes + (nFeatures < PACKED_FEATURES_MIN
      ? rowBytesMax(features.map(({ name }) => name), params)
      : Math.ceil(nFeatures / 255)),
    nNumberArrays: columns.length - nFeatures - nGroups,
    unitBytesMax: sizes.reduce((most, size) => Math.max(most, unitBytesOf(size)), 0),
    nThreads: Math.min(runner.nThreads, units.length),
    nSampledValues: Math.ceil(nValues * sampledShare),
    nScans: nFeatures * units.length,
  }
}

/** Bytes of the bins of a row that is not packed, at most. */
function rowBytesMax(
  names: readonly string[],
  { maxBin, maxBinByFeature = '' }: BinningParams,
): number {
  return rowBytes(featureBins(names, maxBin, maxBinByFeature, '').map((most) => most.maxBin))
}
