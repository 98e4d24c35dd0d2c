import { BYTE_BINS } from '../row-bytes.js'
import type { ElectedLeaf, Voting } from './elected-leaf.js'
import type { FeatureLayout } from './protocol.js'

/**
 * How many features parameters have elected: LightGBM elects twice as many as workers propose.
 * Nobody votes where all would be elected.
 *
 * @param nUsable - features that can split at all
 */
export function votingOf(
  { treeLearner, topK }: { readonly treeLearner: string, readonly topK: number }, nUsable: number,
): { readonly voting?: Voting } {
  const isVoting = treeLearner === 'voting' && 2 * topK < nUsable
  return isVoting ? { voting: { nElected: 2 * topK } } : {}
}

/** Groups of a numeric feature's bins of values; missing values are one more. */
export const VOTE_GROUPS = 8

/** Features by the groups of their bins. */
export interface GroupedFeatures {
  /** The groups as bins of features. */
  readonly features: readonly FeatureLayout[]
  /** Of each feature, the group of each bin. */
  readonly groups: readonly Uint8Array[]
}

/**
 * Groups of neighbouring bins, about as many in each; bins are about equal shares of the rows.
 * Categories have no neighbours, and stay by themselves; beyond 255 the rarest are one. What is
 * grouped is not grouped further.
 */
export function groupedFeatures(features: readonly FeatureLayout[]): GroupedFeatures {
  const groups = features.map(groupsOf)
  return {
    features: features.map((feature, f) => {
      const nBins = groups[f]!.reduce((most, group) => Math.max(most, group + 1), 1)
      const { missingBin } = feature
      return { ...feature, nBins, missingBin: missingBin < 0 ? -1 : groups[f]![missingBin]! }
    }),
    groups,
  }
}

function groupsOf({ nBins, missingBin, isCategorical }: FeatureLayout): Uint8Array {
  const nValues = missingBin < 0 ? nBins : nBins - 1
  if (isCategorical || nValues <= VOTE_GROUPS) {
    return Uint8Array.from({ length: nBins }, (_, b) => Math.min(b, BYTE_BINS - 1))
  }
  return Uint8Array.from({ length: nBins }, (_, b) => {
    if (b === missingBin) return VOTE_GROUPS
    const value = missingBin >= 0 && b > missingBin ? b - 1 : b
    return Math.floor(value * VOTE_GROUPS / nValues)
  })
}

/** The leaf's mask, with draws where it has any, of the features that are elected. */
export function electedMask(leaf: ElectedLeaf, nFeatures: number): Uint8Array {
  const mask = leaf.mask?.slice() ?? new Uint8Array(nFeatures)
  mask.fill(0, 0, nFeatures)
  for (const f of leaf.features) mask[f] = leaf.mask?.[f] ?? 1
  return mask
}
