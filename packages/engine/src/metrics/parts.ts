import { exp, predictedNumber, type Objective } from '@coppice/model'
import { customMetricPart, finishCustomMetric } from '../custom/metric.js'
import type { MetricPart, MetricSpec } from '../execution/protocol.js'
import { ExactSum } from '../numeric/exact-sum.js'
import type { ResolvedParams } from '../params/index.js'
import { areaUnderRoc, mergeAll, rankScores } from './auc.js'
import { aucMuCosts, finishAucMu, rankPairs } from './auc-mu.js'
import { finishMean, outputParts, rankClasses } from './averages.js'
import { concordance } from './concordance.js'
import { coxLikelihood } from './cox-likelihood.js'
import { averagePrecision } from './average-precision.js'
import {
  binaryError, binaryLogLoss, multiError, multiLogLoss, ovaLogLoss, type RowLoss,
} from './losses.js'
import { metricFamily } from './family.js'
import { isHigherBetter } from './names.js'
import { crossEntropy, numberLoss } from './number-losses.js'
import { isRankingMetric } from './ranking.js'
import { aftPart } from './survival.js'
import { joinTimed, timedScores } from './timed-rows.js'
import { finishTally, isTally, positiveProbability, tallyPart } from './tallies.js'

type Parts = Pick<MetricPart, 'sum' | 'ranked' | 'pair' | 'timed'>

/** What sums are divided by. */
export interface SetSize {
  /** Sum of the weights of the data set's rows, or their number without weights. */
  readonly sumWeight: number
  readonly nRows: number
  /** Sum of the weights of the queries; 0 where there are none. */
  readonly sumQueryWeight?: number
}

/** Metrics of the order of the rows by score. */
const rankedMetrics: readonly string[] = ['auc', 'average_precision']

/** Whether a metric is of rows and their times, compared with each other. */
function isTimed(metric: string): boolean {
  return metric === 'cox_nloglik' || metric === 'c_index'
}

/** Parameters that metrics read. */
type MetricNumber = 'alpha' | 'fairC' | 'tweedieVariancePower' | 'expectileAlpha' | 'huberSlope'

/** The number of a metric that has one, else 0. Parameters may come from a model file. */
export function metricParameter(
  metric: string,
  params: { readonly [K in MetricNumber]?: number | undefined },
): number {
  switch (metric) {
    case 'huber':
    case 'quantile': return params.alpha ?? 0.9
    case 'fair': return params.fairC ?? 1
    case 'expectile': return params.expectileAlpha ?? 0.5
    case 'pseudo_huber': return params.huberSlope ?? 1
    case 'tweedie': return params.tweedieVariancePower ?? 1.5
    default: return 0
  }
}

/** What of the parameters says what is computed of evaluation sets. */
export type MetricParams =
  Pick<ResolvedParams, 'metric' | 'evalAt' | 'multiErrorTopK' | 'alpha' | 'fairC' |
    'tweedieVariancePower'> & Parameters<typeof aucMuCosts>[0]

/** The metrics in their order; those of rankings once for each rank, ascending. */
export function metricSpecs(params: MetricParams): MetricSpec[] {
  const ranks = [...new Set(params.evalAt)].sort((a, b) => a - b)
  return params.metric.flatMap((name) => isRankingMetric(name)
    ? ranks.map((topK) => ({ name: `${name}@${topK}`, topK, parameter: 0 }))
    : [{
      name, topK: params.multiErrorTopK, parameter: metricParameter(name, params),
      ...(name === 'auc_mu' ? { costs: aucMuCosts(params) } : {}),
    }])
}

/** Losses of classes by raw scores; null for metrics of predicted numbers. */
function classLoss(metric: MetricSpec, objective: Objective): RowLoss | null {
  const steepness = objective.name === 'binary' || objective.name === 'multiclassova'
    ? objective.sigmoid : 1
  switch (metric.name) {
    case 'binary_logloss': return binaryLogLoss(steepness)
    case 'binary_error': return binaryError(steepness)
    case 'multi_logloss':
      return objective.name === 'multiclassova' ? ovaLogLoss(steepness) : multiLogLoss
    case 'multi_error': return multiError(metric.topK)
    default: return null
  }
}

/** What a score predicts: a number, or the probability of the second class. */
function predictionOf(objective: Objective): (score: number) => number {
  return positiveProbability(objective) ?? predictedNumber(objective.name)
}

/** Losses of predictions, as LightGBM's metrics see them through the objective. */
function predictionLoss(metric: MetricSpec, objective: Objective): RowLoss {
  const predict = predictionOf(objective)
  const loss = numberLoss(metric.name, metric.parameter)
  return (scores, row, label) => loss(predict(scores[0]![row]!), label)
}

/** Loss of a row of weight w under cross_entropy_lambda, in which the weight is an exposure. */
function exposureLoss(score: number, label: number, weight: number): number {
  const rate = predictedNumber('cross_entropy_lambda')(score)
  return crossEntropy(1 - exp(-weight * rate), label)
}

