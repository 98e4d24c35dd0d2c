import type { Model } from '@coppice/model'

/** Metric values by data set and metric, one per evaluated iteration. */
export type EvalResult = Record<string, Record<string, number[]>>

/** The evaluation history as LightGBM shapes it. */
export function evalResultOf({ evaluation }: Pick<Model, 'evaluation'>): EvalResult {
  const result: EvalResult = {}
  for (const { dataset, metric, values } of evaluation) {
    (result[dataset] ??= {})[metric] = [...values]
  }
  return result
}
