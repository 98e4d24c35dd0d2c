import { assert } from '../errors.js'
import { SUM_BYTES } from '../kernels/api.js'
import type { LeafTotals } from '../kernels/candidate.js'
import { shareFeatures } from './feature-shares.js'
import type { FeatureLayout } from './protocol.js'

/**
 * Where sums are in a histogram of all features: three planes of nCells cells, i64 gradients,
 * i64 hessians, i32 counts, little-endian, one after the other. Cells that belong to no bin are 0.
 */
export interface SumsLayout {
  /** A multiple of 4. */
  readonly nCells: number
  /** Of each feature its first cell; even. Its bins follow. */
  readonly cellOffsets: Int32Array
  /** nCells * 20. */
  readonly nBytes: number
}

/** The layout of the histograms that stores give and the central reducer takes. */
export function sumsLayout(features: readonly FeatureLayout[]): SumsLayout {
  const { shares, cellOffsets } = shareFeatures(features, 1)
  const { nCells } = shares[0]!
  return { nCells, cellOffsets, nBytes: nCells * SUM_BYTES }
}

/** What one histogram says about its rows. */
export interface SumsDescription {
  /** Of the first feature. */
  readonly totals: LeafTotals
  /** The first feature whose bins add up to other totals or cannot be sums of rows; -1: none. */
  readonly brokenFeature: number
}

/**
 * Checks one contribution to a histogram by itself: every feature's bins are sums of the same
 * rows, so all of them have equal totals, and no hessian or count is negative. Finds who sent
 * wrong sums after a scan has failed. O(cells), about 1 ms for 28 features of 256 bins.
 *
 * @param sums - a whole histogram, `sumsLayout(features).nBytes` bytes
 */
export function describeSums(
  features: readonly FeatureLayout[], sums: Uint8Array,
): SumsDescription {
  const layout = sumsLayout(features)
  assert(sums.length === layout.nBytes, `${sums.length} bytes are a whole histogram`)
  const totals = featureTotals(sums, layout, features, 0)
  const brokenFeature = features.findIndex((_, f) => {
    const { gradient, hessian, count, isSum } = featureTotals(sums, layout, features, f)
    return !isSum || gradient !== totals.gradient || hessian !== totals.hessian ||
      count !== totals.count
  })
  const { gradient, hessian, count } = totals
  return { totals: { gradient, hessian, count }, brokenFeature }
}

/**
 * Totals of one feature's bins in a whole histogram.
 *
 * @returns isSum: no bin has a negative hessian or count
 */
export function featureTotals(
  sums: Uint8Array, { nCells, cellOffsets }: SumsLayout, features: readonly FeatureLayout[],
  feature: number,
): LeafTotals & { readonly isSum: boolean } {
  const view = new DataView(sums.buffer, sums.byteOffset, sums.byteLength)
  let gradient = 0n
  let hessian = 0n
  let count = 0
  let isSum = true
  const first = cellOffsets[feature]!
  for (let cell = first; cell < first + features[feature]!.nBins; cell++) {
    const h = view.getBigInt64((nCells + cell) * 8, true)
    const n = view.getInt32(nCells * 16 + cell * 4, true)
    gradient += view.getBigInt64(cell * 8, true)
    hessian += h
    count += n
    isSum &&= h >= 0n && n >= 0
  }
  return { gradient, hessian, count, isSum }
}
