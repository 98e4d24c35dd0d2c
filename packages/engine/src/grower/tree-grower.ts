import { assert } from '../errors.js'
import type {
  Expansion, FeatureLayout, RootAnswer, RoundAnswer, RoundRequest,
} from '../execution/protocol.js'
import type { LeafTotals, SplitCandidate } from '../kernels/candidate.js'
import { finish, mixWord } from '../random.js'
import type { GrownTree } from './grown-tree.js'
import type { GrowerNode } from './grower-node.js'
import type { GrowthParams } from './growth-params.js'
import type { RuledTree } from './growth-rules.js'
import { Heap } from './heap.js'
import { leftBinsOf } from './left-bins.js'
import { type GainRange, RunningAhead } from './running-ahead.js'
import { comesFirst, comesFirstByDepth } from './strict-order.js'

/**
 * Value of a leaf with these totals, learning rate and grid included.
 *
 * @param output - what rules made of the value before the learning rate, or null without any
 */
export type LeafValue = (totals: LeafTotals, usesCatL2: boolean, output: number | null) => number

/**
 * Features that may split a node.
 *
 * @param nodeKey - hash of the path from the root
 * @param path - features that split the nodes above, each once
 */
export type NodeMask = (nodeKey: number, path: readonly number[]) => Uint8Array

