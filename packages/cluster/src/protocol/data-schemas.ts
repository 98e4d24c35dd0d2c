/**
 * Schemas of what `@coppice/data` defines and messages carry, in the order of its `reader.ts`,
 * `loading/job.ts` and `loading/recipe.ts`.
 */
import type {
  ColumnChunk, ColumnType, DatasetRecipe, Format, JobContext, LoadTask, PartitionPlan,
  PredictedRows, PredictionPlan, PredictionType, TaskResults, TextOptions, Unit,
  UnnamedColumns,
} from '@coppice/data'
import {
  type BinMapper, BINS_MAX, type FeatureInfo, type SampledCategories, type SampledValues,
  type SampleRule,
} from '@coppice/engine'
import type { EarlyStop, IterationRange, MissingType, Scalar } from '@coppice/model'
import {
  CATEGORIES_MAX, COLUMNS_MAX, ITERATIONS_MAX, NAME_LENGTH_MAX, PARTITIONS_MAX, TEXT_BYTES_MAX,
  UNITS_MAX, URI_LENGTH_MAX,
} from './limits.js'
import {
  array, constant, count, distinct, double, either, flag, integer, list, nothing, nullable, object,
  oneOf, opaque, optional, pair, type Schema, tagged, text, where,
} from './schema.js'

type JobColumn = JobContext['columns'][number]
type JobPartition = JobContext['partitions'][number]
type UnitScan = TaskResults['scan']
type FeatureScan = NonNullable<UnitScan['features'][number]>

/** Names of columns and values of cells: as long as files have them. */
const cell = text(TEXT_BYTES_MAX)
const uri = text(URI_LENGTH_MAX)
const scalar: Schema<Scalar> = either('a text, number or boolean', cell, double, flag)

// ---- reader.ts

export const columnType: Schema<ColumnType> =
  oneOf({ empty: true, bool: true, int: true, float: true, date: true, string: true })

export const format: Schema<Format> =
  oneOf({ parquet: true, arrow: true, csv: true, tsv: true, libsvm: true, npy: true, csr: true })

const unit: Schema<Unit> = object({
  index: count, firstRow: count, nRows: count, start: count, end: count,
})

/** `detail` is the format's own; readers made it and only readers look into it. */
const partitionPlan: Schema<PartitionPlan> = object({
  columns: list(object({ name: cell, type: nullable(columnType) }), COLUMNS_MAX),
  nRows: count,
  units: list(unit, UNITS_MAX),
  detail: opaque,
})

export const unnamedColumns: Schema<UnnamedColumns> = object({
  label: count, unlessColumns: nullable(count),
})

const textOptions: Schema<TextOptions> = object({
  header: either('true, false or "auto"', flag, constant('auto')),
  missingValues: list(cell, COLUMNS_MAX),
  unnamed: optional(unnamedColumns),
})

// ---- engine: data sets and their bins

const bin = integer(0, BINS_MAX - 1)
const missingType: Schema<MissingType> = oneOf({ none: true, nan: true, zero: true })

const binMapper: Schema<BinMapper> = tagged('kind', {
  numeric: object({
    kind: constant('numeric'),
    missing: missingType,
    upperBounds: array(Float64Array, BINS_MAX),
    nBins: integer(1, BINS_MAX),
    zeroBin: bin,
    missingBin: integer(-1, BINS_MAX - 1),
  }),
  categorical: object({
    kind: constant('categorical'),
    codes: array(Int32Array, BINS_MAX - 1),
    nBins: integer(1, BINS_MAX),
  }),
})

const categories: Schema<FeatureInfo['categories']> = nullable(either(
  'a list of texts or of numbers', list(cell, CATEGORIES_MAX), list(double, CATEGORIES_MAX)))

const featureInfo: Schema<FeatureInfo> = object({ name: cell, mapper: binMapper, categories })

const sampleRule: Schema<SampleRule> = object({
  start: integer(-0x8000_0000, 0xffff_ffff), limit: double,
})

const sampledValues: Schema<SampledValues> = where(
  object({
    values: array(Float64Array), counts: array(Uint32Array), zeroCount: count, nanCount: count,
  }),
  ({ values, counts }) => values.length === counts.length, 'a sample with a count for each value')

const sampledCategories: Schema<SampledCategories> =
  object({ counts: array(Uint32Array, CATEGORIES_MAX), missingCount: count })

// ---- prediction/plan.ts

export const predictionType: Schema<PredictionType> =
  oneOf({ probability: true, class: true, raw: true, leaf: true, contribution: true })

export const iterationRange: Schema<IterationRange | null> =
  nullable(pair(integer(0, ITERATIONS_MAX)))

/** Its margin may be infinite. */
export const earlyStop: Schema<EarlyStop> =
  object({ freq: integer(1, Number.MAX_SAFE_INTEGER), margin: double })

const columnIndex = integer(0, COLUMNS_MAX)

const predictionPlan: Schema<PredictionPlan> = object({
  model: array(Uint8Array),
  modelHash: text(NAME_LENGTH_MAX),
  iterations: iterationRange,
  earlyStop: optional(earlyStop),
  type: predictionType,
  types: list(nullable(either('a type of columns', columnType, constant('number'))), COLUMNS_MAX),
  kept: list(columnIndex, COLUMNS_MAX),
})

