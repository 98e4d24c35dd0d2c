import type { FoundBins } from './find-numeric-bins.js'

/**
 * Rows that both sides of a cut must have in the sample: `min_data_in_leaf` scaled to it.
 * @param nSampled - rows in the sample
 * @param nRows - rows of the data set
 */
export function preFilterCount(minDataInLeaf: number, nSampled: number, nRows: number): number {
  return nRows === 0 ? 0 : Math.trunc((minDataInLeaf * nSampled) / nRows)
}

function isCut(left: number, total: number, filterCount: number): boolean {
  return left >= filterCount && total - left >= filterCount
}

/**
 * Whether a feature can never split and is left out of training: it has one bin, or
 * (`feature_pre_filter`) no cut leaves `filterCount` sampled rows on each side. Categorical
 * features with more than two bins are never filtered. As LightGBM's NeedFilter (src/io/bin.cpp).
 *
 * @param filterCount - from `preFilterCount`, or null where `feature_pre_filter` is off
 */
export function isTrivial(found: FoundBins, filterCount: number | null): boolean {
  const { mapper, counts } = found
  if (mapper.nBins <= 1) return true
  if (filterCount === null) return false
  if (mapper.kind === 'categorical' && mapper.nBins > 2) return false
  const total = counts.reduce((sum, count) => sum + count, 0)
  let left = 0
  for (const count of counts.slice(0, -1)) {
    left += count
    if (isCut(left, total, filterCount)) return false
  }
  return true
}
