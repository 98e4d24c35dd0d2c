/**
 * Schemas of what `@coppice/engine` defines and messages carry, in the order of its
 * `execution/protocol.ts`.
 */
import {
  AUC_MU_CLASSES_MAX, BIN_SET_BYTES_MAX, type BinnedTree, BINS_MAX, type BinSet, type EngineSetup,
  type ErrorCode, type EventTimes, isWholeTree,
  type MetricPart, type MetricSpec, POSITION_MAX, type RankedScores, type RankingSpec,
  type RowSummary, type TargetShape, type TimedScores,
} from '@coppice/engine'
import {
  COLUMNS_MAX, DATASETS_MAX, LEAVES_MAX, METRICS_MAX, NAME_LENGTH_MAX, OUTPUTS_MAX,
} from './limits.js'
import { objective } from './model-schemas.js'
import {
  array, count, double, finite, flag, integer, list, nullable, object, oneOf,
  optional, type Schema, text, where,
} from './schema.js'

const name = text(NAME_LENGTH_MAX)

/** Slots of an ExactSum: 70 integers below 2^53 in magnitude; more would be of another build. */
const exactSum = list(integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), 70)

/** Some metrics have several, one after the other. */
const exactSums = list(
  integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), 70 * 64)

export const errorCode: Schema<ErrorCode> = oneOf({
  PARAMETER: true, DATA: true, IO: true, MEMORY: true, MODEL: true, ABORTED: true, INTERNAL: true,
})

const child = integer(-LEAVES_MAX, LEAVES_MAX)

/** Of a tree's leaves; that they are those of the tree is checked with the training's features. */
const linearLeaves = {
  constant: list(finite, LEAVES_MAX),
  features: list(list(integer(0, COLUMNS_MAX), COLUMNS_MAX), LEAVES_MAX),
  coefficients: list(list(finite, COLUMNS_MAX), LEAVES_MAX),
}

/** Whether its runs or bits are of the feature is checked with the setup. */
const binSet: Schema<BinSet> = where(
  array(Uint8Array, BIN_SET_BYTES_MAX),
  ({ length }) => length % 4 === 0 || length % 2 === 1, 'a set of bins')

export const binnedTree: Schema<BinnedTree> = where(
  object({
    feature: list(integer(0, COLUMNS_MAX), LEAVES_MAX),
    leftBins: list(binSet, LEAVES_MAX),
    leftChild: list(child, LEAVES_MAX),
    rightChild: list(child, LEAVES_MAX),
    leafValue: list(finite, LEAVES_MAX),
    linear: optional(object({ limit: finite, ...linearLeaves })),
  }),
  isWholeTree, 'a tree')

const rankedScores: Schema<RankedScores> = where(
  object({
    negatives: array(Float64Array),
    positives: array(Float64Array),
    negativeWeights: nullable(array(Float64Array)),
    positiveWeights: nullable(array(Float64Array)),
  }),
  ({ negatives, positives, negativeWeights, positiveWeights }) =>
    (negativeWeights ?? negatives).length === negatives.length &&
    (positiveWeights ?? positives).length === positives.length,
  'scores with a weight for each')

const timedScores: Schema<TimedScores> = where(
  object({
    scores: array(Float64Array),
    lower: array(Float64Array),
    upper: array(Float64Array),
    weights: nullable(array(Float64Array)),
  }),
  ({ scores, lower, upper, weights }) =>
    [lower, upper, weights ?? lower].every(({ length }) => length === scores.length) &&
    lower.every((bound, i) => bound <= upper[i]!),
  'scores with bounds of a time for each')

export const metricPart: Schema<MetricPart> = object({
  dataset: integer(0, DATASETS_MAX),
  metric: name,
  sum: nullable(exactSums),
  ranked: nullable(rankedScores),
  pair: optional(count),
  timed: optional(timedScores),
})

const codeRef = { key: name, file: name, export: name }

const metricSpec: Schema<MetricSpec> = object({
  name, topK: count, parameter: finite,
  costs: optional(list(finite, AUC_MU_CLASSES_MAX * AUC_MU_CLASSES_MAX)),
  custom: optional(nullable(object({
    ...codeRef, name, higherIsBetter: flag, isWhole: flag,
    transform: oneOf({ none: true, sqrt: true }),
  }))),
})

