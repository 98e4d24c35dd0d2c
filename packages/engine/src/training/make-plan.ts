import type { ParameterValue } from '@coppice/model'
import type { BinnedDataset } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { shareFeatures } from '../execution/feature-shares.js'
import type { MetricSpec } from '../execution/protocol.js'
import { SUM_BYTES } from '../kernels/api.js'
import { checkMetric } from '../metrics/parts.js'
import type { LabelStatistics } from '../objectives/objective.js'
import { specifyObjective } from '../objectives/specify.js'
import { labelStatistics } from '../objectives/statistics.js'
import { modelParameters, type ResolvedParams } from '../params/index.js'
import { featureLayout } from './build-model.js'
import { checkMagnitudes, checkRows, type TargetShape } from './check-data.js'
import { LeafGrid } from './leaf-grid.js'
import { EXCHANGE_BYTES } from './memory-estimate.js'
import type { TrainingPlan } from './plan.js'

/** Most expansions outstanding where nothing else was asked for. */
const DEFAULT_SPECULATION = 8

/** A plan and what the model's header needs to know. */
export interface MadePlan {
  readonly plan: TrainingPlan
  readonly statistics: LabelStatistics
  readonly parameters: Readonly<Record<string, ParameterValue>>
}

/**
 * Turns validated parameters and a data set into a plan.
 *
 * @throws CoppiceError 'DATA' when the labels do not fit the objective, 'PARAMETER' when a metric
 *   does not
 */
export function makePlan(
  params: ResolvedParams, train: BinnedDataset, nThreads: number, evaluatesTraining: boolean,
  evaluates: boolean,
): MadePlan {
  const shape = targetShape(params)
  checkNotEmpty(train)
  checkRows(train, shape, '')
  const statistics = labelStatistics(train.label!, train.weight, shape.nClasses)
  checkStatistics(statistics)
  const objective = specifyObjective(params, statistics)
  const scoreScale = Math.max(objective.scoreScale, largest(train.initScore))
  checkMagnitudes(objective, scoreScale)
  const grid = new LeafGrid(scoreScale)
  const baseScores = train.initScore === null
    ? objective.baseScores.map((score) => grid.round(score))
    : objective.baseScores.map(() => 0)
  const features = train.features.map(featureLayout)
  const metrics: MetricSpec[] = evaluates
    ? params.metric.map((name) => ({ name, topK: params.multiErrorTopK }))
    : []
  for (const { name } of metrics) checkMetric(name, objective.spec.objective.name)
  const expansions = maxExpansions(params, train, nThreads)
  const usesBagging = params.baggingFreq > 0 && params.baggingFraction < 1
  const plan: TrainingPlan = {
    engine: {
      features,
      objective: objective.spec,
      nOutputs: objective.nOutputs,
      baseScores,
      initScoreQuantum: grid.quantum,
      scan: params,
      usesBagging,
      maxExpansions: expansions,
      maxLeaves: params.numLeaves,
      metrics,
      evaluatesTraining,
    },
    growth: {
      numLeaves: params.numLeaves,
      maxDepth: params.maxDepth,
      growPolicy: params.growPolicy,
      minDataInLeaf: params.minDataInLeaf,
      maxExpansions: expansions,
    },
    output: params,
    learningRate: params.learningRate,
    bagging: params,
    sampling: params,
    usableFeatures: features.flatMap((feature, f) => feature.nBins > 1 ? [f] : []),
    scoreScale,
  }
  return { plan: onlyPlan(plan), statistics, parameters: modelParameters(params) }
}

/** Drops what came along with the parameters: a plan crosses threads by copy. */
function onlyPlan(plan: TrainingPlan): TrainingPlan {
  const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> =>
    Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>
  return {
    ...plan,
    engine: {
      ...plan.engine,
      scan: pick(plan.engine.scan, [
        'lambdaL1', 'lambdaL2', 'minDataInLeaf', 'minSumHessianInLeaf', 'minGainToSplit',
        'maxDeltaStep', 'catSmooth', 'catL2', 'maxCatThreshold', 'maxCatToOnehot',
        'minDataPerGroup',
      ]),
    },
    output: pick(plan.output, ['lambdaL1', 'lambdaL2', 'maxDeltaStep', 'catL2']),
    bagging: pick(plan.bagging, ['baggingFraction', 'baggingFreq', 'baggingSeed']),
    sampling: pick(
      plan.sampling, ['featureFraction', 'featureFractionBynode', 'featureFractionSeed']),
  }
}

/**
 * Expansions in flight: as asked for, or few, or one where no barrier is to be saved; never more
 * than a tree can use or the exchange between threads should hold.
 */
function maxExpansions(params: ResolvedParams, train: BinnedDataset, nThreads: number): number {
  const isSingle = nThreads === 1
  const wanted = params.speculation > 0 ? params.speculation : isSingle ? 1 : DEFAULT_SPECULATION
  const usable = Math.min(wanted, params.numLeaves - 1)
  if (isSingle) return usable
  const { shares } = shareFeatures(train.features.map(featureLayout), nThreads)
  const cells = shares.reduce((sum, share) => sum + share.nCells, 0)
  const fitting = Math.floor(EXCHANGE_BYTES / Math.max(1, nThreads * cells * SUM_BYTES))
  return Math.max(1, Math.min(usable, fitting))
}

function checkNotEmpty(train: BinnedDataset): void {
  if (train.label === null) {
    throw new CoppiceError('DATA', 'the training data have no label; name the label column')
  }
  if (train.nRows === 0) {
    throw new CoppiceError('DATA', 'the training data have no rows; check the inputs')
  }
  if (train.features.length === 0) {
    throw new CoppiceError('DATA',
      'the training data have no features; give at least one column besides the label')
  }
}

/** What labels and init scores have to fit. */
export function targetShape({ objective, numClass }: ResolvedParams): TargetShape {
  return {
    objective,
    nClasses: { regression: 0, binary: 2, multiclass: numClass }[objective],
    nOutputs: objective === 'multiclass' ? numClass : 1,
  }
}

function checkStatistics({ sumWeight, classCounts }: LabelStatistics): void {
  if (!(sumWeight > 0)) {
    throw new CoppiceError('DATA', 'the weights of all rows are 0; at least one must be positive')
  }
  const present = classCounts.filter((count) => count > 0).length
  if (classCounts.length > 0 && present < 2) {
    throw new CoppiceError('DATA',
      `all labels are class ${classCounts.findIndex((count) => count > 0)}; a classifier needs ` +
      'rows of at least two classes')
  }
}

function largest(values: Float64Array | null): number {
  let max = 0
  if (values !== null) for (const value of values) max = Math.max(max, Math.abs(value))
  return max
}
