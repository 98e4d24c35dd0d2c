/** Metrics of times of which bounds are known. */
import { exp, type Objective } from '@coppice/model'
import { ExactSum } from '../numeric/exact-sum.js'
import { aftLoss } from '../objectives/aft.js'

type AftObjective = Extract<Objective, { readonly name: 'aft' }>

/**
 * One engine's weighted sum of a metric of rows: the negative log likelihood, or whether the
 * predicted time is between the bounds.
 *
 * @param labels - the lower bounds, and behind them the upper ones
 */
export function aftPart(
  metric: string, { distribution, scale }: AftObjective, scores: Float64Array,
  labels: Float64Array, weights: Float64Array | null,
): ExactSum {
  const sum = new ExactSum()
  const nRows = scores.length
  const loss = metric === 'aft_nloglik' ? aftLoss(distribution, scale) : isBetween
  for (let row = 0; row < nRows; row++) {
    const value = loss(scores[row]!, labels[row]!, labels[nRows + row]!)
    sum.add(weights === null ? value : value * weights[row]!)
  }
  return sum
}

function isBetween(score: number, lower: number, upper: number): number {
  const time = exp(score)
  return time >= lower && time <= upper ? 1 : 0
}
