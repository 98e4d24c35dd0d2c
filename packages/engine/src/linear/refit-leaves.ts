/** Linear leaves whose functions follow new rows: LightGBM's CalculateLinear with is_refit. */
import type { LinearLeaves } from '@coppice/model'
import { RAW_MAX } from '../execution/raw-values.js'
import type { Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import { powerOfTwo } from '../numeric/exact-sum.js'
import { gatheredWidth, ROUNDING, ROWS_AT_ONCE } from './gathered-rows.js'
import { extentExponent, momentUnits } from './linear-plan.js'
import { leafLength, takeMoments } from './moments.js'
import { type LeafSolution, solveLeaf } from './solve-leaf.js'

/** Values of the features that leaves are functions of, one per row; NaN is missing. */
export type RawColumns = ReadonlyMap<number, Float64Array>

/** How leaves follow. */
export interface LeafDecay {
  readonly lambda: number
  /** Share of the old function, from 0 to 1. */
  readonly decayRate: number
  /** What new functions are multiplied with. */
  readonly factor: number
}

/** Gradients of the rows: pairs (gradient i32, hessian i32) at `offset`, times their scales. */
export interface RowGradients {
  readonly offset: number
  readonly scales: { readonly gradient: number, readonly hessian: number }
}

/** Fits the linear leaves of trees to the rows that are in them, by exact sums in any order. */
export class LeafRefitter {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #nRows: number
  readonly #columns: RawColumns
  readonly #exponents: ReadonlyMap<number, number>
  readonly #gathered: number
  readonly #sums: number

  /** @param maxFeatures - of any leaf */
  constructor(
    arena: Arena, kernels: Kernels, nRows: number, columns: RawColumns, maxFeatures: number,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#nRows = nRows
    this.#columns = columns
    this.#exponents = new Map(Array.from(columns, ([f, values]) =>
      [f, extentExponent(extentOf(values))]))
    const width = gatheredWidth(maxFeatures)
    this.#gathered = arena.reserve(ROWS_AT_ONCE * (width + 2) * 8)
    this.#sums = arena.reserve(2 * (maxFeatures + 2) * width * 8)
  }

  /**
   * The new functions: each number is decayRate x old + (1 - decayRate) x factor x that of a new
   * fit with the leaf's own features. Where rows determine none, fewer than unknowns, the new one
   * is the leaf's constant output.
   *
   * @param leaves - the leaf of each row
   * @param outputs - constant output of each leaf, without factor
   */
  refit(
    linear: LinearLeaves, leaves: Int32Array, outputs: Float64Array, gradients: RowGradients,
    decay: LeafDecay,
  ): LinearLeaves {
    const { decayRate, factor } = decay
    const rows = rowsByLeaf(leaves, outputs.length)
    const share = (1 - decayRate) * factor
    const fits = linear.features.map((features, leaf) =>
      this.#fit(features, rows[leaf]!, gradients, decay.lambda))
    return {
      constant: linear.constant.map((old, leaf) =>
        decayRate * old + share * (fits[leaf]?.constant ?? outputs[leaf]!)),
      features: linear.features,
      coefficients: linear.coefficients.map((own, leaf) => own.map((old, i) =>
        decayRate * old + share * (fits[leaf]?.coefficients[i] ?? 0))),
    }
  }

  #fit(
    features: readonly number[], rows: Int32Array, { offset, scales }: RowGradients,
    lambda: number,
  ): LeafSolution | null {
    const k = features.length
    const width = gatheredWidth(k)
    const units = momentUnits(this.#nRows)
    const high = ROUNDING * powerOfTwo(units.coarse)
    const low = ROUNDING * powerOfTwo(units.fine)
    const nCells = 2 * (k + 2) * width
    this.#arena.bytes(this.#sums, nCells * 8).fill(0)
    let nFitted = 0
    for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
      const n = this.#gather(features, rows.subarray(first, first + ROWS_AT_ONCE), offset)
      nFitted += n
      this.#kernels.linearMoments(this.#sums, this.#gathered, n, k, high, low)
    }
    const part = new BigInt64Array(leafLength(k))
    part[0] = BigInt(rows.length)
    part[1] = BigInt(nFitted)
    takeMoments(new BigInt64Array(this.#arena.memory.buffer, this.#sums, nCells), k, part, 0)
    return solveLeaf(part, 0, {
      ...units, exponents: features.map((f) => this.#exponents.get(f)!),
      gradientScale: scales.gradient, hessianScale: scales.hessian, lambda,
    })
  }

  /** Gathers rows, without those that lack a value. */
  #gather(features: readonly number[], rows: Int32Array, gradients: number): number {
    const k = features.length
    const width = gatheredWidth(k)
    const pairs = this.#arena.ints(gradients, 2 * this.#nRows)
    const out = this.#arena.doubles(this.#gathered, ROWS_AT_ONCE * (width + 2))
    const columns = features.map((f) => this.#columns.get(f)!)
    const scales = features.map((f) => powerOfTwo(-this.#exponents.get(f)!))
    let at = 0
    for (const row of rows) {
      let j = 0
      for (; j < k; j++) {
        const value = columns[j]![row]!
        // NaN fails too
        if (!(Math.abs(value) <= RAW_MAX)) break
        out[at + 2 + j] = value * scales[j]!
      }
      if (j < k) continue
      out[at] = pairs[2 * row]!
      out[at + 1] = pairs[2 * row + 1]!
      out[at + 2 + k] = 1
      if (width > k + 1) out[at + 3 + k] = 0
      at += width + 2
    }
    return at / (width + 2)
  }
}

/**
 * What a linear leaf adds to the score of a row, as the format defines it.
 *
 * @param fallback - where a value is missing and, if `isFinite`, where the sum is not finite
 */
export function linearOutput(
  { constant, features, coefficients }: LinearLeaves, leaf: number, columns: RawColumns,
  row: number, fallback: number, isFinite: boolean,
): number {
  let sum = constant[leaf]!
  for (const [i, f] of features[leaf]!.entries()) {
    const value = columns.get(f)![row]!
    if (Number.isNaN(value)) return fallback
    sum += coefficients[leaf]![i]! * value
  }
  return isFinite && !Number.isFinite(sum) ? fallback : sum
}

/** The rows of each leaf, ascending. */
function rowsByLeaf(leaves: Int32Array, nLeaves: number): Int32Array[] {
  const starts = new Int32Array(nLeaves + 1)
  for (const leaf of leaves) starts[leaf + 1]!++
  for (let leaf = 0; leaf < nLeaves; leaf++) starts[leaf + 1]! += starts[leaf]!
  const rows = new Int32Array(leaves.length)
  const next = starts.slice(0, nLeaves)
  leaves.forEach((leaf, row) => { rows[next[leaf]!++] = row })
  return Array.from({ length: nLeaves }, (_, leaf) =>
    rows.subarray(starts[leaf]!, starts[leaf + 1]!))
}

function extentOf(values: Float64Array): number {
  let extent = 0
  for (const value of values) {
    const magnitude = Math.abs(value)
    if (magnitude > extent && magnitude <= RAW_MAX) extent = magnitude
  }
  return extent
}
