import { greedyBounds, type DistinctValues } from './greedy-bounds.js'
import { zeroThreshold } from './value-sample.js'

/**
 * Bounds of at most `maxBin` bins among which are those that are asked for, as far as there is
 * room; the others cut what lies between them, by its rows (LightGBM's FindBinWithPredefinedBin,
 * src/io/bin.cpp). Zero has a bin of its own where more than two bins are allowed.
 *
 * @param distinct - all values in ascending order, zero too where rows have it
 * @param forced - ascending, without repeats
 * @returns ascending, the last Infinity
 */
export function forcedBounds(
  distinct: DistinctValues, maxBin: number, minDataInBin: number, forced: readonly number[],
): number[] {
  const { values, counts } = distinct
  const total = counts.reduce((sum, count) => sum + count, 0)
  const bounds = [...boundsOfZero(values, maxBin), Infinity]
  const room = maxBin - bounds.length
  bounds.push(...forced.filter((bound) => Math.abs(bound) > zeroThreshold).slice(0, room))
  bounds.sort((a, b) => a - b)
  const free = maxBin - bounds.length
  const between: number[] = []
  let next = 0
  for (const [i, bound] of bounds.entries()) {
    const first = next
    let nRows = 0
    for (; next < values.length && values[next]! < bound; next++) nRows += counts[next]!
    const left = free - between.length
    // lround: halves go up, shares are not negative
    const share = Math.floor(nRows * free / total + 0.5)
    const nBins = (i === bounds.length - 1 ? left : Math.min(share, left)) + 1
    const own = { values: values.subarray(first, next), counts: counts.subarray(first, next) }
    if (next > first) between.push(...greedyBounds(own, nBins, nRows, minDataInBin).slice(0, -1))
  }
  return [...bounds, ...between].sort((a, b) => a - b)
}

/** Around zero, where there is something on that side. */
function boundsOfZero(values: Float64Array, maxBin: number): number[] {
  const hasNegative = values.length > 0 && values[0]! <= -zeroThreshold
  const hasPositive = values.length > 0 && values.at(-1)! > zeroThreshold
  if (maxBin <= 2) return maxBin === 2 ? [hasNegative ? -zeroThreshold : zeroThreshold] : []
  return [...hasNegative ? [-zeroThreshold] : [], ...hasPositive ? [zeroThreshold] : []]
}
