import type { SplitCandidate } from '../kernels/candidate.js'

/** What the order of splits depends on. */
export interface OpenLeaf {
  readonly candidate: SplitCandidate | null
  readonly depth: number
  readonly leaf: number
}

/** The strict order of leaf-wise growth: gain, then the lower leaf index. */
export function comesFirst(a: OpenLeaf, b: OpenLeaf): boolean {
  const ga = a.candidate!.gain
  const gb = b.candidate!.gain
  return ga !== gb ? ga > gb : a.leaf < b.leaf
}

/** The strict order of depth-wise growth: depth, then as leaf-wise. */
export function comesFirstByDepth(a: OpenLeaf, b: OpenLeaf): boolean {
  return a.depth !== b.depth ? a.depth < b.depth : comesFirst(a, b)
}