/** Of each feature, what the rows of a node have to pay for it. */
export type NodeCosts = (node: number) => Float64Array

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
  readonly #mask: NodeMask
  readonly #leafValue: LeafValue
  /** Open leaves of the committed tree that can be split. */
  #open: Heap<GrowerNode>
  readonly #before: (a: GrowerNode, b: GrowerNode) => boolean
  readonly #expected: GainRange | null
  /** Nodes that may be expanded before it is their turn; null where none are. */
  #ahead: RunningAhead<GrowerNode> | null
  /** Least gain of a split that was chosen. */
  #leastGain = Infinity
  /** In the order in which they were split. */
  readonly #committed: GrowerNode[] = []
  #pending: GrowerNode[] = []
  readonly #rules: RuledTree | null
  /** Under rules: the leaves of the committed tree, in their order. */
  readonly #leaves: GrowerNode[] = []
  /** Leaves that are to be split as they are told to be, in this order, before any other. */
  #forced: GrowerNode[] = []
  /** Leaves to be scanned again, and those of them that the outstanding round scans. */
  #stale: GrowerNode[] = []
  #rescanned: GrowerNode[] = []
  #released: number[] = []
  #root: GrowerNode | null = null
  #nLeaves = 1
  #nextId = 1
  #rounds = 0
  #expansions = 0

  /** @param expected - gains of the trees before it, if any: of what runs ahead, not of the tree */
  constructor(
    params: GrowthParams, features: readonly FeatureLayout[],
    mask: NodeMask, leafValue: LeafValue, rules: RuledTree | null = null,
    expected: GainRange | null = null,
  ) {
    // without one a round would ask for nothing, again and again
    assert(params.maxExpansions >= 1, `rounds of at least 1 expansion, not ${params.maxExpansions}`)
    this.#params = params
    this.#features = features
    this.#mask = mask
    this.#leafValue = leafValue
    this.#rules = rules
    this.#before = params.growPolicy === 'leafwise' ? comesFirst : comesFirstByDepth
    this.#open = new Heap(this.#before)
    this.#expected = expected
    this.#ahead = this.#newAhead()
  }

  #newAhead(): RunningAhead<GrowerNode> | null {
    return this.#params.maxExpansions === 1 ? null : new RunningAhead(this.#params, this.#expected)
  }

  /** Features that may split the root. */
  rootMask(): Uint8Array {
    return this.#mask(ROOT_KEY, [])
  }

  /** @param costs - see `accept` */
  start(root: RootAnswer, costs?: NodeCosts): void {
    this.#root = {
      id: 0, depth: 0, key: ROOT_KEY, totals: root.totals, usesCatL2: false, path: [],
      rules: this.#rules?.root(root.totals) ?? null, mask: this.rootMask(),
      candidate: root.candidate, children: null, leftBins: null, split: -1, leaf: 0,
    }
    this.#leaves.push(this.#root)
    this.#admit(this.#root)
    this.#meet(this.#root)
    if (costs !== undefined) this.#takeCosts(this.#root, costs)
  }

  /** The next round, or null when the tree is grown. */
  next(): RoundRequest | null {
    assert(this.#pending.length + this.#rescanned.length === 0, 'a round is outstanding')
    if (this.#forced[0]?.candidate === null) this.#giveUpForced()
    if (this.#stale.length > 0) return this.#round([])
    for (;;) {
      if (this.#nLeaves >= this.#params.numLeaves) return null
      if (this.#forced.length > 0) return this.#request([this.#forced[0]!])
      const first = this.#open.peek()
      if (first === undefined) return null
      if (first.children === null) return this.#request(this.#likelyNext(first))
      this.#open.pop()
      this.#commit(first, first.children)
    }
  }

  /**
   * Takes the answer to the last round.
   *
   * @param costs - where rows pay for features: the children are scanned again, knowing them
   */
  accept(answer: RoundAnswer, costs?: NodeCosts): void {
    const pending = this.#pending
    const rescanned = this.#rescanned
    assert(answer.length === pending.length + rescanned.length, 'an answer for each expansion')
    this.#pending = []
    this.#rescanned = []
    pending.forEach((node, i) => {
      const [left, right] = node.children!
      this.#take(left, answer[i]![0])
      this.#take(right, answer[i]![1])
    })
    if (this.#isOneByOne) {
      for (const node of pending) this.#commit(node, node.children!)
    }
    if (costs !== undefined) {
      for (const child of pending.flatMap((node) => node.children!)) this.#takeCosts(child, costs)
    }
    // from here to the reopening the open leaves are in no order
    rescanned.forEach((node, i) => { node.candidate = answer[pending.length + i]![0] })
    if (rescanned.length > 0 && this.#stale.length === 0) this.#reopen()
  }

  #take(node: GrowerNode, candidate: SplitCandidate | null): void {
    node.candidate = candidate
    // what cannot be split now may be later, under rules
    if (candidate === null && this.#rules === null) this.#released.push(node.id)
    this.#meet(node)
  }

  #meet(node: GrowerNode): void {
    if (node.candidate !== null && node.rules?.forced == null) this.#ahead?.meet(node)
  }

  #takeCosts(node: GrowerNode, costs: NodeCosts): void {
    assert(node.rules !== null, 'a tree under rules')
    if (node.mask === null) return
    node.rules.rowCosts = costs(node.id)
    this.#stale.push(node)
  }

  /** What a split leads to is only known when it is made. */
  get #isOneByOne(): boolean {
    return this.#forced.length > 0 || this.#rules?.isDynamic === true
  }

  #admit(node: GrowerNode): void {
    if (node.rules !== null && node.rules.forced !== null) this.#forced.push(node)
    else if (node.candidate !== null) this.#open.push(node)
  }

  /** The open leaves anew: gains have changed. */
  #reopen(): void {
    this.#open = new Heap(this.#before)
    this.#ahead = this.#newAhead()
    for (const leaf of this.#leaves) {
      if (leaf.candidate === null || leaf.rules?.forced !== null) continue
      this.#open.push(leaf)
      this.#meet(leaf)
    }
  }

  /** A forced split gains nothing, or cannot be made: LightGBM leaves out all that are left. */
  #giveUpForced(): void {
    for (const node of this.#forced) {
      node.rules!.forced = null
      if (node.mask !== null) this.#stale.push(node)
    }
    this.#forced = []
  }

  #commit(node: GrowerNode, [left, right]: readonly [GrowerNode, GrowerNode]): void {
    node.split = this.#committed.push(node) - 1
    if (this.#forced[0] !== node) {
      this.#leastGain = Math.min(this.#leastGain, node.candidate!.gain)
    }
    left.leaf = node.leaf
    right.leaf = this.#nLeaves++
    if (this.#rules !== null) {
      this.#leaves[left.leaf] = left
      this.#leaves[right.leaf] = right
      if (this.#forced[0] === node) this.#forced.shift()
    }
    // those of the last split are leaves for good, also if they were known before
    if (this.#nLeaves >= this.#params.numLeaves) return
    this.#admit(left)
    this.#admit(right)
  }

  #request(nodes: readonly GrowerNode[]): RoundRequest {
    // the children of the last split are leaves for good
    const mayGrow = this.#params.numLeaves - this.#nLeaves > 1
    const expansions = nodes.map((node) => this.#expand(node, node.candidate!, mayGrow))
    this.#pending = [...nodes]
    if (this.#rules?.isDynamic === true) {
      // the one that is split next, whatever becomes of the others
      if (this.#forced.length === 0) this.#open.pop()
    }
    return this.#round(expansions)
  }

  #round(expansions: readonly Expansion[]): RoundRequest {
    this.#rounds++
    this.#expansions += expansions.length
    const released = this.#released
    this.#released = []
    const round: RoundRequest = { kind: 'round', expansions, released }
    if (this.#stale.length === 0) return round
    this.#rescanned = this.#stale.splice(0, this.#rules!.rescansMax)
    return {
      ...round,
      rescans: this.#rescanned.map(({ id, totals, mask, rules }) =>
        ({ node: id, totals, mask: mask!, rules: this.#rules!.rulesOf(rules!) })),
    }
  }

  /** Leaves whose best split may be another once this one is made. */
  #findStale(node: GrowerNode, mayGrow: boolean): void {
    const [left, right] = node.children!
    const others = this.#leaves.filter((leaf) => leaf !== node && leaf.mask !== null)
    const { stale, all } = this.#rules!.afterSplit(
      node.rules!, [left.rules!, right.rules!], node.candidate!, others.map((leaf) => leaf.rules!))
    if (!mayGrow) return
    this.#stale.push(...others.filter((leaf) =>
      stale.has(leaf.rules!) && (all || leaf.candidate !== null)))
  }

  /**
   * The leaf that is next, and nodes that will be needed then, if those that are not known yet
   * bring nothing better. Where much ran ahead in vain, no more does: its histograms are kept to
   * the end of the tree.
   */
  #likelyNext(first: GrowerNode): GrowerNode[] {
    const nodes = [first]
    if (this.#ahead === null) return nodes
    this.#ahead.reach(first.candidate!.gain)
    const { numLeaves, maxExpansions, aheadMax } = this.#params
    const nAhead = this.#expansions - this.#committed.length
    const horizon = Math.ceil((numLeaves - this.#nLeaves) * this.#ahead.horizon)
    const most = Math.min(maxExpansions, Math.min(aheadMax, horizon) - nAhead)
    while (nodes.length < most) {
      const node = this.#ahead.next()
      if (node === null) break
      if (node !== first) nodes.push(node)
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
    const leftBins = leftBinsOf(split, this.#features[split.feature]!)
    const rules = node.rules === null ? null
      : this.#rules!.split(node.rules, split, leftBins, [split.left, rightTotals])
    const path = node.path.includes(split.feature) ? node.path : [...node.path, split.feature]
    const child = (childTotals: LeafTotals, side: 0 | 1): GrowerNode => ({
      id: this.#nextId++,
      depth: depth + 1,
      key: finish(mixWord(key, side)) | 0,
      totals: childTotals,
      usesCatL2: split.usesCatL2,
      path,
      rules: rules?.[side] ?? null,
      mask: null,
      candidate: null,
      children: null,
      leftBins: null,
      split: -1,
      leaf: -1,
    })
    const left = child(split.left, 0)
    const right = child(rightTotals, 1)
    node.children = [left, right]
    node.leftBins = leftBins
    for (const of of node.children) {
      of.mask = mayGrow && this.#canSplit(of) ? this.#mask(of.key, path) : null
    }
    const expansion = {
      parent: node.id,
      left: left.id,
      right: right.id,
      feature: split.feature,
      leftBins,
      leftTotals: left.totals,
      rightTotals,
      leftMask: left.mask,
      rightMask: right.mask,
    }
    if (rules === null) return expansion
    if (this.#rules!.isDynamic) this.#findStale(node, mayGrow)
    return {
      ...expansion, rules: [this.#rules!.rulesOf(rules[0]), this.#rules!.rulesOf(rules[1])],
    }
  }

  #canSplit({ depth, totals }: GrowerNode): boolean {
    const { maxDepth, minDataInLeaf } = this.#params
    return (maxDepth <= 0 || depth < maxDepth) && totals.count >= 2 * Math.max(1, minDataInLeaf)
  }

  /** Of the tree, once it is grown; null where it has no split of its own choice. */
  get gains(): GainRange | null {
    if (this.#leastGain === Infinity) return null
    const left = this.#open.peek()?.candidate!.gain
    // a tree that took all it could get says that any split is made
    return left === undefined ? { least: 0, left: 0 } : { least: this.#leastGain, left }
  }

  readonly #valueOf = ({ totals, usesCatL2, rules }: GrowerNode): number =>
    this.#leafValue(totals, usesCatL2, rules?.output ?? null)

  /** The tree, once `next` has returned null. */
  finish(): GrownTree {
    const root = this.#root
    assert(root !== null, 'the tree was started')
    const nodes = this.#committed
    const leaves: GrowerNode[] = []
    const visit = (node: GrowerNode): number => {
      if (node.split >= 0) return node.split
      leaves[node.leaf] = node
      return ~node.leaf
    }
    const leftChild = nodes.map((node) => visit(node.children![0]))
    const rightChild = nodes.map((node) => visit(node.children![1]))
    if (nodes.length === 0) leaves.push(root)
    const splits = nodes.map((node) => node.candidate!)
    return {
      binned: {
        feature: splits.map((split) => split.feature),
        leftBins: nodes.map((node) => node.leftBins!),
        leftChild,
        rightChild,
        leafValue: leaves.map(this.#valueOf),
      },
      splits,
      nodeTotals: nodes.map((node) => node.totals),
      nodeValue: nodes.map(this.#valueOf),
      leafTotals: leaves.map((leaf) => leaf.totals),
      leafNodes: leaves.map((leaf) => leaf.id),
      statistics: {
        rounds: this.#rounds,
        expansions: this.#expansions,
        dropped: this.#expansions - nodes.length,
      },
    }
  }
}

const ROOT_KEY = 1
