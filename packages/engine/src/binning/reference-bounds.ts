/** `greedyBounds` value by value, as LightGBM goes, for its tests. */
import { boundBetween, pushBound } from './greedy-bounds.js'

/** Distinct values in ascending order, and the rows of each. */
interface CountedValues {
  readonly values: Float64Array
  readonly counts: Uint32Array
}

/** Few values: a bin for each, neighbours joined until they have `minDataInBin` rows. */
function boundsOfFewValues({ values, counts }: CountedValues, minDataInBin: number): number[] {
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
  { values, counts }: CountedValues,
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

/** As `greedyBounds`. */
export function referenceGreedyBounds(
  distinct: CountedValues,
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
