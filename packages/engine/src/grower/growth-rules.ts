import { exp } from '@coppice/model'
import type { BinSet } from '../bin-set.js'
import type { LeafRules, Neighbour, TreeRules } from '../execution/leaf-rules.js'
import type { FeatureLayout } from '../execution/protocol.js'
import type { LeafTotals, SplitCandidate } from '../kernels/candidate.js'
import { powerOfTwo } from '../numeric/exact-sum.js'
import {
  isInLine, partShared, sideOf, splitRegion, type LeafRegion,
} from './leaf-region.js'

/** How bounds of monotone constraints are kept, as in LightGBM. */
export type MonotoneMethod = 'basic' | 'intermediate' | 'advanced'

/** A split that is made whatever it gains, and those below it. */
export interface ForcedSplit {
  readonly feature: number
  /** Numeric: bins up to it go left. Categorical: the one bin that goes left. */
  readonly bin: number
  readonly left: ForcedSplit | null
  readonly right: ForcedSplit | null
}

/** What the grower has to know beside the rules of the scans. Plain data. */
export interface GrowthRules {
  readonly monotoneMethod: MonotoneMethod
  readonly monotonePenalty: number
  /** What a split costs for each row of the leaf. */
  readonly costPerRow: number
  readonly forced: ForcedSplit | null
}

/** What rules say of one leaf of a tree. */
export interface RuledLeaf {
  /** Its value before the learning rate. */
  readonly output: number
  readonly depth: number
  readonly count: number
  /** Of each feature, what its rows have to pay for it; null until that is known. */
  rowCosts: Float64Array | null
  /** What it has to be split by, if it can. */
  forced: ForcedSplit | null
  min: number
  max: number
  readonly region: LeafRegion
  /** Method 'advanced': the leaves that bound it. */
  readonly neighbours: Map<RuledLeaf, Neighbour>
}

/** The output of a leaf of these sums without any rule. */
export type FreeOutput = (totals: LeafTotals, usesCatL2: boolean) => number

/**
 * The rules of one tree: outputs of its leaves, their bounds, and which leaves have to be scanned
 * again after a split. Pure, and a function of the splits alone.
 *
 * Monotone constraints as LightGBM has them (src/treelearner/monotone_constraints.hpp). 'basic':
 * the middle of two children's outputs bounds both. 'intermediate': the outputs of leaves bound
 * those that lie beside them in the direction of a constrained feature; a leaf whose bounds became
 * tighter is scanned again. 'advanced': each side of each threshold is bounded by those leaves
 * alone that it shares rows' values with in all other features. Which leaves lie beside each other
 * is found from the bins that lead to them, categories and missing values included.
 */
export class RuledTree {
  readonly #tree: TreeRules
  readonly #growth: GrowthRules
  readonly #features: readonly FeatureLayout[]
  readonly #free: FreeOutput
  readonly #monotone: readonly number[]
  /** Features whose first use is yet to be paid; null where that costs nothing. */
  #due: Uint8Array | null

  constructor(
    tree: TreeRules, growth: GrowthRules, features: readonly FeatureLayout[], free: FreeOutput,
    due: Uint8Array | null,
  ) {
    this.#tree = tree
    this.#growth = growth
    this.#features = features
    this.#free = free
    this.#due = due
    this.#monotone = tree.directions.flatMap((direction, f) => direction === 0 ? [] : [f])
  }

