import type { MetricValue } from './types.js'

/** When to stop because nothing gets better. */
export interface EarlyStoppingParams {
  /** Iterations without improvement; 0: never stop. */
  readonly rounds: number
  /** An improvement must be larger than this. */
  readonly minDelta: number
  readonly firstMetricOnly: boolean
}

interface Best {
  value: number
  iteration: number
}

/**
 * Early stopping as LightGBM's callback: each pair of evaluation set and metric has its own best;
 * any pair without improvement for `rounds` iterations stops the training at its best iteration.
 * The training set does not count, and with `firstMetricOnly` only the first metric does.
 */
export class EarlyStopping {
  readonly #params: EarlyStoppingParams
  readonly #ignoredDataset: string | null
  readonly #best = new Map<string, Best>()
  #firstMetric: string | null = null

  /** @param ignoredDataset - name under which the training set is evaluated, or null */
  constructor(params: EarlyStoppingParams, ignoredDataset: string | null) {
    this.#params = params
    this.#ignoredDataset = ignoredDataset
  }

  /**
   * Takes the metrics of an iteration (0-based).
   * @returns whether to stop
   */
  update(iteration: number, metrics: readonly MetricValue[]): boolean {
    if (this.#params.rounds <= 0) return false
    let isOver = false
    for (const metric of metrics) {
      if (metric.dataset === this.#ignoredDataset) continue
      this.#firstMetric ??= metric.metric
      if (this.#params.firstMetricOnly && metric.metric !== this.#firstMetric) continue
      if (this.#updatePair(iteration, metric)) isOver = true
    }
    return isOver
  }

  #stoppedBy: Best | null = null

  #updatePair(iteration: number, metric: MetricValue): boolean {
    const key = JSON.stringify([metric.dataset, metric.metric])
    const best = this.#best.get(key)
    const sign = metric.higherIsBetter ? 1 : -1
    if (best === undefined || sign * (metric.value - best.value) > this.#params.minDelta) {
      this.#best.set(key, { value: metric.value, iteration })
      return false
    }
    if (iteration - best.iteration < this.#params.rounds) return false
    this.#stoppedBy ??= best
    return true
  }

  /**
   * Number of iterations that predict best: of the pair that stopped the training, else of the
   * first pair; null when nothing was watched.
   */
  bestIteration(): number | null {
    const best = this.#stoppedBy ?? this.#best.values().next().value
    return best === undefined ? null : best.iteration + 1
  }
}
