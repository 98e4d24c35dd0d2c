import { assert } from '../errors.js'
import type { ElectedLeaf } from '../execution/elected-leaf.js'
import type { LeafRules, Rescan, TreeRules } from '../execution/leaf-rules.js'
import type { EngineSetup, Expansion } from '../execution/protocol.js'
import type { LeafTotals } from '../kernels/candidate.js'

/** What of a training's setup decides on elections. */
export type ElectionSetup =
  Pick<EngineSetup, 'voting' | 'maxExpansions' | 'rules'> & {
    /** With extra trees masks have draws of thresholds. */
    readonly scan: Pick<EngineSetup['scan'], 'extraTrees'>
  }

/** A leaf that features are elected of. */
export interface Voted {
  readonly node: number
  readonly totals: LeafTotals
  /** Features that may split it; null: it will not be split. */
  readonly mask: Uint8Array | null
  /** By feature; -Infinity without a split. */
  readonly votes: Float64Array
  readonly rules: LeafRules | undefined
}

/**
 * Elects the features of a tree's leaves. Votes are gains of splits between groups of bins,
 * weighed as gains are: by factors on gains, and costs of first uses. A feature that split a node
 * above is elected without a vote, up to half of the seats: a leaf has a part of its bins, perhaps
 * of one group only, between whose bins the vote cannot tell. What has to split a leaf is elected
 * alone, until it is given up.
 */
export class Election {
  /** Leaves that a request looks at by elected features, at most. */
  readonly leavesMax: number
  readonly #nElected: number
  readonly #isDrawn: boolean
  /** Absent where trees grow under none. */
  readonly #tree: TreeRules | undefined
  /** By node: features that split the nodes above it, the nearest first. */
  readonly #paths = new Map<number, readonly number[]>([[0, []]])
  /** By node: what was elected of it. */
  readonly #elected = new Map<number, readonly number[]>()

  constructor({ voting, maxExpansions, scan, rules }: ElectionSetup) {
    assert(voting !== undefined, 'features are elected')
    this.leavesMax = Math.max(1, 2 * maxExpansions)
    this.#nElected = voting.nElected
    this.#isDrawn = scan.extraTrees
    this.#tree = rules
  }

  /** @returns null where there is nothing to split the leaf by */
  elect({ node, totals, mask, votes, rules }: Voted): ElectedLeaf | null {
    if (mask === null) return null
    const nElected = this.#nElected
    const seated = this.#paths.get(node)!.filter((f) => mask[f] !== 0)
    const elected = new Set(seated.slice(0, Math.floor(nElected / 2)))
    const weighed = this.#weighed(votes, rules)
    const candidates = Array.from(votes.keys()).filter((f) =>
      mask[f] !== 0 && weighed[f]! > -Infinity && !elected.has(f))
    candidates.sort((a, b) => weighed[b]! - weighed[a]! || a - b)
    for (const f of candidates.slice(0, nElected - elected.size)) elected.add(f)
    this.#elected.set(node, [...elected].sort((a, b) => a - b))
    return this.#leaf(node, totals, mask, rules)
  }

  /** A leaf that is looked at again: what was elected of it remains. */
  again({ node, totals, mask, rules }: Rescan): ElectedLeaf | null {
    return this.#leaf(node, totals, mask, rules)
  }

  #leaf(
    node: number, totals: LeafTotals, mask: Uint8Array, rules: LeafRules | undefined,
  ): ElectedLeaf | null {
    const forced = rules?.forced ?? null
    const features = forced === null ? this.#elected.get(node)! : [forced.feature]
    if (features.length === 0) return null
    return {
      node, totals, features,
      ...(this.#isDrawn ? { mask } : {}), ...(rules === undefined ? {} : { rules }),
    }
  }

  #weighed(votes: Float64Array, rules: LeafRules | undefined): Float64Array {
    const tree = this.#tree
    if (tree === undefined || rules === undefined) return votes
    return votes.map((vote, f) => {
      const factor = tree.gainFactors[f] ?? 1
      // it will never gain anything
      if (factor === 0 || vote === -Infinity) return -Infinity
      const cost = rules.due?.[f] === 1 ? tree.firstUseCosts[f] ?? 0 : 0
      const isMonotone = (tree.directions[f] ?? 0) !== 0
      return (vote * factor - cost) * (isMonotone ? rules.monotoneFactor : 1)
    })
  }

  /** Learns what splits a node: before its children's features are elected. */
  take({ parent, left, right, feature }: Expansion): void {
    const path = [feature, ...this.#paths.get(parent)!.filter((f) => f !== feature)]
    this.#paths.set(left, path)
    this.#paths.set(right, path)
  }
}
