import { nextUp } from '../numeric/next-up.js'

/** Consecutive distinct values in ascending order, and the rows of each. */
export interface DistinctValues {
  readonly values: Float64Array
  readonly counts: Uint32Array
}

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
function boundBetween(a: number, b: number): number {
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
function pushBound(bounds: number[], bound: number): boolean {
  if (bounds.length > 0 && isSameValue(bounds[bounds.length - 1]!, bound)) return false
  bounds.push(bound)
  return true
}

/** Few values: a bin for each, neighbours joined until they have `minDataInBin` rows. */
function boundsOfFewValues({ values, counts }: DistinctValues, minDataInBin: number): number[] {
  const bounds: number[] = []
  let count = 0
  for (let i = 0; i + 1 < values.length; i++) {
    count += counts[i]!
    if (count < minDataInBin) continue
    if (pushBound(bounds, boundBetween(values[i]!, values[i + 1]!))) count = 0
  }
  return bounds
}

/**
 * Many values: bins of equal row counts, as far as values with many rows allow. A value with at
 * least the mean count gets a bin of its own and the rest share what bins remain; a bin is closed
 * when it is full, or at half when a big value comes next.
 */
function boundsOfManyValues(
  { values, counts }: DistinctValues,
  maxBin: number,
  total: number,
): number[] {
  const bigCount = total / maxBin
  let restBins = maxBin
  let restRows = total
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! < bigCount) continue
    restBins--
    restRows -= counts[i]!
  }
  let meanCount = restRows / restBins
  const bounds: number[] = []
  let nClosed = 0
  let count = 0
  for (let i = 0; i + 1 < values.length; i++) {
    const isBig = counts[i]! >= bigCount
    if (!isBig) restRows -= counts[i]!
    count += counts[i]!
    // Not Math.max: with no bins or rows left the mean is NaN, which must not win.
    const half = meanCount * 0.5 > 1 ? meanCount * 0.5 : 1
    const isFull = isBig || count >= meanCount || (counts[i + 1]! >= bigCount && count >= half)
    if (!isFull) continue
    pushBound(bounds, boundBetween(values[i]!, values[i + 1]!))
    if (++nClosed >= maxBin - 1) break
    count = 0
    if (!isBig) meanCount = restRows / --restBins
  }
  return bounds
}

/**
 * Upper bounds of at most `maxBin` bins over the given values, the last one Infinity. Follows
 * LightGBM's GreedyFindBin (src/io/bin.cpp) step by step. O(distinct values).
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
