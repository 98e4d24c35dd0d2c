import type { BinnedTree } from '../execution/protocol.js'
import type { LeafTotals, SplitCandidate } from '../kernels/candidate.js'

/** A grown tree: over bins, with what the model and the scores need. */
export interface GrownTree {
  readonly binned: BinnedTree
  /** Of each internal node. */
  readonly splits: readonly SplitCandidate[]
  readonly nodeTotals: readonly LeafTotals[]
  readonly nodeValue: readonly number[]
  readonly leafTotals: readonly LeafTotals[]
  /** The grower's node of each leaf. */
  readonly leafNodes: readonly number[]
  readonly statistics: GrowthStatistics
}

/** How much was asked for and how much of it came to nothing. */
export interface GrowthStatistics {
  readonly rounds: number
  readonly expansions: number
  /** Expansions that never became part of the tree. */
  readonly dropped: number
}

/** A tree that could not split adds nothing but the bias (LightGBM's constant tree). */
export function withoutLoneLeaf(tree: GrownTree, bias: number): GrownTree {
  if (tree.splits.length > 0) return tree
  return { ...tree, binned: { ...tree.binned, leafValue: [bias] } }
}
