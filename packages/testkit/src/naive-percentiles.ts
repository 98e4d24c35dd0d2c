import type { BinnedDataset } from '@coppice/engine'
import type { NaiveObjective } from './naive-loss.js'
import { nearestEven, powerAbove } from './naive-numbers.js'
import { naivePercentile } from './naive-selection.js'

/** Percentiles of the residuals of rows, as an objective wants them for leaves and base score. */
export class NaivePercentiles {
  readonly #alpha: number
  readonly #label: Float64Array
  readonly #weights: readonly number[]
  readonly #weightScale: number
  readonly #quantum: number

  private constructor(
    { alpha, isRelative }: NonNullable<NaiveObjective['percentile']>, data: BinnedDataset,
    quantum: number,
  ) {
    this.#alpha = alpha
    this.#quantum = quantum
    this.#label = data.label!
    const weight = data.weight === null ? [...data.label!].map(() => 1) : [...data.weight]
    // whole numbers whose sum over all rows stays below 2^53
    const scale = 4503599627370496 / powerAbove(data.nRows) /
      powerAbove(weight.reduce((max, w) => Math.max(max, w), 0))
    this.#weightScale = isRelative || data.weight !== null ? scale : 0
    this.#weights = weight.map((w, i) => this.#weightScale === 0 ? 1
      : nearestEven((isRelative ? w / Math.max(1, Math.abs(data.label![i]!)) : w) * scale))
  }

  /** @returns null where leaves are no percentiles */
  static of(
    { percentile }: NaiveObjective, data: BinnedDataset, quantum: number,
  ): NaivePercentiles | null {
    return percentile == null ? null : new NaivePercentiles(percentile, data, quantum)
  }

  find(rows: readonly number[], scoreOf: (row: number) => number): number {
    return this.#quantum * naivePercentile(rows.map((row) => ({
      residual: nearestEven((this.#label[row]! - scoreOf(row)) / this.#quantum),
      id: row,
      weight: this.#weights[row]!,
    })), this.#alpha, this.#weightScale)
  }
}
