import { wideFeatures } from '../row-bytes.js'
import type { FeatureLayout } from './protocol.js'

/**
 * Masks of features: a byte per feature, 0 where it may not split. With extremely randomised trees
 * another byte is 1 + the number of its only candidate. Of a feature of more than 256 bins numbers
 * take two bytes: they are behind those of the features, little-endian, in the order of the wide
 * features.
 */

const DRAW_BYTES = 2

/** Bytes of a mask with draws; without them it has a byte per feature. */
export function maskBytesMax(features: readonly FeatureLayout[]): number {
  return features.length + wide(features).length * DRAW_BYTES
}

/** Where the draw of each wide feature is in a mask; 0 of the others. */
export function drawOffsets(features: readonly FeatureLayout[]): Int32Array {
  const offsets = new Int32Array(features.length)
  wide(features).forEach((feature, k) => {
    offsets[feature] = features.length + k * DRAW_BYTES
  })
  return offsets
}

function wide(features: readonly FeatureLayout[]): number[] {
  return wideFeatures(features.map(({ nBins }) => nBins))
}
