import { assert, type MissingType } from '@coppice/model'
import type { BinMapper, NumericBinMapper } from '../dataset.js'
import { forcedBounds } from './forced-bounds.js'
import { requireMaxBin } from './max-bin.js'
import { greedyBounds, isSameValue, type DistinctValues } from './greedy-bounds.js'
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
  if (!hasNeighbours(values)) return { values, counts }
  const kept = new Float64Array(values.length)
  const sums = new Uint32Array(values.length)
  let n = -1
  for (let i = 0; i < values.length; i++) {
    if (i === 0 || !isSameValue(values[i - 1]!, values[i]!)) n++
    kept[n] = values[i]!
    sums[n]! += counts[i]!
  }
  return { values: kept.subarray(0, n + 1), counts: sums.subarray(0, n + 1) }
}

function hasNeighbours(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (isSameValue(values[i - 1]!, values[i]!)) return true
  return false
}

function sum(counts: Uint32Array): number {
  let total = 0
  for (let i = 0; i < counts.length; i++) total += counts[i]!
  return total
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
  const nNegative = sum(negative.counts)
  const nPositive = sum(positive.counts)
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
  const counts = new Uint32Array(values.length)
  values.set(negative.values)
  counts.set(negative.counts)
  if (nZeros > 0) counts[n] = nZeros
  values.set(positive.values, n + zero)
  counts.set(positive.counts, n + zero)
  return { values, counts }
}

function countByBin(bounds: Float64Array, parts: readonly DistinctValues[]): number[] {
  const counts = new Array<number>(bounds.length).fill(0)
  let bin = 0
  for (const { values, counts: rows } of parts) {
    for (let i = 0; i < values.length; i++) {
      while (values[i]! > bounds[bin]!) bin++
      counts[bin]! += rows[i]!
    }
  }
  return counts
}

/**
 * Bins of a numeric feature, exactly as LightGBM 4.6 finds them from the same sampled rows
 * (BinMapper::FindBin), except that bounds are never infinite below the last.
 * O(distinct values).
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

  let nNegative = 0
  while (nNegative < sampled.values.length && sampled.values[nNegative]! < 0) nNegative++
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

  const zero = { values: Float64Array.of(0), counts: Uint32Array.of(nZeros) }
  const counts = countByBin(upperBounds, [negative, zero, positive])
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
