import type { Objective } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import type { MetricPart, MetricSpec } from '../execution/protocol.js'
import { ExactSum } from '../numeric/exact-sum.js'
import { areaUnderRoc, mergeRanked, rankScores } from './auc.js'
import {
  absoluteError, binaryError, binaryLogLoss, multiError, multiLogLoss, squaredError, type RowLoss,
} from './losses.js'

/** Metrics where a larger value is better. */
export function isHigherBetter(metric: string): boolean {
  return metric === 'auc'
}

/** Which objectives a metric is defined for. */
const objectivesOf: Readonly<Record<string, readonly Objective['name'][]>> = {
  l1: ['regression'],
  l2: ['regression'],
  rmse: ['regression'],
  auc: ['binary'],
  binary_logloss: ['binary'],
  binary_error: ['binary'],
  multi_logloss: ['multiclass'],
  multi_error: ['multiclass'],
}

/** @throws CoppiceError 'PARAMETER' where a metric makes no sense for the objective */
export function checkMetric(metric: string, objective: Objective['name']): void {
  const legal = objectivesOf[metric]
  if (legal === undefined) {
    throw new CoppiceError('PARAMETER',
      `metric "${metric}" is not built yet; use ${Object.keys(objectivesOf).join(', ')}`)
  }
  if (!legal.includes(objective)) {
    const ours = Object.keys(objectivesOf).filter((m) => objectivesOf[m]!.includes(objective))
    throw new CoppiceError('PARAMETER',
      `metric "${metric}" is for objective ${legal.join(', ')}, not for "${objective}"; ` +
      `use ${ours.join(', ')}`)
  }
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
    return areaUnderRoc(parts.map((part) => part.ranked!).reduce(mergeRanked))
  }
  const total = new ExactSum()
  for (const part of parts) total.merge(part.sum!)
  const mean = total.value() / sumWeight
  return metric === 'rmse' ? Math.sqrt(mean) : mean
}
