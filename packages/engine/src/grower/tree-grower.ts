import { assert } from '../errors.js'
import type {
  BinnedTree, Expansion, FeatureLayout, RootAnswer, RoundAnswer, RoundRequest,
} from '../execution/protocol.js'
import type { LeafTotals, SplitCandidate } from '../kernels/candidate.js'
import { finish, mixWord } from '../random.js'
import { Heap } from './heap.js'

/** How a tree may grow. */
export interface GrowthParams {
  readonly numLeaves: number
  /** <= 0: no limit. The root has depth 0. */
  readonly maxDepth: number
  readonly growPolicy: 'leafwise' | 'depthwise'
  readonly minDataInLeaf: number
  /** Most expansions asked for in one round; does not change the tree. */
  readonly maxExpansions: number
}

/**
 * Most expansions there are at a time, of one tree, that are not committed, beside the one that
 * is: those of a round, and as many that ran ahead before.
 */
export function expansionsAhead(maxExpansions: number): number {
  return 2 * maxExpansions
}

/** Value of a leaf with these totals, learning rate and grid included. */
export type LeafValue = (totals: LeafTotals, usesCatL2: boolean) => number

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

interface GrowerNode {
  readonly id: number
  readonly depth: number
  /** Hash of the path from the root (contract rule 4). */
  readonly key: number
  readonly totals: LeafTotals
  readonly usesCatL2: boolean
  /** Null: cannot be split. */
  readonly candidate: SplitCandidate | null
  children: readonly [GrowerNode, GrowerNode] | null
  /** Index among the leaves of the committed tree, as in LightGBM: -1 before it is a leaf. */
  leaf: number
}

/**
 * Grows one tree: split candidates in, round requests out. Pure: it never sees a row or a
 * histogram.
 *
 * The tree is that of the strict order: again and again the open leaf that comes first is split,
 * by gain (ties: the lower leaf index), or depth-wise by depth, then gain. A round may ask for
 * several expansions at once; the strict order is then replayed over what is known, and what it
 * never reaches is dropped, so the tree does not depend on how many were asked for.
 */
export class TreeGrower {
  readonly #params: GrowthParams
  readonly #features: readonly FeatureLayout[]
  readonly #mask: (nodeKey: number) => Uint8Array
  readonly #leafValue: LeafValue
  /** Open leaves of the committed tree that can be split. */
  readonly #open: Heap<GrowerNode>
  readonly #before: (a: GrowerNode, b: GrowerNode) => boolean
  /** In the order in which they were split. */
  readonly #committed: GrowerNode[] = []
  #pending: GrowerNode[] = []
  #released: number[] = []
  #root: GrowerNode | null = null
  #nLeaves = 1
  #nextId = 1
  #rounds = 0
  #expansions = 0

  constructor(
    params: GrowthParams, features: readonly FeatureLayout[],
    mask: (nodeKey: number) => Uint8Array, leafValue: LeafValue,
  ) {
    // without one a round would ask for nothing, again and again
    assert(params.maxExpansions >= 1, `rounds of at least 1 expansion, not ${params.maxExpansions}`)
    this.#params = params
    this.#features = features
    this.#mask = mask
    this.#leafValue = leafValue
    this.#before = params.growPolicy === 'leafwise' ? comesFirst : comesFirstByDepth
    this.#open = new Heap(this.#before)
  }

  /** Features that may split the root. */
  rootMask(): Uint8Array {
    return this.#mask(ROOT_KEY)
  }

