import { assert } from '../errors.js'
import { largest, putPairs } from '../objectives/formula-kernel.js'
import type { GradientInputs, ObjectiveKernel } from '../objectives/objective.js'
import { placesOf } from './event-times.js'
import {
  hazardOf, type HazardRange, hazardSums, orderByEvent, type RowsOfEvents,
} from './hazard-sums.js'
import { scoreKey, type RiskTables } from './risk-tables.js'

/**
 * Cox regression over the rows of a thread: the partial likelihood with Breslow's treatment of
 * ties. With h = e^score, of a row that was there for the events up to k (and d events in it, 0 or
 * 1), the gradient is h x rates[k] - d and the hessian h x rates[k] - h^2 x squares[k], times its
 * weight, as in XGBoost's `survival:cox`.
 */
export class CoxKernel implements ObjectiveKernel {
  readonly #in: GradientInputs
  /** Of each row its last event, or -1. */
  readonly #places: Int32Array
  readonly #isEvent: Uint8Array
  readonly #rows: RowsOfEvents
  /** Gradients and hessians of the scores as they are, from a maximum until they are written. */
  #derivatives: readonly [Float64Array, Float64Array] | null = null

  /** @param times - of all events of the training, ascending */
  constructor(times: Float64Array, inputs: GradientInputs) {
    this.#in = inputs
    const labels = this.#plane(inputs.labels)
    this.#places = placesOf(labels, times)
    this.#isEvent = Uint8Array.from(labels, (label) => label > 0 ? 1 : 0)
    this.#rows = orderByEvent(this.#places, times.length)
  }

  #plane(offset: number): Float64Array {
    return new Float64Array(this.#in.memory.buffer, offset, this.#in.nRows)
  }

  /** The largest `scoreKey` of the rows; 0 without rows. */
  maxScoreKey(): number {
    let max = -Infinity
    for (const score of this.#plane(this.#in.scores)) max = Math.max(max, score)
    return this.#in.nRows === 0 ? 0 : scoreKey(max)
  }

  /** Sums of the hazards of the rows of some events, see `hazardSums`. */
  hazards(range: HazardRange): Float64Array {
    return hazardSums(this.#plane(this.#in.scores), this.#rows, range)
  }

  maxGradient(_draw?: number, _biases?: readonly number[], risks?: RiskTables): number {
    this.#derivatives = this.#compute(risks)
    return largest(this.#derivatives[0])
  }

  gradients(
    gradientScale: number, hessianScale: number, _draw?: number, _biases?: readonly number[],
    risks?: RiskTables,
  ): void {
    const [gradients, hessians] = this.#derivatives ?? this.#compute(risks)
    this.#derivatives = null
    putPairs(this.#in, gradients, hessians, { gradientScale, hessianScale })
  }

  onScores(): void {
    this.#derivatives = null
  }

  #compute(risks: RiskTables | undefined): readonly [Float64Array, Float64Array] {
    assert(risks !== undefined, 'the risk sets of the events are known')
    const { nRows, weights } = this.#in
    const { origin, rates, squares } = risks
    const scores = this.#plane(this.#in.scores)
    const weight = weights === 0 ? null : this.#plane(weights)
    const gradients = new Float64Array(nRows)
    const hessians = new Float64Array(nRows)
    for (let i = 0; i < nRows; i++) {
      const place = this.#places[i]!
      // it was there for no event, and nothing is known of it
      if (place < 0) continue
      const hazard = hazardOf(scores[i]!, origin)
      const rate = hazard * rates[place]!
      const w = weight === null ? 1 : weight[i]!
      gradients[i] = (rate - this.#isEvent[i]!) * w
      hessians[i] = Math.max(0, rate - hazard * hazard * squares[place]!) * w
    }
    return [gradients, hessians]
  }
}
