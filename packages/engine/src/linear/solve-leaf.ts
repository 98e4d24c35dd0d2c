import { powerOfTwo, scaledBigInt } from '../numeric/exact-sum.js'
import { LEAF_HEAD, nMoments, type MomentsPart } from './moments.js'

/** What a leaf's normal equations are in units of. */
export interface LeafUnits {
  /** Sums are whole multiples of 2^fine; those in coarse units 2^(coarse - fine) times as many. */
  readonly coarse: number
  readonly fine: number
  /** Of the leaf's features: values were multiplied by 2^-exponent. */
  readonly exponents: readonly number[]
  /** Powers of two by which gradients and hessians were multiplied. */
  readonly gradientScale: number
  readonly hessianScale: number
  /** Of the coefficients' squares, of values as they come. */
  readonly lambda: number
}

/** The function of a leaf: constant + coefficients x values. */
export interface LeafSolution {
  readonly constant: number
  /** One per feature; 0 where it tells nothing that the others do not. */
  readonly coefficients: readonly number[]
}

/** A feature whose values' variance is below 2^-46 of their mean square does not vary. */
const VARIANCE_BITS = 46n
/** So much of a feature's variance must not follow from that of the others. */
const INDEPENDENT = powerOfTwo(-40)

/**
 * Solves (X'HX + lambda I) b = -X'g with X the values and a 1 behind them, and 0 instead of lambda
 * for the 1 (Shi et al., "Gradient boosting with piece-wise linear regression trees", 2019,
 * equation 3).
 *
 * The 1 is eliminated first, by whole numbers: what is left is the exact covariance of the values,
 * however far from 0 they lie. Features that do not vary in the leaf, and those that follow from
 * others, get the coefficient 0. Double precision from there on, in a fixed order.
 *
 * @param part - of which the leaf's numbers begin at `start`
 * @param units - of k features
 * @returns null where the rows do not determine a function: fewer than k + 1, or of no weight
 */
export function solveLeaf(
  part: MomentsPart, start: number, units: LeafUnits,
): LeafSolution | null {
  const { exponents, gradientScale, hessianScale } = units
  const k = exponents.length
  if (part[start + 1]! < BigInt(k + 1)) return null
  const sums = wholeSums(part, start + LEAF_HEAD, k, units)
  const weight = sums.products(k, k)
  if (weight <= 0n) return null
  const { matrix, right, kept } = covariances(sums, k, units)
  const solved = solvePositive(matrix, right, kept.length)
  // whole numbers of gradients to those of hessians
  const ratio = hessianScale / gradientScale
  const coefficients = new Array<number>(k).fill(0)
  const total = scaledBigInt(weight, units.fine)
  let constant = -scaledBigInt(sums.gradients(k), units.fine)
  kept.forEach((f, i) => {
    coefficients[f] = solved[i]! * ratio * powerOfTwo(-exponents[f]!)
    constant -= solved[i]! * scaledBigInt(sums.products(f, k), units.fine)
  })
  const solution = { constant: constant / total * ratio, coefficients }
  return [solution.constant, ...coefficients].every(Number.isFinite) ? solution : null
}

/** A leaf's sums, in units of 2^fine. */
interface WholeSums {
  /** For m <= j. */
  readonly products: (m: number, j: number) => bigint
  readonly gradients: (j: number) => bigint
}

function wholeSums(
  part: MomentsPart, start: number, k: number, { coarse, fine }: LeafUnits,
): WholeSums {
  const length = nMoments(k)
  const shift = BigInt(coarse - fine)
  const at = (i: number): bigint => (part[start + i]! << shift) + part[start + length + i]!
  return {
    products: (m, j) => at(m * (k + 1) - m * (m - 1) / 2 + j - m),
    gradients: (j) => at((k + 1) * (k + 2) / 2 + j),
  }
}

/** The equations that are left for the features that vary, row-major. */
function covariances(
  { products, gradients }: WholeSums, k: number, units: LeafUnits,
): { matrix: Float64Array, right: Float64Array, kept: number[] } {
  const { fine, exponents, lambda, hessianScale } = units
  const weight = products(k, k)
  const total = scaledBigInt(weight, fine)
  const centred = (sum: bigint, a: bigint, b: bigint): bigint => sum * weight - a * b
  const kept: number[] = []
  for (let f = 0; f < k; f++) {
    const square = products(f, f)
    const variance = centred(square, products(f, k), products(f, k))
    if (variance > (square * weight) >> VARIANCE_BITS) kept.push(f)
  }
  const n = kept.length
  const matrix = new Float64Array(n * n)
  const right = new Float64Array(n)
  kept.forEach((f, i) => {
    const mean = products(f, k)
    right[i] = -scaledBigInt(centred(gradients(f), mean, gradients(k)), 2 * fine) / total
    for (let j = i; j < n; j++) {
      const sum = centred(products(f, kept[j]!), mean, products(kept[j]!, k))
      const value = scaledBigInt(sum, 2 * fine) / total
      matrix[i * n + j] = value
      matrix[j * n + i] = value
    }
    matrix[i * n + i]! += lambda * hessianScale * powerOfTwo(-2 * exponents[f]!)
  })
  return { matrix, right, kept }
}

/**
 * Solves a symmetric system without negative eigenvalues by LDL', the unknown that depends least on
 * those before it next, the first of equals. Unknowns that follow from others are 0.
 *
 * @param matrix - n x n; overwritten
 * @param right - overwritten
 */
export function solvePositive(
  matrix: Float64Array, right: Float64Array, n: number,
): Float64Array {
  const own = Float64Array.from({ length: n }, (_, i) => matrix[i * n + i]!)
  const left = new Set(own.keys())
  const order: number[] = []
  for (;;) {
    let pivot = -1
    let most = INDEPENDENT
    for (const i of left) {
      const share = matrix[i * n + i]! / own[i]!
      if (share > most) [pivot, most] = [i, share]
    }
    if (pivot < 0) break
    left.delete(pivot)
    order.push(pivot)
    const diagonal = matrix[pivot * n + pivot]!
    for (const i of left) {
      const factor = matrix[i * n + pivot]! / diagonal
      if (factor === 0) continue
      for (const j of left) matrix[i * n + j]! -= factor * matrix[pivot * n + j]!
      right[i]! -= factor * right[pivot]!
    }
  }
  const solved = new Float64Array(n)
  for (let s = order.length - 1; s >= 0; s--) {
    const i = order[s]!
    let sum = right[i]!
    for (let later = s + 1; later < order.length; later++) {
      sum -= matrix[i * n + order[later]!]! * solved[order[later]!]!
    }
    solved[i] = sum / matrix[i * n + i]!
  }
  return solved
}