  /** Splits change what other leaves would best be split by: one at a time, then. */
  get isDynamic(): boolean {
    return isDynamic(this.#tree, this.#growth)
  }

  /** Most leaves that are scanned again in a round. */
  get rescansMax(): number {
    return this.#tree.rescansMax
  }

  /** Of the root, whose sums are not known yet. */
  rootRules(): LeafRules {
    return this.rulesOf(this.#leaf(NaN, 0, 0, this.#growth.forced, new Map()))
  }

  root(totals: LeafTotals): RuledLeaf {
    const output = this.#free(totals, false)
    return this.#leaf(output, 0, totals.count, this.#growth.forced, new Map())
  }

  #leaf(
    output: number, depth: number, count: number, forced: ForcedSplit | null, region: LeafRegion,
  ): RuledLeaf {
    return {
      output, depth, count, forced, region, min: -Infinity, max: Infinity, neighbours: new Map(),
      rowCosts: null,
    }
  }

  /** What the scan of a leaf has to know. */
  rulesOf(leaf: RuledLeaf): LeafRules {
    const { output, depth, count, forced, rowCosts } = leaf
    const { monotonePenalty, costPerRow } = this.#growth
    const { min, max, neighbours } = effectiveBounds(leaf)
    return {
      min, max, output, neighbours,
      monotoneFactor: monotoneFactor(monotonePenalty, depth),
      cost: costPerRow * count,
      due: this.#due,
      rowCosts,
      forced: forced === null ? null : { feature: forced.feature, bin: forced.bin },
    }
  }

  /** The children of a leaf. Nothing else changes: a split may come to nothing. */
  split(
    leaf: RuledLeaf, split: SplitCandidate, leftBins: BinSet,
    totals: readonly [LeafTotals, LeafTotals],
  ): [RuledLeaf, RuledLeaf] {
    const layout = this.#features[split.feature]!
    const regions = this.#needsRegions
      ? splitRegion(leaf.region, split.feature, leftBins, layout)
      : [leaf.region, leaf.region] as const
    const sides = sideBounds(leaf, split)
    const make = (side: 0 | 1): RuledLeaf => {
      const free = this.#smoothed(totals[side], split.usesCatL2, leaf.output)
      const output = Math.max(sides[side].min, Math.min(sides[side].max, free))
      const forced = side === 0 ? leaf.forced?.left : leaf.forced?.right
      return {
        ...this.#leaf(output, leaf.depth + 1, totals[side].count, forced ?? null, regions[side]),
        min: leaf.min,
        max: leaf.max,
      }
    }
    const children: [RuledLeaf, RuledLeaf] = [make(0), make(1)]
    this.#boundChildren(leaf, children, split)
    return children
  }

  get #needsRegions(): boolean {
    return this.#growth.monotoneMethod !== 'basic' && this.#monotone.length > 0
  }

