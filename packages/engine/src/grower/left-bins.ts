import type { FeatureLayout } from '../execution/protocol.js'
import type { SplitCandidate } from '../kernels/candidate.js'

/** 32 bytes: bit b set if rows in bin b go left. */
export function leftBinsOf(
  split: Pick<SplitCandidate, 'bin' | 'defaultLeft' | 'leftBins'>, feature: FeatureLayout,
): Uint8Array {
  if (split.leftBins !== null) return split.leftBins
  const bits = new Uint8Array(32)
  for (let b = 0; b < feature.nBins; b++) {
    const goesLeft = b === feature.missingBin ? split.defaultLeft : b <= split.bin
    if (goesLeft) bits[b >> 3]! |= 1 << (b & 7)
  }
  return bits
}
