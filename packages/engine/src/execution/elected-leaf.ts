import type { LeafTotals } from '../kernels/candidate.js'
import type { LeafRules } from './leaf-rules.js'

/**
 * Voting: which features may split a leaf is decided by sums over a few groups of their bins, and
 * only of those elected are the sums of all bins looked at, and sent. An approximation for wide
 * data on clusters (LightGBM's tree_learner = voting, where workers vote by their own rows).
 * Groups are summed over all rows, so that the vote depends on nothing but the data.
 */
export interface Voting {
  /** Features elected of a leaf at most: fewer than there are. */
  readonly nElected: number
}

/** A leaf, and the features whose sums decide how it is split. */
export interface ElectedLeaf {
  readonly node: number
  readonly totals: LeafTotals
  /** Ascending. */
  readonly features: readonly number[]
  /** With draws of thresholds, where extra trees have them; absent elsewhere. */
  readonly mask?: Uint8Array
  /** Where trees grow under rules. */
  readonly rules?: LeafRules
}
