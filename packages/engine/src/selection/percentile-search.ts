import type { SelectedGroup, SelectGroup } from '../execution/protocol.js'
import { ceilPowerOfTwo } from '../numeric/exact-sum.js'
import { bucketRange, LINEAR_BUCKETS_MAX, LOGARITHMIC, RESIDUAL_LIMIT, ROWS } from './buckets.js'

/** So few rows are asked for one by one. */
const ROWS_MAX = 64
/** Rows that should be left in a bucket. */
const ROWS_PER_BUCKET = 16
/** Buckets of a round, as powers of two. */
const BITS_MIN = 5
const BITS_MAX = 12

/** Which percentile is looked for, of which rows. */
export interface PercentileTarget {
  /** As in SelectGroup. */
  readonly node: number
  /** >= 1 */
  readonly nRows: number
  /** In (0, 1). */
  readonly alpha: number
  /** What a weight of 1 is in the weights of answers; 0 where rows count alike. */
  readonly weightScale: number
}

/**
 * Looks for one percentile of integers that others hold, range by range: buckets narrow it down
 * until few rows are left, or all are equal. The result is LightGBM's `PercentileFun` or
 * `WeightedPercentileFun` over all rows, in order of (value, row id).
 */
export class PercentileSearch {
  readonly #target: PercentileTarget
  /** The range that holds the row looked for, its rows, and what is before it. */
  #group: SelectGroup
  #rowsBefore = 0
  #weightBefore = 0
  /** Of all rows; known after the first round. */
  #threshold = 0
  #result: number | null = null

  constructor(target: PercentileTarget) {
    this.#target = target
    const { node, nRows: count } = target
    this.#group = {
      node, low: 1 - RESIDUAL_LIMIT, high: RESIDUAL_LIMIT - 1, width: LOGARITHMIC, count,
    }
  }

  /** What to ask next; null when the percentile is found. */
  get group(): SelectGroup | null {
    return this.#result === null ? this.#group : null
  }

  /** The percentile, in units of the residuals; of the rows between two of them, a fraction. */
  get result(): number | null {
    return this.#result
  }

  /** Takes the answer about `group`. */
  accept(answer: SelectedGroup): void {
    if (this.#group.width === ROWS) {
      this.#result = this.#target.weightScale > 0
        ? this.#weighted(answer) : this.#unweighted(answer)
    } else this.#narrow(answer)
  }

  /**
   * Rank of the lower of the two rows between which the percentile lies, from 0, and its share;
   * null for a share where it is the lowest row of all.
   */
  #rank(): { readonly lower: number, readonly share: number | null } {
    const { nRows, alpha } = this.#target
    const position = (nRows - 1) * (1 - alpha)
    const fromTop = Math.floor(position) + 1
    return fromTop >= nRows ? { lower: 0, share: null }
      : { lower: nRows - 1 - fromTop, share: position - (fromTop - 1) }
  }

  /** Goes on with the bucket that holds the row looked for. */
  #narrow({ place, rows, weight }: SelectedGroup): void {
    const { weightScale, alpha } = this.#target
    const isFirst = this.#group.width === LOGARITHMIC
    if (isFirst) this.#threshold = alpha * weight.reduce((sum, w) => sum + w, 0)
    const { lower } = this.#rank()
    const isBefore = weightScale > 0
      ? (i: number): boolean => this.#weightBefore + weight[i]! <= this.#threshold
      : (i: number): boolean => this.#rowsBefore + rows[i]! <= lower
    let i = 0
    // where nothing weighs more than the threshold, it is the last row
    for (; i < place.length - 1 && isBefore(i); i++) {
      this.#rowsBefore += rows[i]!
      this.#weightBefore += weight[i]!
    }
    const count = rows[i]!
    const range = bucketRange(this.#group, place[i]!)
    const width = count <= ROWS_MAX || range.low === range.high ? ROWS
      : widthOf(range.high - range.low + 1, count, this.#group.count)
    this.#group = { node: this.#group.node, ...range, width, count }
  }

  #unweighted(answer: SelectedGroup): number {
    const { lower, share } = this.#rank()
    const { low, high, count } = this.#group
    const first = answer.place.findIndex((value) => value >= low)
    const end = answer.place.findIndex((value) => value > high)
    // values of the range are listed, or all are equal
    const at = (k: number): number => low === high && k < count ? low
      : answer.place[k < count ? first + k : end + k - count]!
    const v2 = at(lower - this.#rowsBefore)
    if (share === null) return v2
    const v1 = at(lower - this.#rowsBefore + 1)
    return v1 - (v1 - v2) * share
  }

  #weighted({ place, weight }: SelectedGroup): number {
    const { nRows, weightScale } = this.#target
    const { low, high } = this.#group
    const first = place.findIndex((value) => value >= low)
    const last = place.findLastIndex((value) => value <= high)
    let sum = this.#weightBefore
    let i = first
    for (; i <= last; i++) {
      sum += weight[i]!
      if (sum > this.#threshold) break
    }
    // it is behind those that are told of, which are equal; or nothing weighs more
    if (i > last) return place[last]!
    const value = place[i]!
    const position = this.#rowsBefore + i - first
    if (position === 0 || position === nRows - 1) return value
    const next = weight[i + 1]!
    const before = place[i - 1]!
    // LightGBM's line begins at the row before, and goes away from this one
    return next >= weightScale
      ? (this.#threshold - sum) / next * (value - before) + before : value
  }
}

/** A power of two: so many integers that a few rows are left in each bucket. */
function widthOf(nIntegers: number, count: number, countBefore: number): number {
  // where most rows stayed together there are few values: more buckets cost nothing
  const nBuckets = 2 * count > countBefore ? LINEAR_BUCKETS_MAX
    : 1 << Math.max(BITS_MIN, Math.min(BITS_MAX, 32 - Math.clz32(count / ROWS_PER_BUCKET)))
  return ceilPowerOfTwo(Math.max(1, nIntegers / nBuckets))
}
