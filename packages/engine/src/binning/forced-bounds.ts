import {
  countBelow, type DistinctValues, partOfValues, rowsOfValues,
} from './distinct-values.js'
import { greedyBounds } from './greedy-bounds.js'
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
  const { values } = distinct
  const total = rowsOfValues(distinct)
  const bounds = [...boundsOfZero(values, maxBin), Infinity]
  const room = maxBin - bounds.length
  bounds.push(...forced.filter((bound) => Math.abs(bound) > zeroThreshold).slice(0, room))
  bounds.sort((a, b) => a - b)
  const free = maxBin - bounds.length
  const between: number[] = []
  let next = 0
  for (const [i, bound] of bounds.entries()) {
    const first = next
    next = countBelow(values, bound)
    const own = partOfValues(distinct, first, next)
    const nRows = rowsOfValues(own)
    const left = free - between.length
    // lround: halves go up, shares are not negative
    const share = Math.floor(nRows * free / total + 0.5)
    const nBins = (i === bounds.length - 1 ? left : Math.min(share, left)) + 1
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