  #smoothed(totals: LeafTotals, usesCatL2: boolean, above: number): number {
    const output = this.#free(totals, usesCatL2)
    const { pathSmooth } = this.#tree
    if (pathSmooth <= 0) return output
    const share = totals.count / pathSmooth
    return output * share / (share + 1) + above / (share + 1)
  }

  /** What siblings mean to each other, and with 'advanced' the neighbours they inherit. */
  #boundChildren(
    leaf: RuledLeaf, [left, right]: readonly [RuledLeaf, RuledLeaf],
    { feature, isCategorical }: SplitCandidate,
  ): void {
    const { monotoneMethod } = this.#growth
    if (monotoneMethod === 'advanced') {
      for (const [child, sibling] of [[left, right], [right, left]] as const) {
        for (const other of leaf.neighbours.keys()) this.#meet(child, other)
        this.#meet(child, sibling)
      }
      return
    }
    const direction = isCategorical ? 0 : this.#tree.directions[feature] ?? 0
    if (direction === 0) return
    const middle = (left.output + right.output) / 2
    const ofLeft = monotoneMethod === 'basic' ? middle : right.output
    const ofRight = monotoneMethod === 'basic' ? middle : left.output
    const [lower, upper] = direction > 0 ? [left, right] : [right, left]
    const [ofLower, ofUpper] = direction > 0 ? [ofLeft, ofRight] : [ofRight, ofLeft]
    lower.max = Math.min(lower.max, ofLower)
    upper.min = Math.max(upper.min, ofUpper)
  }

  /**
   * A split became part of the tree.
   *
   * @param leaves - the others of the tree that have not too few rows, and are not too deep
   * @returns those whose best split may be another now. `all`: also of leaves that had none
   */
  afterSplit(
    leaf: RuledLeaf, children: readonly [RuledLeaf, RuledLeaf], { feature }: SplitCandidate,
    leaves: readonly RuledLeaf[],
  ): { readonly stale: ReadonlySet<RuledLeaf>, readonly all: boolean } {
    const stale = new Set(this.#needsRegions
      ? leaves.filter((other) => this.#update(other, leaf, children)) : [])
    if (this.#due?.[feature] !== 1) return { stale, all: false }
    this.#due = this.#due.slice()
    this.#due[feature] = 0
    if ((this.#tree.firstUseCosts[feature] ?? 0) === 0) return { stale, all: false }
    return { stale: new Set(leaves), all: true }
  }

  /** Bounds another leaf by two children instead of their parent. Returns whether they differ. */
  #update(
    other: RuledLeaf, parent: RuledLeaf, children: readonly [RuledLeaf, RuledLeaf],
  ): boolean {
    if (this.#growth.monotoneMethod === 'advanced') {
      const wasThere = other.neighbours.delete(parent)
      for (const child of children) if (wasThere) this.#meet(other, child)
      return wasThere
    }
    const { min, max } = other
    for (const child of children) {
      const bound = this.#boundOf(other, child)
      if (bound === null) continue
      if (bound.isMin) other.min = Math.max(other.min, child.output)
      else other.max = Math.min(other.max, child.output)
    }
    return other.min !== min || other.max !== max
  }

  /** Notes that a leaf is bounded by another, if it is. */
  #meet(leaf: RuledLeaf, other: RuledLeaf): void {
    const bound = this.#boundOf(leaf, other)
    if (bound === null) return
    const parts: number[] = []
    for (const g of other.region.keys()) {
      if (g === bound.feature) continue
      const part = partShared(leaf.region, other.region, g, this.#features[g]!)
      if (part !== null) parts.push(g, part.first, part.last, Number(part.hasMissing))
    }
    leaf.neighbours.set(other, { output: other.output, isMin: bound.isMin, parts })
  }

  /** Whether another leaf bounds this one, from which side, and along which feature. */
  #boundOf(leaf: RuledLeaf, other: RuledLeaf): { isMin: boolean, feature: number } | null {
    for (const feature of this.#monotone) {
      const side = sideOf(other.region, leaf.region, feature, this.#features[feature]!)
      if (side === 0 || !isInLine(leaf.region, other.region, feature)) continue
      return { isMin: side * this.#tree.directions[feature]! < 0, feature }
    }
    return null
  }
}

/** Whether leaves are scanned again, since a split changes what others are best split by. */
export function isDynamic(
  { directions, firstUseCosts, rowCosts }: TreeRules, { monotoneMethod }: GrowthRules,
): boolean {
  return rowCosts.length > 0 || firstUseCosts.some((cost) => cost > 0) ||
    (monotoneMethod !== 'basic' && directions.some((direction) => direction !== 0))
}

/** LightGBM's ComputeMonotoneSplitGainPenalty. */
export function monotoneFactor(penalty: number, depth: number): number {
  const epsilon = 1e-15
  if (penalty >= depth + 1) return epsilon
  if (penalty <= 1) return 1 - penalty * twoTo(-depth) + epsilon
  return 1 - twoTo(penalty - 1 - depth) + epsilon
}

/** 2^x for x <= 0; exact where x is whole. */
function twoTo(x: number): number {
  const whole = Math.floor(x)
  return powerOfTwo(Math.max(-1000, whole)) * exp((x - whole) * Math.LN2)
}

/** Neighbours that bound all of the leaf become bounds; of the others those that bound more. */
function effectiveBounds(
  leaf: RuledLeaf,
): { min: number, max: number, neighbours: readonly Neighbour[] } {
  const all = [...leaf.neighbours.values()]
  const whole = all.filter(({ parts }) => parts.length === 0)
  const min = Math.max(leaf.min, ...whole.filter((n) => n.isMin).map(({ output }) => output))
  const max = Math.min(leaf.max, ...whole.filter((n) => !n.isMin).map(({ output }) => output))
  return {
    min, max, neighbours: all.filter(({ parts, isMin, output }) =>
      parts.length > 0 && (isMin ? output > min : output < max)),
  }
}

interface Bounds { min: number, max: number }

/** Bounds of the outputs left and right of a split: what the scan had for it. */
function sideBounds(
  leaf: RuledLeaf, { feature, bin, defaultLeft, isCategorical }: SplitCandidate,
): readonly [Bounds, Bounds] {
  const { min, max, neighbours } = effectiveBounds(leaf)
  const sides: readonly [Bounds, Bounds] = [{ min, max }, { min, max }]
  for (const { output, isMin, parts } of neighbours) {
    const touches = [true, true]
    for (let i = 0; i < parts.length && !isCategorical; i += 4) {
      if (parts[i] !== feature) continue
      const hasMissing = parts[i + 3] === 1
      touches[0] = parts[i + 1]! <= bin || (hasMissing && defaultLeft)
      touches[1] = parts[i + 2]! > bin || (hasMissing && !defaultLeft)
    }
    sides.forEach((side, i) => {
      if (!touches[i]) return
      if (isMin) side.min = Math.max(side.min, output)
      else side.max = Math.min(side.max, output)
    })
  }
  return sides
}
