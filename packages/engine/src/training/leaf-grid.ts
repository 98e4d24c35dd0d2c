import { ceilPowerOfTwo, powerOfTwo } from '../numeric/exact-sum.js'
import { roundTiesToEven } from '../numeric/rounding.js'

/** The grid is this many binary places below the scale of the scores. */
const PLACES = 40
/** No leaf is larger than this many scales. */
const LEAF_LIMIT = 1024

/**
 * The binary grid of base scores and leaf values (contract rule 6): all are multiples of one
 * quantum, and their magnitudes add up to less than 2^53 quanta, so that every sum of them, in
 * any order, is exact in f64. A row's score is then a function of the model alone.
 *
 * The quantum is scale * 2^-40. The bound is kept, not hoped for: the grid counts the largest
 * magnitude of each iteration's trees (a score gets one of them) against a budget of 2^12 scales,
 * and a leaf is clamped to 1024 scales or to half of what is left, so that the budget lasts. With
 * log-odds (scale 8) the clamp is at 8192, with squared error at 1024 times the largest label: no
 * training that converges comes near.
 */
export class LeafGrid {
  /** All values are multiples of it. */
  readonly quantum: number
  readonly #limit: number
  #budget: number

  /**
   * @param scale - magnitude of the scores: the largest |label|, or a bound on log-odds; the
   *   power of two above it is used; finite, >= 0
   */
  constructor(scale: number) {
    // labels below 2^-900 are not told from 0
    const power = ceilPowerOfTwo(Math.max(scale, powerOfTwo(-900)))
    this.quantum = power * powerOfTwo(-PLACES)
    this.#limit = power * LEAF_LIMIT
    this.#budget = power * powerOfTwo(52 - PLACES)
  }

  /** Most magnitude of a leaf now. */
  get limit(): number {
    return Math.min(this.#limit, this.#budget / 2)
  }

  /** The multiple of the quantum nearest to the value, clamped to the bound. */
  round(value: number, limit = this.limit): number {
    const clamped = Math.max(-limit, Math.min(limit, value))
    // + 0: a rounded -0 is 0
    return roundTiesToEven(clamped / this.quantum) * this.quantum + 0
  }

  /** Counts an iteration (or the base scores) of this largest magnitude against the budget. */
  spend(magnitude: number): void {
    this.#budget -= magnitude
  }
}

/** The grids of all scores of a row: one that they share, or one for each. */
export class LeafGrids {
  readonly #grids: readonly LeafGrid[]

  /** @param scales - one for all scores, or one of each: see LeafGrid */
  constructor(scales: number | readonly number[]) {
    this.#grids = (typeof scales === 'number' ? [scales] : scales).map((scale) =>
      new LeafGrid(scale))
  }

  of(output: number): LeafGrid {
    return this.#grids[this.#grids.length === 1 ? 0 : output]!
  }

  /** Most magnitude of a leaf now: of all scores, or of each. */
  get limits(): readonly number[] {
    return this.#grids.map(({ limit }) => limit)
  }

  /** The quantum of each, where they are not of one grid. */
  get quanta(): readonly number[] | null {
    return this.#grids.length === 1 ? null : this.#grids.map(({ quantum }) => quantum)
  }

  /** Counts an iteration (or the base scores): the largest magnitude of what each score gets. */
  spend(magnitudes: readonly number[]): void {
    if (this.#grids.length === 1) this.#grids[0]!.spend(Math.max(0, ...magnitudes))
    else magnitudes.forEach((magnitude, output) => { this.#grids[output]!.spend(magnitude) })
  }
}
