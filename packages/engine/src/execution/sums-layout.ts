import { SUM_BYTES } from '../kernels/api.js'
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