/**
 * One engine's parts of a metric over its rows: one, or one for each score or pair of classes.
 *
 * @param labels - a plane for each label column
 */
export function metricParts(
  metric: MetricSpec, objective: Objective, scores: readonly Float64Array[],
  labels: Float64Array, weights: Float64Array | null,
): Parts[] {
  if (metric.custom != null) return [metricPart(metric, objective, scores, labels, weights)]
  const ofOutputs = outputParts(metric, objective, { scores, labels, weights },
    (own, its, plane, column) => metricPart(own, its, [plane], column, weights))
  if (ofOutputs !== null) return ofOutputs
  if (metric.name === 'auc_ovr') {
    return rankClasses(metricFamily(objective), { scores, labels, weights })
  }
  if (metric.name !== 'auc_mu') return [metricPart(metric, objective, scores, labels, weights)]
  return rankPairs(metric.costs ?? [], scores, labels, weights)
    .map(({ pair, ranked }) => ({ sum: null, ranked, pair }))
}

/** One engine's part of a metric over its rows, of metrics that have one. */
export function metricPart(
  metric: MetricSpec, ownObjective: Objective, scores: readonly Float64Array[],
  labels: Float64Array, weights: Float64Array | null,
): Parts {
  if (metric.custom != null) {
    const part = customMetricPart(metric.custom, ownObjective, { scores, labels, weights })
    return { sum: part.parts(), ranked: null }
  }
  const objective = metricFamily(ownObjective)
  if (isTimed(metric.name)) {
    const ordersTimes = metric.name === 'c_index'
    const timed = timedScores(objective, scores[0]!, labels, weights, ordersTimes)
    return { sum: null, ranked: null, timed }
  }
  if (objective.name === 'aft') {
    const sum = aftPart(metric.name, objective, scores[0]!, labels, weights)
    return { sum: sum.parts(), ranked: null }
  }
  if (rankedMetrics.includes(metric.name)) {
    return { sum: null, ranked: rankScores(scores[0]!, labels, weights) }
  }
  if (isTally(metric.name)) {
    const predict = predictionOf(objective)
    const sums = tallyPart(metric.name, objective, predict, scores, labels, weights)
    return { sum: sums, ranked: null }
  }
  const sum = new ExactSum()
  if (metric.name === 'cross_entropy_lambda') {
    for (let i = 0; i < labels.length; i++) {
      sum.add(exposureLoss(scores[0]![i]!, labels[i]!, weights?.[i] ?? 1))
    }
    return { sum: sum.parts(), ranked: null }
  }
  const loss = classLoss(metric, objective) ?? predictionLoss(metric, objective)
  for (let i = 0; i < labels.length; i++) {
    const value = loss(scores, i, labels[i]!)
    sum.add(weights === null ? value : value * weights[i]!)
  }
  return { sum: sum.parts(), ranked: null }
}

/** The metric's value from the parts of all engines. */
export function finishMetric(metric: string, parts: readonly Parts[], size: SetSize): number {
  if (metric === 'auc_mu') {
    return finishAucMu(parts.map(({ pair = 0, ranked }) => ({ pair, ranked: ranked! })))
  }
  if (parts[0]?.pair !== undefined) {
    return finishMean(metric, parts, (own) => finishMetric(
      metric === 'auc_ovr' ? 'auc' : metric, own.map(({ pair: _, ...part }) => part), size))
  }
  if (rankedMetrics.includes(metric)) {
    const ranked = mergeAll(parts.map((part) => part.ranked!))
    return metric === 'auc' ? areaUnderRoc(ranked) : averagePrecision(ranked)
  }
  if (isTimed(metric)) {
    const rows = joinTimed(parts.map((part) => part.timed!))
    return metric === 'c_index' ? concordance(rows) : coxLikelihood(rows)
  }
  if (isTally(metric)) return finishTally(metric, parts.map((part) => part.sum!))
  const total = new ExactSum()
  for (const part of parts) total.merge(part.sum!)
  if (isRankingMetric(metric)) return total.value() / (size.sumQueryWeight ?? 0)
  switch (metric) {
    // LightGBM's definitions: a deviance is not averaged; exposures do not weigh losses
    case 'gamma_deviance': return 2 * total.value()
    case 'cross_entropy_lambda': return total.value() / size.nRows
    case 'rmsle':
    case 'rmse': return Math.sqrt(total.value() / size.sumWeight)
    default: return total.value() / size.sumWeight
  }
}

/** As `finishMetric`, of the user's own metrics too. */
export function finishSpec(spec: MetricSpec, parts: readonly Parts[], size: SetSize): number {
  if (spec.custom == null) return finishMetric(spec.name, parts, size)
  const total = new ExactSum()
  for (const part of parts) total.merge(part.sum!)
  return finishCustomMetric(spec.custom, total, size.sumWeight)
}

/** Whether a larger value is better. */
export function isSpecHigherBetter(
  { name, custom }: Pick<MetricSpec, 'name' | 'custom'>,
): boolean {
  return custom == null ? isHigherBetter(name) : custom.higherIsBetter
}
