/** Flags that would do nothing as things are. */
import { findParameter, type ResolvedParams } from '@coppice/api'
import { UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'

/** @throws CoppiceError, UsageError for what is given and would do nothing */
export function requireEffect(resolved: ResolvedParams, values: FlagValues): void {
  const {
    metric: named, customMetrics, firstMetricOnly, earlyStoppingRound, isProvideTrainingMetric,
  } = resolved
  if (firstMetricOnly && earlyStoppingRound <= 0) {
    throw new UsageError('first_metric_only does nothing without early stopping; set ' +
      'early_stopping_round, or leave it out')
  }
  const hasValid = values.has('valid') || values.has('validation-fraction')
  const validFlag = values.has('valid') ? '--valid' : '--validation-fraction'
  const metric = [...named, ...(customMetrics === '' ? [] : [customMetrics])]
  if (metric.length === 0 && (hasValid || isProvideTrainingMetric)) {
    throw new UsageError(`${hasValid ? validFlag : 'is_provide_training_metric'} does nothing ` +
      'with metric None; name a metric, or leave one of them out')
  }
  if (values.has('metrics-file') && !hasValid && !isProvideTrainingMetric) {
    throw new UsageError('--metrics-file would stay empty: no metric is computed; give --valid, ' +
      'or is_provide_training_metric')
  }
}

/** Metrics that are named, where no rows are there to compute them of. */
export function metricsInVain(
  raw: Readonly<Record<string, unknown>>, resolved: ResolvedParams, values: FlagValues,
): string[] {
  if (values.has('valid') || values.has('validation-fraction')) return []
  if (resolved.isProvideTrainingMetric) return []
  const named = [...resolved.metric.length > 0 ? ['metric'] : [],
    ...resolved.customMetrics === '' ? [] : ['custom_metrics']]
  return Object.keys(raw).filter((key) => named.includes(findParameter(key)?.name ?? ''))
    .map((key) => `${key} (give --valid)`)
}
