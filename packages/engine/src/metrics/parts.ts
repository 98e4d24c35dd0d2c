import type { Objective } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import type { MetricPart, MetricSpec, RankedScores } from '../execution/protocol.js'
import { ExactSum } from '../numeric/exact-sum.js'
import { areaUnderRoc, mergeRanked, rankScores } from './auc.js'
import {
  absoluteError, binaryError, binaryLogLoss, multiError, multiLogLoss, squaredError, type RowLoss,
} from './losses.js'

/** Metrics where a larger value is better. */
export function isHigherBetter(metric: string): boolean {
  return metric === 'auc'
}

/** The metrics of each objective; the first is its own loss. */
const metricNames: Readonly<Record<Objective['name'], readonly [string, ...string[]]>> = {
  regression: ['l2', 'rmse', 'l1'],
  binary: ['binary_logloss', 'auc', 'binary_error'],
  multiclass: ['multi_logloss', 'multi_error'],
}

/** Metrics that are defined for an objective, its own loss first. */
export function metricsOf(objective: Objective['name']): readonly string[] {
  return metricNames[objective]
}

/** @throws CoppiceError 'PARAMETER' where a metric is not defined for the objective */
export function checkMetric(metric: string, objective: Objective['name']): void {
  const legal = metricsOf(objective)
  if (legal.includes(metric)) return
  throw new CoppiceError('PARAMETER',
    `metric "${metric}" is not defined for objective "${objective}"; use ${legal.join(', ')}`)
}

function rowLoss(metric: MetricSpec, objective: Objective): RowLoss {
  const sigmoid = objective.name === 'binary' ? objective.sigmoid : 1
  switch (metric.name) {
    case 'l1': return absoluteError
    case 'binary_logloss': return binaryLogLoss(sigmoid)
    case 'binary_error': return binaryError(sigmoid)
    case 'multi_logloss': return multiLogLoss
    case 'multi_error': return multiError(metric.topK)
    default: return squaredError
  }
}

/** One engine's part of a metric over its rows. */
export function metricPart(
  metric: MetricSpec, objective: Objective, scores: readonly Float64Array[],
  labels: Float64Array, weights: Float64Array | null,
): Pick<MetricPart, 'sum' | 'ranked'> {
  if (metric.name === 'auc') return { sum: null, ranked: rankScores(scores[0]!, labels, weights) }
  const loss = rowLoss(metric, objective)
  const sum = new ExactSum()
  for (let i = 0; i < labels.length; i++) {
    const value = loss(scores, i, labels[i]!)
    sum.add(weights === null ? value : value * weights[i]!)
  }
  return { sum: sum.parts(), ranked: null }
}

/**
 * The metric's value from the parts of all engines.
 *
 * @param sumWeight - sum of the weights of the data set's rows, or their number
 */
export function finishMetric(
  metric: string, parts: readonly Pick<MetricPart, 'sum' | 'ranked'>[], sumWeight: number,
): number {
  if (metric === 'auc') {
    return areaUnderRoc(mergeAll(parts.map((part) => part.ranked!)))
  }
  const total = new ExactSum()
  for (const part of parts) total.merge(part.sum!)
  const mean = total.value() / sumWeight
  return metric === 'rmse' ? Math.sqrt(mean) : mean
}

/** Merges neighbours until one is left: O(n log k) for k parts. */
function mergeAll(parts: RankedScores[]): RankedScores {
  let rest = parts
  while (rest.length > 1) {
    const merged: RankedScores[] = []
    for (let i = 0; i < rest.length; i += 2) {
      const [a, b] = [rest[i]!, rest[i + 1]]
      merged.push(b === undefined ? a : mergeRanked(a, b))
    }
    rest = merged
  }
  return rest[0]!
}
