import { CoppiceError } from '../errors.js'
import type { MetricValue } from './types.js'

/**
 * Refuses values that are no numbers: a model's history cannot hold them, so that it could not be
 * written when all is done, and early stopping cannot compare them.
 *
 * @param nIterations - of the model that the values are of
 * @throws CoppiceError 'DATA'
 */
export function requireFiniteMetrics(metrics: readonly MetricValue[], nIterations: number): void {
  const bad = metrics.find(({ value }) => !Number.isFinite(value))
  if (bad === undefined) return
  const { dataset, metric, value } = bad
  throw new CoppiceError('DATA',
    `metric "${metric}" of data set "${dataset}" is ${value} after ${nIterations} ` +
    `iteration${nIterations === 1 ? '' : 's'}; it must be a finite number: leave the metric out, ` +
    'or, if raw scores become too large for it, use a smaller learning_rate or other init scores')
}
