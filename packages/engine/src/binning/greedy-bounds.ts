import { nextUp } from '../numeric/next-up.js'
import type { DistinctValues } from './distinct-values.js'

/**
 * The largest bound below the last: one step below the largest double, which as a threshold in a
 * model stands for infinity (FORMAT.md) and could not keep infinite values apart.
 */
const LARGEST_BOUND = Number.MAX_VALUE * (1 - Number.EPSILON / 2)

/**
 * The bound between two neighbouring values: the double above their midpoint, never infinite, so
 * that infinite values can be told from finite ones. Where a + b overflows LightGBM gets an
 * infinite bound instead.
 */
export function boundBetween(a: number, b: number): number {
  const sum = a + b
  const middle = Number.isFinite(sum) ? sum / 2 : a / 2 + b / 2
  return Math.min(nextUp(middle), LARGEST_BOUND)
}

/** LightGBM's CheckDoubleEqualOrdered: b >= a is at most one representable step away. */
export function isSameValue(a: number, b: number): boolean {
  // Far apart, as nearly always: no need for the exact neighbour.
  if (b - a > (Math.abs(a) + Math.abs(b)) * Number.EPSILON + Number.MIN_VALUE) return false
  return b <= nextUp(a)
}

/**
 * Appends a bound unless it equals the last, as LightGBM takes care of although values two steps
 * apart have bounds two steps apart; returns whether it did.
 */
export function pushBound(bounds: number[], bound: number): boolean {
  if (bounds.length > 0 && isSameValue(bounds[bounds.length - 1]!, bound)) return false
  bounds.push(bound)
  return true
}

/** Few values: a bin for each, neighbours joined until they have `minDataInBin` rows. */
function boundsOfFewValues(
  { values, ends, rowsBefore }: DistinctValues, minDataInBin: number,
): number[] {
  const bounds: number[] = []
  let closed = rowsBefore
  for (let i = 0; i + 1 < values.length; i++) {
    if (ends[i]! - closed < minDataInBin) continue
    if (pushBound(bounds, boundBetween(values[i]!, values[i + 1]!))) closed = ends[i]!
  }
  return bounds
}

/** Values with at least so many rows, which there are not many of. */
function placesOfBig({ ends, rowsBefore, mostRows }: DistinctValues, bigCount: number): number[] {
  const places: number[] = []
  if (mostRows < bigCount) return places
  for (let i = 0, before = rowsBefore; i < ends.length; before = ends[i++]!) {
    if (ends[i]! - before >= bigCount) places.push(i)
  }
  return places
}

/**
 * The first value from `first` on with which a bin is full that has no rows up to `closed`; the
 * number of values where there is none, as where `meanCount` is NaN.
 */
function firstFull(ends: Int32Array, first: number, closed: number, meanCount: number): number {
  let low = first
  let step = 1
  // most bins end near where they would if values had a row each
  while (low + step < ends.length && !(ends[low + step]! - closed >= meanCount)) {
    low += step
    step *= 2
  }
  let high = Math.min(ends.length, low + step)
  if (low < ends.length && ends[low]! - closed >= meanCount) high = low
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ends[middle]! - closed >= meanCount) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * Many values: bins of equal row counts, as far as values with many rows allow. A value with at
 * least the mean count gets a bin of its own and the rest share what bins remain; a bin is closed
 * when it is full, or at half when a big value comes next. O(bins log(distinct values)), but where
 * some value is big.
 */
function boundsOfManyValues(distinct: DistinctValues, maxBin: number, total: number): number[] {
  const { values, ends, rowsBefore } = distinct
  const n = values.length
  const rowsOf = (place: number): number => ends[place]! - (ends[place - 1] ?? rowsBefore)
  const bigs = placesOfBig(distinct, total / maxBin)
  let restBins = maxBin - bigs.length
  /** Rows of values that are not big, from the first one on. */
  const smallRows = bigs.reduce((rest, place) => rest - rowsOf(place), total)
  let meanCount = smallRows / restBins
  const bounds: number[] = []
  let nClosed = 0
  /** Rows up to the last bound; of those, rows of big values. */
  let closed = rowsBefore
  let closedBig = 0
  for (let first = 0, nextBig = 0; first + 1 < n; nClosed++) {
    const big = bigs[nextBig] ?? n
    let last = Math.min(firstFull(ends, first, closed, meanCount), big)
    // Not Math.max: with no bins or rows left the mean is NaN, which must not win.
    const half = meanCount * 0.5 > 1 ? meanCount * 0.5 : 1
    if (big < n && first < big && big <= last && ends[big - 1]! - closed >= half) last = big - 1
    if (last + 1 >= n) break
    pushBound(bounds, boundBetween(values[last]!, values[last + 1]!))
    if (nClosed + 1 >= maxBin - 1) break
    if (last === big) {
      closedBig += rowsOf(big)
      nextBig++
    }
    closed = ends[last]!
    if (last !== big) meanCount = (smallRows - (closed - rowsBefore - closedBig)) / --restBins
    first = last + 1
  }
  return bounds
}

/**
 * Upper bounds of at most `maxBin` bins over the given values, the last one Infinity. Follows
 * LightGBM's GreedyFindBin (src/io/bin.cpp), bin by bin where that goes
 * value by value (`reference-bounds.ts` does).
 *
 * @param distinct - at least one value
 * @param total - sum of the counts
 */
export function greedyBounds(
  distinct: DistinctValues,
  maxBin: number,
  total: number,
  minDataInBin: number,
): number[] {
  if (distinct.values.length <= maxBin) {
    return [...boundsOfFewValues(distinct, minDataInBin), Infinity]
  }
  const affordable = Math.max(1, Math.min(maxBin, Math.floor(total / minDataInBin)))
  return [...boundsOfManyValues(distinct, affordable, total), Infinity]
}
