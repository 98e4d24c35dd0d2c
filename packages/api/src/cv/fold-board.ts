import {
  EarlyStopping, type EarlyStoppingParams, type MetricValue,
} from '@coppice/engine'
import { assert } from '@coppice/model'

/** A metric of one iteration over all folds. */
export interface FoldMetric {
  /** 'valid', or 'training' for the rows that were trained on. */
  readonly dataset: string
  readonly metric: string
  readonly higherIsBetter: boolean
  /** One value per fold. */
  readonly values: readonly number[]
  readonly mean: number
  /** Standard deviation of the values: the root of the mean squared deviation, as LightGBM's. */
  readonly stdv: number
}

/** The metrics of an iteration, 0-based. */
export interface FoldIteration {
  readonly iteration: number
  readonly metrics: readonly FoldMetric[]
}

interface Entry {
  readonly iteration: number
  readonly metrics: readonly MetricValue[]
}

interface FoldLine {
  readonly entries: Entry[]
  /** No iteration follows: its metrics remain what they are. */
  isOver: boolean
  /** Before the first iteration, where there is none. */
  base: readonly MetricValue[]
}

/**
 * Metrics of folds that are trained at their own pace: an iteration counts when all folds have
 * come to it, in the order of iterations, so the decision to stop does not depend on the pace.
 */
export class FoldBoard {
  readonly iterations: FoldIteration[] = []
  readonly #folds: readonly FoldLine[]
  readonly #stopping: EarlyStopping
  #stopAt: number | null = null

  /** @param ignoredDataset - name under which rows that were trained on are evaluated */
  constructor(nFolds: number, stopping: EarlyStoppingParams, ignoredDataset: string | null) {
    this.#folds = Array.from({ length: nFolds }, () => ({ entries: [], isOver: false, base: [] }))
    this.#stopping = new EarlyStopping(stopping, ignoredDataset)
  }

  /** Iterations after which the means say that all folds end; null so far. */
  get stopAt(): number | null {
    return this.#stopAt
  }

  /** Number of iterations that are best by the means; null without early stopping. */
  get bestIteration(): number | null {
    return this.#stopping.bestIteration()
  }

  /** Whether a fold has come to an iteration before: it may be trained once more from the start. */
  hasHeard(fold: number, iteration: number): boolean {
    return (this.#folds[fold]!.entries.at(-1)?.iteration ?? -1) >= iteration
  }

  /** A fold's iteration with its metrics, in order; nothing where it was not evaluated. */
  add(fold: number, iteration: number, metrics: readonly MetricValue[]): void {
    if (metrics.length === 0) return
    const { entries } = this.#folds[fold]!
    assert((entries.at(-1)?.iteration ?? -1) < iteration, 'iterations come in their order')
    entries.push({ iteration, metrics })
    this.#advance()
  }

  /**
   * A fold has no more iterations.
   * @param base - its metrics before the first iteration, where it has none
   */
  end(fold: number, base: readonly MetricValue[] = []): void {
    const line = this.#folds[fold]!
    line.isOver = true
    line.base = base
    this.#advance()
  }

  #advance(): void {
    while (this.#stopAt === null) {
      const next = this.iterations.length
      const entries = this.#folds.map((fold) => fold.entries[next] ??
        (fold.isOver ? { ...fold.entries.at(-1) ?? { metrics: fold.base }, iteration: -1 } : null))
      const known = entries.filter((entry) => entry !== null)
      const iteration = Math.max(...known.map((entry) => entry.iteration))
      if (iteration < 0 || known.length < entries.length) return
      this.#commit(iteration, known.map(({ metrics }) => metrics))
    }
  }

  #commit(iteration: number, folds: readonly (readonly MetricValue[])[]): void {
    const longest = folds.find((metrics) => metrics.length > 0)!
    const metrics = longest.map(({ dataset, metric, higherIsBetter }, i): FoldMetric => {
      const values = folds.map((own) => own[i]!.value)
      return { dataset, metric, higherIsBetter, values, ...spreadOf(values) }
    })
    this.iterations.push({ iteration, metrics })
    const means = metrics.map(({ dataset, metric, higherIsBetter, mean }) =>
      ({ dataset, metric, higherIsBetter, value: mean }))
    if (this.#stopping.update(iteration, means)) this.#stopAt = iteration + 1
  }
}

function spreadOf(values: readonly number[]): { readonly mean: number, readonly stdv: number } {
  const meanOf = (of: readonly number[]): number =>
    of.reduce((sum, value) => sum + value, 0) / of.length
  const mean = meanOf(values)
  return { mean, stdv: Math.sqrt(meanOf(values.map((value) => (value - mean) * (value - mean)))) }
}
