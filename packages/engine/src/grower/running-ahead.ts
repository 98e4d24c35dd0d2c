import { log } from '@coppice/model'
import { SUM_BYTES } from '../kernels/api.js'
import type { SplitCandidate } from '../kernels/candidate.js'
import { Heap } from './heap.js'

/**
 * What expansions cost whoever carries a round out, in nanoseconds: what decides which of them
 * are worth making before it is known whether the tree will have them. It changes no byte of it.
 */
export interface GrowthCosts {
  /** Of a round, beside its expansions: meetings, messages, decisions. */
  readonly roundNs: number
  /** Of an expansion, however few rows it has. */
  readonly expansionNs: number
  /** Of a row that is expanded. */
  readonly rowNs: number
}

/** Where the gains of a tree's splits ended, and those of the leaves that were left began. */
export interface GainRange {
  /** Least gain of a split that was made. */
  readonly least: number
  /** Most gain of a split that would have been next; 0 where there was none. */
  readonly left: number
}

/** A node that may be expanded. */
export interface AheadNode {
  readonly id: number
  readonly depth: number
  readonly totals: { readonly count: number }
  readonly candidate: SplitCandidate | null
  /** Not null once it was expanded. */
  readonly children: object | null
}

/** What histograms of nodes that run ahead may take, unless two rounds take more. */
const AHEAD_BYTES = 67_108_864
/** Rounds of nodes that run ahead: at least, and where there is memory for them. */
const ROUNDS_AHEAD = { least: 2, most: 8 } as const

/**
 * Most expansions there are at a time, of one tree, that are not committed, beside the one that
 * is: those of a round, and those that ran ahead before. Each has a histogram more, which is kept
 * until the tree is grown. Trees of several outputs may grow at the same time, and have no more
 * memory together: there it is two rounds.
 */
export function expansionsAhead(
  { features, maxExpansions, nOutputs }: {
    readonly features: readonly { readonly nBins: number }[]
    readonly maxExpansions: number
    readonly nOutputs: number
  },
): number {
  const least = ROUNDS_AHEAD.least * maxExpansions
  if (nOutputs > 1 || maxExpansions === 1) return least
  const nBins = features.reduce((sum, feature) => sum + feature.nBins, 0)
  const fitting = Math.floor(AHEAD_BYTES / Math.max(1, nBins * SUM_BYTES))
  return Math.max(least, Math.min(ROUNDS_AHEAD.most * maxExpansions, fitting))
}

interface AheadParams {
  readonly costs: GrowthCosts
  readonly growPolicy: 'leafwise' | 'depthwise'
}

/**
 * Gains of trees go up and down by a sixth: below this share of the least one nothing is expected
 * to be made.
 */
const NEVER_BELOW = 0.8
/** From this share of the best that was left on, all is made, as likely as that can be. */
const SURE_FROM = 0.9
const SURE = 0.98
/**
 * Share of the splits that are left up to which nodes are expanded ahead: children with higher
 * gains will push others behind the last leaf. The second where gains of a tree before are known.
 */
const HORIZON = 0.7
const KNOWN_HORIZON = 0.85

/** How likely a split of this gain is made, by the gains of the trees before. */
export function likelihood(gain: number, { least, left }: GainRange): number {
  const never = NEVER_BELOW * least
  // a tree that took all there was, or next to it
  if (!(never > 0)) return SURE
  const sure = Math.max(SURE_FROM * left, never)
  if (gain >= sure) return SURE
  if (gain <= never) return 0
  return SURE * log(gain / never) / log(sure / never)
}

/**
 * The nodes of a tree that are worth expanding before it is their turn, in a round that is due
 * anyway: where a round saved, if the tree comes to have them, outweighs their rows, if not. With
 * log-normal labels and 31 leaves, where it was only counted how many splits come before, a quarter
 * of the rows that were split were split in vain; with the gains of the trees before it is 6 %.
 */
export class RunningAhead<Node extends AheadNode> {
  readonly #costs: GrowthCosts
  #expected: GainRange | null
  readonly #nodes: Heap<Node>
  /** Nodes that are not worth it, as far as is known. */
  #doubted: Node[] = []

  /** @param expected - of the trees before; null where gains decide nothing, or none is known */
  constructor({ costs, growPolicy }: AheadParams, expected: GainRange | null) {
    this.#costs = costs
    this.#expected = growPolicy === 'leafwise' ? expected : null
    this.#nodes = new Heap<Node>(growPolicy === 'leafwise' ? hasMoreGain : comesBefore)
  }

  /** Share of the splits that are left that may run ahead. */
  get horizon(): number {
    return this.#expected === null ? HORIZON : KNOWN_HORIZON
  }

  /** A node that can be split became known. */
  meet(node: Node): void {
    if (this.#isWorthIt(node)) this.#nodes.push(node)
    else this.#doubted.push(node)
  }

  /**
   * The order of splits has come to one of this gain. Where that is less than any was expected to
   * have, as after a change of parameters, more is worth it.
   */
  reach(gain: number): void {
    const expected = this.#expected
    if (expected === null || gain >= expected.least) return
    this.#expected = { least: gain, left: expected.left * (gain / expected.least) }
    const doubted = this.#doubted
    this.#doubted = []
    for (const node of doubted) if (node.children === null) this.meet(node)
  }

  /** The one that is needed first, as far as is known, which then is expanded; null: none. */
  next(): Node | null {
    for (;;) {
      const node = this.#nodes.pop()
      if (node === undefined) return null
      if (node.children === null) return node
    }
  }

  #isWorthIt({ candidate, totals }: AheadNode): boolean {
    if (this.#expected === null) return true
    const { roundNs, expansionNs, rowNs } = this.#costs
    const share = likelihood(candidate!.gain, this.#expected)
    return share * roundNs > (1 - share) * (expansionNs + totals.count * rowNs)
  }
}

function hasMoreGain(a: AheadNode, b: AheadNode): boolean {
  const ga = a.candidate!.gain
  const gb = b.candidate!.gain
  return ga !== gb ? ga > gb : a.id < b.id
}

function comesBefore(a: AheadNode, b: AheadNode): boolean {
  return a.depth !== b.depth ? a.depth < b.depth : hasMoreGain(a, b)
}
