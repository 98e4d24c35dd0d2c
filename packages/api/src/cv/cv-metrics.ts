import type { FoldBoard } from './fold-board.js'

/** Metrics of a cross-validation, by the names that LightGBM's `cv` has for them. */
export interface CvMetrics {
  /**
   * Means and standard deviations over the folds, one number per evaluated iteration:
   * `metrics['valid auc-mean']`, `metrics['valid auc-stdv']`, and `train ...` for the rows that
   * were trained on with `isProvideTrainingMetric`. With early stopping up to the best iteration.
   */
  readonly metrics: Readonly<Record<string, readonly number[]>>
  /** The same by fold: `foldMetrics['valid auc'][fold][i]`. */
  readonly foldMetrics: Readonly<Record<string, readonly (readonly number[])[]>>
  /** 1-based iterations that the numbers are of. */
  readonly iterations: readonly number[]
}

/** What a board has, in columns. */
export function cvMetrics({ iterations: all, bestIteration }: FoldBoard): CvMetrics {
  const iterations = bestIteration === null ? all
    : all.filter(({ iteration }) => iteration < bestIteration)
  const metrics: Record<string, readonly number[]> = {}
  const foldMetrics: Record<string, readonly (readonly number[])[]> = {}
  for (const [i, { dataset, metric, values }] of (iterations[0]?.metrics ?? []).entries()) {
    const name = `${dataset === 'training' ? 'train' : dataset} ${metric}`
    metrics[`${name}-mean`] = iterations.map((row) => row.metrics[i]!.mean)
    metrics[`${name}-stdv`] = iterations.map((row) => row.metrics[i]!.stdv)
    foldMetrics[name] = values.map((_, fold) =>
      iterations.map((row) => row.metrics[i]!.values[fold]!))
  }
  return { metrics, foldMetrics, iterations: iterations.map(({ iteration }) => iteration + 1) }
}
