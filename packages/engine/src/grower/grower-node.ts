import type { BinSet } from '../bin-set.js'
import type { LeafTotals, SplitCandidate } from '../kernels/candidate.js'
import type { RuledLeaf } from './growth-rules.js'

/** A node of a tree that is grown: a leaf, split, or one that may never come to be. */
export interface GrowerNode {
  readonly id: number
  readonly depth: number
  /** Hash of the path from the root (contract rule 4). */
  readonly key: number
  readonly totals: LeafTotals
  readonly usesCatL2: boolean
  /** Features that split the nodes above, each once. */
  readonly path: readonly number[]
  /** Null where there are none. */
  readonly rules: RuledLeaf | null
  /** Features that may split it; null: too few rows, too deep, or the last leaf. */
  mask: Uint8Array | null
  /** Null: cannot be split. */
  candidate: SplitCandidate | null
  children: readonly [GrowerNode, GrowerNode] | null
  /** Of its split, if it was expanded. */
  leftBins: BinSet | null
  /** Index among the splits of the committed tree, or -1. */
  split: number
  /** Index among the leaves of the committed tree, as in LightGBM: -1 before it is a leaf. */
  leaf: number
}