const columnChunk: Schema<ColumnChunk> = either(
  'a chunk of a column',
  object({
    type: oneOf({ empty: true, bool: true, int: true, float: true, date: true }),
    values: array(Float64Array),
  }),
  where(
    object({
      type: constant('string'), codes: array(Int32Array), dictionary: list(cell, CATEGORIES_MAX),
    }),
    ({ codes, dictionary }) => codes.every((code) => code >= -1 && code < dictionary.length),
    'a chunk whose codes are in its dictionary'))

export const predictedRows: Schema<PredictedRows> = object({
  nRows: count,
  kept: list(columnChunk, COLUMNS_MAX),
  predictions: either('an array of predictions', array(Float64Array), array(Int32Array),
    array(Uint16Array), array(Uint8Array)),
})

// ---- loading/job.ts

const jobColumn: Schema<JobColumn> = object({
  name: cell,
  role: oneOf({
    feature: true, label: true, weight: true, group: true, position: true, initScore: true,
  }),
  isCategorical: flag,
  forced: nullable(columnType),
  isNumeric: flag,
  isDeclaredText: flag,
})

/** Per column, where it is in a plan; -1 where it is not. */
const columnIdx = list(integer(-1, COLUMNS_MAX), COLUMNS_MAX)

const jobPartition: Schema<JobPartition> = object({
  name: uri, firstRow: count, byteLength: count, plan: partitionPlan, columnIdx,
})

const classes: Schema<readonly Scalar[] | null> = nullable(list(scalar, CATEGORIES_MAX))

export const jobContext: Schema<JobContext> = object({
  textOptions,
  columns: list(jobColumn, COLUMNS_MAX),
  partitions: list(jobPartition, PARTITIONS_MAX),
  scan: nullable(object({
    sampleRule: nullable(sampleRule),
    labelKind: nullable(oneOf({
      class: true, binary: true, number: true, bounds: true, 'zero-or-one': true,
    })),
  })),
  prediction: nullable(predictionPlan),
})

const partition = integer(0, PARTITIONS_MAX)

export const loadTask: Schema<LoadTask> = tagged('kind', {
  plan: object({ kind: constant('plan'), partitionIdx: partition }),
  hash: object({ kind: constant('hash'), partitionIdx: partition }),
  scan: object({
    kind: constant('scan'),
    partitionIdx: partition,
    unit,
    asText: nullable(distinct(COLUMNS_MAX)),
  }),
  parse: object({
    kind: constant('parse'),
    partitionIdx: partition,
    unit,
    column: integer(0, COLUMNS_MAX),
    type: columnType,
  }),
  merge: object({ kind: constant('merge'), parts: list(sampledValues, UNITS_MAX) }),
  types: object({
    kind: constant('types'),
    partitionIdx: partition,
    unit,
    columns: list(columnIndex, COLUMNS_MAX),
  }),
  predict: object({
    kind: constant('predict'), partitionIdx: partition, unit, start: count, end: count,
  }),
})

/** Distinct values in order of first appearance. */
const distinctValues: Schema<readonly string[] | Float64Array> = either(
  'a list of texts or a Float64Array', array(Float64Array, CATEGORIES_MAX),
  list(cell, CATEGORIES_MAX))

const featureScan: Schema<FeatureScan> = tagged('kind', {
  values: object({ kind: constant('values'), sampled: sampledValues }),
  categories: object({
    kind: constant('categories'), values: distinctValues, sampled: sampledCategories,
  }),
})

const groupScan: Schema<NonNullable<UnitScan['groups']>> = where(
  object({
    keys: list(either('a text or a number', double, cell), UNITS_MAX),
    lengths: list(count, UNITS_MAX),
  }),
  ({ keys, lengths }) => keys.length === lengths.length, 'groups with a length for each key')

const unitScan: Schema<UnitScan> = object({
  types: list(columnType, COLUMNS_MAX),
  features: list(nullable(featureScan), COLUMNS_MAX),
  labels: list(object({ values: distinctValues, min: double, max: double }), COLUMNS_MAX),
  groups: nullable(groupScan),
  hasPositiveWeight: flag,
})

const hash = text(NAME_LENGTH_MAX)

const typesOfColumns = list(columnType, COLUMNS_MAX)

const plannedSource: Schema<TaskResults['plan']> =
  object({ plan: partitionPlan, byteLength: count })

/**
 * What a task gave. The kind of the task is not in it, but no two kinds look alike; the
 * coordinator, who knows what it asked for, has to see that it is of that kind.
 */
export const loadResult: Schema<TaskResults[LoadTask['kind']]> = (value) => {
  if (value === null) return nothing(value)
  if (typeof value === 'string') return hash(value)
  if (Array.isArray(value)) return typesOfColumns(value)
  const members = typeof value === 'object' ? value as object : {}
  if ('plan' in members) return plannedSource(value)
  if ('predictions' in members) return predictedRows(value)
  return 'types' in members ? unitScan(value) : sampledValues(value)
}

// ---- loading/recipe.ts

/** What a manifest promises of a partition. */
export const expectedContent: Schema<{ readonly rows: number, readonly hash: string } | null> =
  nullable(object({ rows: count, hash }))

export const datasetRecipe: Schema<DatasetRecipe> = object({
  nRows: count,
  rows: nullable(array(Uint8Array)),
  textOptions,
  columns: list(jobColumn, COLUMNS_MAX),
  partitions: list(object({
    name: uri,
    format,
    firstRow: count,
    byteLength: count,
    plan: partitionPlan,
    columnIdx,
    expected: expectedContent,
  }), PARTITIONS_MAX),
  types: list(columnType, COLUMNS_MAX),
  features: list(featureInfo, COLUMNS_MAX),
  classes,
  keepsRaw: optional(constant(true)),
})
