import { assert, type MissingType } from '@coppice/model'
import type { BinMapper, NumericBinMapper } from '../dataset.js'
import {
  countBelow, type DistinctValues, distinctValues, rowsOfValues, rowsUpTo,
} from './distinct-values.js'
import { forcedBounds } from './forced-bounds.js'
import { requireMaxBin } from './max-bin.js'
import { greedyBounds, isSameValue } from './greedy-bounds.js'
import type { SampledValues } from './sampled-values.js'
import { zeroThreshold } from './value-sample.js'

/** How the bins of a numeric feature are cut; the parameters of the same names. */
export interface NumericBinOptions {
  /** Most bins, the one for NaN included: 2 .. 65,535. */
  readonly maxBin: number
  /** Fewest sampled rows of a bin, >= 1. */
  readonly minDataInBin: number
  readonly useMissing: boolean
  readonly zeroAsMissing: boolean
  /** Bounds that there have to be, ascending; none where absent. */
  readonly forcedBounds?: readonly number[]
}

/** Bins, and how many sampled rows each of them holds. */
export interface FoundBins<M extends BinMapper = BinMapper> {
  readonly mapper: M
  /** mapper.nBins row counts. */
  readonly counts: readonly number[]
}

/** Values that are at most one representable step from their neighbour become the larger. */
function joinNeighbours(values: Float64Array, counts: Uint32Array): DistinctValues {
  // There are none, nearly always.
  if (!hasNeighbours(values)) return distinctValues(values, counts)
  const kept = new Float64Array(values.length)
  const sums = new Uint32Array(values.length)
  let n = -1
  for (let i = 0; i < values.length; i++) {
    if (i === 0 || !isSameValue(values[i - 1]!, values[i]!)) n++
    kept[n] = values[i]!
    sums[n]! += counts[i]!
  }
  return distinctValues(kept.subarray(0, n + 1), sums.subarray(0, n + 1))
}

function hasNeighbours(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (isSameValue(values[i - 1]!, values[i]!)) return true
  return false
}

/**
 * Bounds where zero has a bin of its own between the negative and the positive values, which share
 * the other bins by their row counts (LightGBM's FindBinWithZeroAsOneBin).
 */
function boundsAroundZero(
  negative: DistinctValues,
  positive: DistinctValues,
  maxBin: number,
  minDataInBin: number,
): number[] {
  const nNegative = rowsOfValues(negative)
  const nPositive = rowsOfValues(positive)
  const bounds: number[] = []
  if (nNegative > 0 && maxBin > 1) {
    const share = Math.trunc((nNegative / (nNegative + nPositive)) * (maxBin - 1))
    bounds.push(...greedyBounds(negative, Math.max(1, share), nNegative, minDataInBin))
    bounds[bounds.length - 1] = -zeroThreshold
  }
  const binsForPositive = maxBin - 1 - bounds.length
  if (nPositive > 0 && binsForPositive > 0) {
    bounds.push(zeroThreshold)
    bounds.push(...greedyBounds(positive, binsForPositive, nPositive, minDataInBin))
  } else {
    bounds.push(Infinity)
  }
  return bounds
}

/** All values, with zero where rows have it. */
function joined(
  negative: DistinctValues, nZeros: number, positive: DistinctValues,
): DistinctValues {
  const zero = Number(nZeros > 0)
  const n = negative.values.length
  const values = new Float64Array(n + zero + positive.values.length)
  const ends = new Int32Array(values.length)
  values.set(negative.values)
  ends.set(negative.ends)
  const rowsBefore = rowsOfValues(negative) + nZeros
  if (nZeros > 0) ends[n] = rowsBefore
  values.set(positive.values, n + zero)
  for (const [i, end] of positive.ends.entries()) ends[n + zero + i] = rowsBefore + end
  const mostRows = Math.max(negative.mostRows, nZeros, positive.mostRows)
  return { values, ends, rowsBefore: 0, mostRows }
}

/** Rows of each bin; zeros are neither of the negative values nor of the positive ones. */
function countByBin(
  bounds: Float64Array, negative: DistinctValues, nZeros: number, positive: DistinctValues,
): number[] {
  let before = 0
  return Array.from(bounds, (bound) => {
    const rows = rowsUpTo(negative, bound) + (bound >= 0 ? nZeros : 0) + rowsUpTo(positive, bound)
    const count = rows - before
    before = rows
    return count
  })
}

/**
 * Bins of a numeric feature, exactly as LightGBM 4.6 finds them from the same sampled rows
 * (BinMapper::FindBin), except that bounds are never infinite below the last.
 * O(distinct values), of which a pass is made to add up their rows.
 */
export function findNumericBins(
  sampled: SampledValues,
  options: NumericBinOptions,
): FoundBins<NumericBinMapper> {
  const { maxBin, minDataInBin, useMissing, zeroAsMissing } = options
  requireMaxBin(maxBin)
  let missing: MissingType = 'none'
  if (useMissing && zeroAsMissing) missing = 'zero'
  else if (useMissing && sampled.nanCount > 0) missing = 'nan'
  const nMissing = missing === 'nan' ? sampled.nanCount : 0
  // Without a bin of its own NaN is read as 0.
  const nZeros = sampled.zeroCount + sampled.nanCount - nMissing

  const nNegative = countBelow(sampled.values, 0)
  const part = (from: number, to?: number): DistinctValues =>
    joinNeighbours(sampled.values.subarray(from, to), sampled.counts.subarray(from, to))
  const negative = part(0, nNegative)
  const positive = part(nNegative)
  const valueBins = missing === 'nan' ? maxBin - 1 : maxBin
  const forced = options.forcedBounds ?? []
  const upperBounds = Float64Array.from(forced.length > 0
    ? forcedBounds(joined(negative, nZeros, positive), valueBins, minDataInBin, forced)
    : boundsAroundZero(negative, positive, valueBins, minDataInBin),
  )
  assert(upperBounds.length <= valueBins, `${upperBounds.length} bins of at most ${valueBins}`)
  if (missing === 'zero' && upperBounds.length === 2) missing = 'none'

  const counts = countByBin(upperBounds, negative, nZeros, positive)
  if (missing === 'nan') counts.push(nMissing)
  const zeroBin = upperBounds.findIndex(bound => bound >= 0)
  const nBins = counts.length
  const missingBin = missing === 'nan' ? nBins - 1 : missing === 'zero' ? zeroBin : -1
  const mapper: NumericBinMapper = {
    kind: 'numeric',
    missing,
    upperBounds,
    nBins,
    zeroBin,
    missingBin,
  }
  return { mapper, counts }
}
