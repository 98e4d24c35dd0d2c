import {
  finish, mixNumber, mixWord, Purpose, startHash, type BinnedDataset, type FeatureInfo,
  type ResolvedParams,
} from '@coppice/engine'
import type { Tree } from '@coppice/model'
import { leafGain, threshold } from './naive-gain.js'
import type { NaiveGrid } from './naive-grid.js'

/** Sums over rows in fixed-point units. */
interface Sums { readonly g: number, readonly h: number, readonly n: number }

/** A way to cut a leaf: which bins go left, and what the tree records of it. */
interface Split {
  readonly feature: number
  readonly gain: number
  readonly goesLeft: (bin: number) => boolean
  /** Numeric: bins up to this go left; -1 for categories. */
  readonly bin: number
  readonly defaultLeft: boolean
  readonly usesCatL2: boolean
  /** Extra trees: whether a number in [0, 1) draws this one of the feature's candidates. */
  readonly isDrawn: (draw: number) => boolean
}

interface Leaf {
  readonly rows: readonly number[]
  readonly sums: Sums
  readonly depth: number
  readonly key: number
  /** Features that split the leaves above, the nearest first. */
  readonly path: readonly number[]
  readonly usesCatL2: boolean
  readonly split: Split | null
}

/** Powers of two by which gradients and hessians were multiplied. */
export interface Scales { readonly g: number, readonly h: number }

/** Grows one tree by the strict order. */
export class NaiveGrower {
  readonly #features: readonly FeatureInfo[]
  /** Features of the tree, and the hash that the nodes' draws start from. */
  readonly #treeFeatures: readonly number[]
  readonly #nodeHash: number
  /** Of the thresholds of extra_trees. */
  readonly #thresholdHash: number

