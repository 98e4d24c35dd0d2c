import type { Expansion } from '../execution/protocol.js'
import type { ElectedLeaf } from '../execution/elected-leaf.js'
import type { LeafTotals } from '../kernels/candidate.js'

/**
 * Elects the features of a tree's leaves. Votes are gains of splits between groups of bins. A
 * feature that split a node above is elected without a vote, up to half of the seats: a leaf has
 * a part of its bins, perhaps of one group only, between whose bins the vote cannot tell.
 */
export class Election {
  readonly #nElected: number
  /** By node: features that split the nodes above it, the nearest first. */
  readonly #paths = new Map<number, readonly number[]>([[0, []]])

  constructor(nElected: number) {
    this.#nElected = nElected
  }

  /**
   * @param mask - features that may split the node; null: it will not be split
   * @param votes - by feature; -Infinity without a split
   * @returns null where there is nothing to split the leaf by
   */
  elect(
    node: number, totals: LeafTotals, mask: Uint8Array | null, votes: Float64Array,
  ): ElectedLeaf | null {
    if (mask === null) return null
    const seated = this.#paths.get(node)!.filter((f) => mask[f] === 1)
    const elected = new Set(seated.slice(0, Math.floor(this.#nElected / 2)))
    const candidates = Array.from(votes.keys()).filter((f) =>
      mask[f] === 1 && votes[f]! > -Infinity && !elected.has(f))
    candidates.sort((a, b) => votes[b]! - votes[a]! || a - b)
    for (const f of candidates.slice(0, this.#nElected - elected.size)) elected.add(f)
    if (elected.size === 0) return null
    return { node, totals, features: [...elected].sort((a, b) => a - b) }
  }

  /** Learns what splits a node: before its children's features are elected. */
  take({ parent, left, right, feature }: Expansion): void {
    const path = [feature, ...this.#paths.get(parent)!.filter((f) => f !== feature)]
    this.#paths.set(left, path)
    this.#paths.set(right, path)
  }
}
