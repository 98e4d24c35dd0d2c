import { type BinSet, binSetUpTo } from '../bin-set.js'
import type { FeatureLayout } from '../execution/protocol.js'
import type { SplitCandidate } from '../kernels/candidate.js'

/** The bins whose rows go left. */
export function leftBinsOf(
  split: Pick<SplitCandidate, 'bin' | 'defaultLeft' | 'leftBins'>, feature: FeatureLayout,
): BinSet {
  if (split.leftBins !== null) return split.leftBins
  return binSetUpTo(split.bin, feature.nBins, feature.missingBin, split.defaultLeft)
}