  start(root: RootAnswer): void {
    this.#root = {
      id: 0, depth: 0, key: ROOT_KEY, totals: root.totals, usesCatL2: false,
      candidate: root.candidate, children: null, leaf: 0,
    }
    this.#admit(this.#root)
  }

  /** The next round, or null when the tree is grown. */
  next(): RoundRequest | null {
    assert(this.#pending.length === 0, 'a round is outstanding')
    for (;;) {
      const first = this.#open.peek()
      if (first === undefined || this.#nLeaves >= this.#params.numLeaves) return null
      if (first.children === null) return this.#request()
      this.#open.pop()
      this.#commit(first, first.children)
    }
  }

  /** Takes the answer to the last round. */
  accept(answer: RoundAnswer): void {
    assert(answer.length === this.#pending.length, 'an answer for each expansion')
    this.#pending.forEach((node, i) => {
      const [left, right] = node.children!
      const [leftCandidate, rightCandidate] = answer[i]!
      node.children = [
        { ...left, candidate: leftCandidate }, { ...right, candidate: rightCandidate },
      ]
      for (const child of node.children) {
        if (child.candidate === null) this.#released.push(child.id)
      }
    })
    this.#pending = []
  }

  #admit(node: GrowerNode): void {
    if (node.candidate !== null) this.#open.push(node)
  }

  #commit(node: GrowerNode, [left, right]: readonly [GrowerNode, GrowerNode]): void {
    this.#committed.push(node)
    left.leaf = node.leaf
    right.leaf = this.#nLeaves++
    this.#admit(left)
    this.#admit(right)
  }

  #request(): RoundRequest {
    const remaining = this.#params.numLeaves - this.#nLeaves
    const nodes = this.#likelyNext(remaining)
    // the children of the last split are leaves for good
    const expansions = nodes.map((node) => this.#expand(node, node.candidate!, remaining > 1))
    this.#pending = nodes
    this.#rounds++
    this.#expansions += expansions.length
    const released = this.#released
    this.#released = []
    return { kind: 'round', expansions, released }
  }

  /**
   * The nodes whose expansion will be needed first, if those that are not known yet bring nothing
   * better: the strict order is followed over what is known, through nodes that were expanded
   * ahead. It is followed only so far as what comes is likely to be reached: children with higher
   * gains will push others behind the last leaf. Where much ran ahead in vain, no more does: its
   * histograms are kept to the end of the tree (see `expansionsAhead`).
   */
  #likelyNext(remaining: number): GrowerNode[] {
    const { maxExpansions: most } = this.#params
    const ahead = this.#expansions - this.#committed.length
    const maxExpansions = Math.max(1, Math.min(most, expansionsAhead(most) - ahead))
    const order = new Heap(this.#before, this.#open)
    const horizon = Math.ceil(remaining * HORIZON)
    const nodes: GrowerNode[] = []
    for (let i = 0; nodes.length < maxExpansions && (i < horizon || nodes.length === 0); i++) {
      const node = order.pop()
      if (node === undefined) break
      if (node.children === null) nodes.push(node)
      else for (const child of node.children) if (child.candidate !== null) order.push(child)
    }
    return nodes
  }

  #expand(node: GrowerNode, split: SplitCandidate, mayGrow: boolean): Expansion {
    const { totals, depth, key } = node
    const rightTotals = {
      gradient: totals.gradient - split.left.gradient,
      hessian: totals.hessian - split.left.hessian,
      count: totals.count - split.left.count,
    }
    const child = (childTotals: LeafTotals, side: number): GrowerNode => ({
      id: this.#nextId++,
      depth: depth + 1,
      key: finish(mixWord(key, side)) | 0,
      totals: childTotals,
      usesCatL2: split.usesCatL2,
      candidate: null,
      children: null,
      leaf: -1,
    })
    const left = child(split.left, 0)
    const right = child(rightTotals, 1)
    node.children = [left, right]
    const mask = (of: GrowerNode): Uint8Array | null =>
      mayGrow && this.#canSplit(of) ? this.#mask(of.key) : null
    return {
      parent: node.id,
      left: left.id,
      right: right.id,
      feature: split.feature,
      leftBins: leftBinsOf(split, this.#features[split.feature]!),
      leftTotals: left.totals,
      rightTotals,
      leftMask: mask(left),
      rightMask: mask(right),
    }
  }

  #canSplit({ depth, totals }: GrowerNode): boolean {
    const { maxDepth, minDataInLeaf } = this.#params
    return (maxDepth <= 0 || depth < maxDepth) && totals.count >= 2 * Math.max(1, minDataInLeaf)
  }

  /** The tree, once `next` has returned null. */
  finish(): GrownTree {
    const root = this.#root
    assert(root !== null, 'the tree was started')
    const isCommitted = new Map(this.#committed.map((node, i) => [node, i]))
    const leaves: GrowerNode[] = []
    const visit = (node: GrowerNode): number => {
      const i = isCommitted.get(node)
      if (i !== undefined) return i
      leaves[node.leaf] = node
      return ~node.leaf
    }
    const childrenOf = this.#committed.map((node) => node.children!.map(visit))
    if (this.#committed.length === 0) leaves.push(root)
    const splits = this.#committed.map((node) => node.candidate!)
    return {
      binned: {
        feature: splits.map((split) => split.feature),
        leftBins: splits.map((split) => leftBinsOf(split, this.#features[split.feature]!)),
        leftChild: childrenOf.map((children) => children[0]!),
        rightChild: childrenOf.map((children) => children[1]!),
        leafValue: leaves.map((leaf) => this.#leafValue(leaf.totals, leaf.usesCatL2)),
      },
      splits,
      nodeTotals: this.#committed.map((node) => node.totals),
      nodeValue: this.#committed.map((node) => this.#leafValue(node.totals, node.usesCatL2)),
      leafTotals: leaves.map((leaf) => leaf.totals),
      leafNodes: leaves.map((leaf) => leaf.id),
      statistics: {
        rounds: this.#rounds,
        expansions: this.#expansions,
        dropped: this.#expansions - this.#committed.length,
      },
    }
  }
}

const ROOT_KEY = 1

/** Share of the splits that are left up to which nodes are expanded ahead. */
const HORIZON = 0.7

/** The strict order of leaf-wise growth: gain, then the lower leaf index. */
function comesFirst(a: GrowerNode, b: GrowerNode): boolean {
  const ga = a.candidate!.gain
  const gb = b.candidate!.gain
  return ga !== gb ? ga > gb : a.leaf < b.leaf
}

/** The strict order of depth-wise growth: depth, then as leaf-wise. */
function comesFirstByDepth(a: GrowerNode, b: GrowerNode): boolean {
  return a.depth !== b.depth ? a.depth < b.depth : comesFirst(a, b)
}

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