  constructor(
    readonly params: ResolvedParams, data: BinnedDataset, readonly bins: Uint16Array,
    readonly fixed: readonly (readonly [number, number])[], readonly scales: Scales,
    readonly grid: NaiveGrid, iteration: number, output: number, readonly shrinkage: number,
    readonly bias: number,
  ) {
    this.#features = data.features
    const start = (purpose: Purpose): number => mixNumber(
      mixNumber(startHash(params.featureFractionSeed, purpose), iteration), output)
    const usable = data.features.flatMap(({ mapper }, f) => mapper.nBins > 1 ? [f] : [])
    this.#treeFeatures = drawFeatures(
      usable, params.featureFraction, start(Purpose.featureFractionTree))
    this.#nodeHash = start(Purpose.featureFractionNode)
    this.#thresholdHash = mixNumber(
      mixNumber(startHash(params.extraSeed, Purpose.extraThreshold), iteration), output)
  }

  grow(inBag: readonly number[]): { tree: Tree, leafOf: (row: number) => number } {
    const { numLeaves, growPolicy } = this.params
    const root = this.#leaf(inBag, 0, 1, [], false)
    const leaves = [root]
    // a split node, and where its left and right child are: a node's index or ~leaf
    const nodes: { leaf: Leaf, split: Split, left: number, right: number }[] = []
    while (leaves.length < numLeaves) {
      let best = -1
      leaves.forEach((leaf, i) => {
        if (leaf.split === null) return
        const first = leaves[best]
        const isShallower = growPolicy === 'depthwise' && leaf.depth < (first?.depth ?? Infinity)
        const isDeeper = growPolicy === 'depthwise' && leaf.depth > (first?.depth ?? Infinity)
        if (isDeeper) return
        if (first === undefined || isShallower || leaf.split.gain > first.split!.gain) best = i
      })
      if (best < 0) break
      const leaf = leaves[best]!
      const split = leaf.split!
      const goesLeft = (row: number): boolean => split.goesLeft(this.#bin(row, split.feature))
      const key = (side: number): number => finish(mixWord(leaf.key, side)) | 0
      const make = (side: 0 | 1): Leaf => this.#leaf(
        leaf.rows.filter((row) => goesLeft(row) === (side === 0)), leaf.depth + 1, key(side),
        [split.feature, ...leaf.path.filter((f) => f !== split.feature)], split.usesCatL2)
      const parent = nodes.find((node) => node.left === ~best || node.right === ~best)
      if (parent !== undefined) {
        if (parent.left === ~best) parent.left = nodes.length
        else parent.right = nodes.length
      }
      nodes.push({ leaf, split, left: ~best, right: ~leaves.length })
      leaves[best] = make(0)
      leaves.push(make(1))
    }
    const leafOf = (row: number): number => {
      let at = nodes.length === 0 ? ~0 : 0
      while (at >= 0) {
        const { split, left, right } = nodes[at]!
        at = split.goesLeft(this.#bin(row, split.feature)) ? left : right
      }
      return ~at
    }
    const weightOf = (leaf: Leaf): number => leaf.sums.h / this.scales.h
    const tree: Tree = {
      splitFeature: nodes.map(({ split }) => split.feature),
      splitGain: nodes.map(({ split }) => split.gain),
      threshold: nodes.map(({ split }) => this.#thresholdOf(split)),
      leftCategories: nodes.map(({ split }) => this.#categoriesOf(split)),
      defaultLeft: nodes.map(({ split }) => split.defaultLeft),
      leftChild: nodes.map(({ left }) => left),
      rightChild: nodes.map(({ right }) => right),
      nodeValue: nodes.map(({ leaf }) => this.#value(leaf)),
      nodeWeight: nodes.map(({ leaf }) => weightOf(leaf)),
      nodeCount: nodes.map(({ leaf }) => leaf.rows.length),
      // a tree that cannot split adds nothing
      leafValue: nodes.length === 0 ? [this.bias] : leaves.map((leaf) => this.#value(leaf)),
      leafWeight: leaves.map(weightOf),
      leafCount: leaves.map((leaf) => leaf.rows.length),
    }
    return { tree, leafOf }
  }

  #bin(row: number, feature: number): number {
    return this.bins[row * this.#features.length + feature]!
  }

  #thresholdOf({ feature, bin }: Split): number | null {
    const { mapper } = this.#features[feature]!
    return mapper.kind === 'categorical' ? null
      : Math.min(Number.MAX_VALUE, mapper.upperBounds[bin]!)
  }

  #categoriesOf({ feature, goesLeft }: Split): number[] | null {
    const { mapper } = this.#features[feature]!
    if (mapper.kind === 'numeric') return null
    return [...mapper.codes].filter((_, i) => goesLeft(i + 1)).sort((a, b) => a - b)
  }

  /** -T(G) / (H + l2), clamped, times the learning rate, on the grid. */
  #value({ sums, usesCatL2 }: Leaf): number {
    const { lambdaL1, lambdaL2, catL2, maxDeltaStep } = this.params
    const d = sums.h / this.scales.h + lambdaL2 + (usesCatL2 ? catL2 : 0)
    const output = d <= 0 ? 0 : -threshold(sums.g / this.scales.g, lambdaL1) / d
    const limit = maxDeltaStep > 0 ? maxDeltaStep : Infinity
    return this.grid.round(
      this.shrinkage * Math.max(-limit, Math.min(limit, output)) + this.bias)
  }

  #sums(rows: readonly number[]): Sums {
    let g = 0
    let h = 0
    for (const row of rows) {
      g += this.fixed[row]![0]
      h += this.fixed[row]![1]
    }
    return { g, h, n: rows.length }
  }

  #leaf(
    rows: readonly number[], depth: number, key: number, path: readonly number[],
    usesCatL2: boolean,
  ): Leaf {
    const { maxDepth, featureFractionBynode } = this.params
    const sums = this.#sums(rows)
    const mayGrow = maxDepth <= 0 || depth < maxDepth
    const features = drawFeatures(
      this.#treeFeatures, featureFractionBynode, mixWord(this.#nodeHash, key))
    const elected = mayGrow ? this.#elected(rows, sums, features, path) : []
    const split = mayGrow ? this.#bestSplit(rows, sums, elected, key) : null
    return { rows, sums, depth, key, path, usesCatL2, split }
  }

  /** tree_learner = voting: the features that may split a leaf. */
  #elected(
    rows: readonly number[], total: Sums, features: readonly number[], path: readonly number[],
  ): readonly number[] {
    const seats = 2 * this.params.topK
    const nUsable = this.#features.filter(({ mapper }) => mapper.nBins > 1).length
    if (this.params.treeLearner !== 'voting' || seats >= nUsable) return features
    const known = path.filter((f) => features.includes(f)).slice(0, Math.floor(seats / 2))
    const votes = features.filter((f) => !known.includes(f)).map((f) => {
      const { mapper } = this.#features[f]!
      const missingBin = mapper.kind === 'numeric' ? mapper.missingBin : -1
      const groupOf = groupsOf(mapper.nBins, missingBin, mapper.kind === 'categorical')
      const byGroup = Array.from({ length: Math.max(...groupOf) + 1 }, (_, group) =>
        this.#sums(rows.filter((row) => groupOf[this.#bin(row, f)] === group)))
      const gain = mapper.kind === 'categorical'
        ? this.#gainOf(this.#categoricalSplits(byGroup, total), total)
        : this.#gainOf(this.#numericSplits(
          byGroup, total, missingBin < 0 ? -1 : groupOf[missingBin]!), total)
      return { f, gain }
    })
    const most = votes.filter(({ gain }) => gain > -Infinity)
      .sort((a, b) => b.gain - a.gain || a.f - b.f)
    return [...known, ...most.slice(0, seats - known.length).map(({ f }) => f)]
  }

  /** The gain of the best of some splits, less the leaf's own; -Infinity without one. */
  #gainOf(splits: Iterable<Omit<Split, 'feature'>>, total: Sums): number {
    const { lambdaL1, lambdaL2, maxDeltaStep, minGainToSplit } = this.params
    const parent = leafGain(
      total.g / this.scales.g, total.h / this.scales.h, lambdaL1, lambdaL2, maxDeltaStep)
    const best = Math.max(...[...splits].map(({ gain }) => gain))
    return best > parent + minGainToSplit ? best - parent : -Infinity
  }

  /** The best split: of equal gains the lower feature, within a feature the first in its order. */
  #bestSplit(
    rows: readonly number[], total: Sums, features: readonly number[], key: number,
  ): Split | null {
    const { lambdaL1, lambdaL2, maxDeltaStep, minGainToSplit } = this.params
    const parent = leafGain(
      total.g / this.scales.g, total.h / this.scales.h, lambdaL1, lambdaL2, maxDeltaStep)
    let best: Split | null = null
    for (const feature of [...features].sort((a, b) => a - b)) {
      const { mapper } = this.#features[feature]!
      const byBin = Array.from({ length: mapper.nBins }, (_, b) =>
        this.#sums(rows.filter((row) => this.#bin(row, feature) === b)))
      const candidates = mapper.kind === 'categorical' ? this.#categoricalSplits(byBin, total)
        : this.#numericSplits(byBin, total, mapper.missingBin)
      const draw = finish(mixNumber(mixWord(this.#thresholdHash, key), feature)) / 4294967296
      let own: Omit<Split, 'feature'> | null = null
      for (const candidate of candidates) {
        if (this.params.extraTrees && !candidate.isDrawn(draw)) continue
        if (candidate.gain <= (own?.gain ?? parent + minGainToSplit)) continue
        own = candidate
      }
      if (own === null) continue
      const gain = own.gain - parent
      if (best === null || gain > best.gain) best = { ...own, feature, gain }
    }
    return best
  }

  /** Minimum rows and hessian on both sides. `right` hessians are total - left. */
  #isLegal(left: Sums, total: Sums, l2: number): boolean {
    const { minDataInLeaf, minSumHessianInLeaf } = this.params
    const minData = Math.max(1, minDataInLeaf)
    const hl = left.h / this.scales.h
    const hr = (total.h - left.h) / this.scales.h
    return left.n >= minData && total.n - left.n >= minData && hl >= minSumHessianInLeaf &&
      hr >= minSumHessianInLeaf && hl + l2 > 0 && hr + l2 > 0
  }

  /** Sum of both children's gains, one leaf after the other. */
  #pairGain(left: Sums, total: Sums, l2: number): number {
    const { lambdaL1, maxDeltaStep } = this.params
    const { g, h } = this.scales
    return leafGain(left.g / g, left.h / h, lambdaL1, l2, maxDeltaStep) +
      leafGain((total.g - left.g) / g, (total.h - left.h) / h, lambdaL1, l2, maxDeltaStep)
  }

  /** Numeric gains without max_delta_step are one fraction over the common denominator. */
  #numericGain(left: Sums, total: Sums): number {
    const { lambdaL1, lambdaL2, maxDeltaStep } = this.params
    if (maxDeltaStep > 0) return this.#pairGain(left, total, lambdaL2)
    const { g, h } = this.scales
    const tl = Math.max(Math.abs(left.g / g) - lambdaL1, 0)
    const tr = Math.max(Math.abs((total.g - left.g) / g) - lambdaL1, 0)
    const dl = left.h / h + lambdaL2
    const dr = (total.h - left.h) / h + lambdaL2
    return (tl * tl * dr + tr * tr * dl) / (dl * dr)
  }

  /** Missing left from the highest bin down, then missing right from the lowest bin up. */
  *#numericSplits(
    byBin: readonly Sums[], total: Sums, missingBin: number,
  ): Generator<Omit<Split, 'feature'>> {
    const nValues = missingBin === byBin.length - 1 ? missingBin : byBin.length
    const hasMissing = missingBin >= 0 && byBin[missingBin]!.n > 0
    for (const defaultLeft of hasMissing ? [true, false] : [true]) {
      const nThresholds = defaultLeft ? nValues - 1 : nValues
      for (let i = 0; i < nThresholds; i++) {
        const bin = defaultLeft ? nThresholds - 1 - i : i
        const goesLeft = (b: number): boolean => b === missingBin ? defaultLeft : b <= bin
        const left = addUp(byBin.filter((_, b) => goesLeft(b)))
        if (!this.#isLegal(left, total, this.params.lambdaL2)) continue
        const gain = this.#numericGain(left, total)
        const isDrawn = (draw: number): boolean =>
          Math.floor(draw * Math.max(1, nValues - 1)) === bin
        yield { gain, goesLeft, bin, defaultLeft, usesCatL2: false, isDrawn }
      }
    }
  }

  /** One category against the rest, or the ordered categories from both ends. */
  *#categoricalSplits(byBin: readonly Sums[], total: Sums): Generator<Omit<Split, 'feature'>> {
    const { params } = this
    const l2OfOne = params.lambdaL2
    const make = (
      bins: readonly number[], l2: number, usesCatL2: boolean, isDrawn: Split['isDrawn'],
    ) => {
      const gain = this.#pairGain(addUp(bins.map((b) => byBin[b]!)), total, l2)
      return {
        gain, goesLeft: (b: number) => bins.includes(b), bin: -1, defaultLeft: false, usesCatL2,
        isDrawn,
      }
    }
    if (byBin.length <= params.maxCatToOnehot) {
      for (let b = 1; b < byBin.length; b++) {
        if (!this.#isLegal(byBin[b]!, total, l2OfOne)) continue
        yield make(
          [b], l2OfOne, false, (draw) => Math.floor(draw * (byBin.length - 1)) === b - 1)
      }
      return
    }
    const key = (b: number): number => {
      const d = byBin[b]!.h / this.scales.h + params.catSmooth
      return d > 0 ? byBin[b]!.g / this.scales.g / d : 0
    }
    const order = byBin.map((_, b) => b).slice(1)
      .filter((b) => byBin[b]!.n >= params.catSmooth)
      .sort((a, b) => key(a) - key(b) || a - b)
    const most = Math.min(params.maxCatThreshold, Math.floor((order.length + 1) / 2))
    const l2 = params.lambdaL2 + params.catL2
    const minData = Math.max(1, params.minDataInLeaf)
    for (const ends of [order, [...order].reverse()]) {
      let sinceScored = 0
      for (let size = 1; size <= most; size++) {
        const bins = ends.slice(0, size)
        const left = addUp(bins.map((b) => byBin[b]!))
        sinceScored += byBin[bins.at(-1)!]!.n
        if (left.n < minData || left.h / this.scales.h < params.minSumHessianInLeaf) continue
        const right = total.n - left.n
        if (right < Math.max(minData, params.minDataPerGroup)) break
        if ((total.h - left.h) / this.scales.h < params.minSumHessianInLeaf) break
        if (sinceScored < params.minDataPerGroup) continue
        sinceScored = 0
        // one of 255 draws, spread over the candidates
        const isDrawn = (draw: number): boolean =>
          Math.floor(Math.floor(draw * 255) * most / 255) === size - 1
        if (this.#isLegal(left, total, l2)) yield make(bins, l2, true, isDrawn)
      }
    }
  }
}

/**
 * Of each bin the group that votes are cast by: 8 of values, about as many in each; a category
 * each, those beyond 255 together.
 */
function groupsOf(nBins: number, missingBin: number, isCategorical: boolean): number[] {
  const values = Array.from({ length: nBins }, (_, b) => b).filter((b) => b !== missingBin)
  if (isCategorical || values.length <= 8) {
    return Array.from({ length: nBins }, (_, b) => Math.min(b, 255))
  }
  return Array.from({ length: nBins }, (_, b) =>
    b === missingBin ? 8 : Math.floor(8 * values.indexOf(b) / values.length))
}

function addUp(sums: readonly Sums[]): Sums {
  return sums.reduce((a, b) => ({ g: a.g + b.g, h: a.h + b.h, n: a.n + b.n }), { g: 0, h: 0, n: 0 })
}

/** round(n * fraction) features, at least one: those of the smallest draws. */
function drawFeatures(features: readonly number[], fraction: number, start: number): number[] {
  if (fraction >= 1) return [...features]
  const drawn = features.map((f) => ({ f, draw: finish(mixNumber(start, f)) }))
  drawn.sort((a, b) => a.draw - b.draw || a.f - b.f)
  return drawn.slice(0, Math.max(1, Math.round(features.length * fraction))).map(({ f }) => f)
}