/** Labels of rankings, far more than anybody grades by. */
const GAINS_MAX = 65_536

/** Times ascend, and each had an event at least. */
const events: Schema<EventTimes> = where(
  object({ times: array(Float64Array), counts: array(Float64Array) }),
  ({ times, counts }) => times.length === counts.length &&
    times.every((time, i) => time > (times[i - 1] ?? 0) && time < Infinity) &&
    counts.every((n) => Number.isSafeInteger(n) && n > 0),
  'events by ascending time')

const ranking: Schema<RankingSpec> = object({
  labelGain: where(list(finite, GAINS_MAX), ({ length }) => length > 0, 'gains of labels'),
  truncationLevel: integer(1, 0x7fff_ffff),
  isNormed: flag,
  sigmoid: finite,
  seed: integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  nPositions: optional(integer(1, POSITION_MAX + 1)),
})

export const engineSetup: Schema<EngineSetup> = object({
  features: list(where(
    object({
      nBins: integer(1, BINS_MAX), missingBin: integer(-1, BINS_MAX - 1), isCategorical: flag,
    }),
    ({ nBins, missingBin }) => missingBin < nBins, 'a feature whose missing bin is one of its bins',
  ), COLUMNS_MAX),
  objective: object({
    objective,
    binaryWeights: list(finite, 2 * OUTPUTS_MAX),
    gradientBound: nullable(finite),
    hessianBound: finite,
    measuresHessian: optional(flag),
    ranking: optional(ranking),
    events: optional(events),
    custom: optional(nullable(object(codeRef))),
  }),
  nOutputs: integer(1, OUTPUTS_MAX),
  baseScores: list(finite, OUTPUTS_MAX),
  fixedScores: nullable(list(finite, OUTPUTS_MAX)),
  initScoreQuantum: finite,
  quanta: optional(list(finite, OUTPUTS_MAX)),
  scan: object({
    lambdaL1: finite,
    lambdaL2: finite,
    minDataInLeaf: count,
    minSumHessianInLeaf: finite,
    minGainToSplit: finite,
    maxDeltaStep: finite,
    catSmooth: finite,
    catL2: finite,
    maxCatThreshold: count,
    maxCatToOnehot: count,
    minDataPerGroup: count,
    extraTrees: flag,
  }),
  asked: optional(list(integer(0, COLUMNS_MAX - 1), COLUMNS_MAX)),
  voting: optional(object({ nElected: integer(1, COLUMNS_MAX) })),
  usesBagging: flag,
  usesGoss: flag,
  maxExpansions: integer(1, LEAVES_MAX),
  maxLeaves: integer(1, LEAVES_MAX),
  lanes: optional(integer(1, OUTPUTS_MAX)),
  linear: optional(object({
    exponents: list(integer(-1100, 1100), COLUMNS_MAX), coarse: integer(-128, 0),
    fine: integer(-256, 0), maxFeatures: integer(0, COLUMNS_MAX),
  })),
  metrics: list(metricSpec, METRICS_MAX),
  evaluatesTraining: flag,
})

export const rowSummary: Schema<RowSummary> = object({
  nRows: count,
  hasWeight: flag,
  hasInitScore: flag,
  sumWeight: exactSum,
  sumWeightedLabel: exactSum,
  classWeights: list(exactSum, OUTPUTS_MAX),
  classCounts: list(count, OUTPUTS_MAX),
  maxAbsLabel: double,
  maxWeight: double,
  maxAbsInitScore: double,
  targets: optional(list(object({
    sumWeightedLabel: exactSum, maxAbsLabel: double, maxAbsInitScore: optional(double),
  }), OUTPUTS_MAX)),
  extents: optional(list(finite, COLUMNS_MAX)),
  queries: optional(object({
    nQueries: count, sumWeight: exactSum, nPositions: optional(integer(0, POSITION_MAX + 1)),
  })),
  events: optional(events),
})

export const targetShape: Schema<TargetShape> = object({
  objective: name,
  nClasses: integer(0, OUTPUTS_MAX),
  nOutputs: integer(1, OUTPUTS_MAX),
  nLabels: optional(integer(2, OUTPUTS_MAX)),
  maxLabel: optional(integer(0, GAINS_MAX - 1)),
})
