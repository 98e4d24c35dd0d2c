/**
 * The second oracle: boosted trees in plain f64, without fixed point, grid or ties. It answers two
 * questions. How far may quantisation have led a training astray (`auditByFloatOracle`)? And what
 * would a training without quantisation have come to (`trainByFloatOracle`)?
 *
 * The bound. A fixed-point gradient is off by at most half a unit uG, a hessian by half a unit uH,
 * so sums over n rows are off by at most eG = n uG / 2 and eH = n uH / 2. For a leaf with threshold
 * T = max(|G| - l1, 0), D = H + l2 > eH, the gain T^2 / D and the output T / D are then off by
 *
 *     |d gain|   <= ((T + eG)^2 / (D - eH)) - ((max(T - eG, 0))^2 / (D + eH))
 *     |d output| <= ((T + eG) / (D - eH)) - ((max(T - eG, 0)) / (D + eH))
 *
 * since both grow with T and fall with D (for outputs around 0: (T + eG) / (D - eH), the same
 * formula with T - eG below 0 counted as 0, plus eG / D for the change of sign). A training takes
 * the largest quantised gain, so the true gain of what it took is below the best true gain by at
 * most the sum of both bounds, plus rounding in f64 (1e-12 of the parent and children gains).
 */
import { resolveParams, type BinnedDataset, type ResolvedParams } from '@coppice/engine'
import type { Model, Tree } from '@coppice/model'
import { allBins } from './datasets.js'
import { powerAbove } from './naive-numbers.js'
import { describeObjective } from './naive-objective.js'

/** Gradient, hessian and rows of a leaf, as doubles. */
interface Sums { readonly g: number, readonly h: number, readonly n: number }

/** A legal way to cut a leaf, and its gain against leaving it whole. */
interface Cut {
  readonly feature: number
  readonly left: ReadonlySet<number>
  readonly gain: number
  /** Bound of the error that quantisation makes in the gain. */
  readonly error: number
}

/** Sizes of fixed-point units; 0 in a training without them. */
interface Units { readonly g: number, readonly h: number }

/** What an audit found, over all trees. */
export interface FloatAudit {
  readonly nNodes: number
  /** Worst of (best true gain - true gain of the split taken) / its bound; above 1 is a fault. */
  readonly worstSplit: number
  /** Worst of |recorded gain - true gain| / its bound. */
  readonly worstGain: number
  /** Worst of |leaf value - true value| / its bound. */
  readonly worstLeaf: number
}

const ROUNDING = 1e-12

/** Leaves and cuts of one training, in floats. Numeric features and plain gains only. */
class FloatTrees {
  readonly #bins: Uint16Array

  constructor(readonly params: ResolvedParams, readonly data: BinnedDataset) {
    this.#bins = allBins(data)
    const isNumeric = data.features.every(({ mapper }) => mapper.kind === 'numeric')
    if (!isNumeric || params.maxDeltaStep > 0 || data.initScore !== null) {
      throw new Error('the float oracle takes numeric features, no max_delta_step or init scores')
    }
  }

  bin(row: number, feature: number): number {
    return this.#bins[row * this.data.features.length + feature]!
  }

  sums(rows: readonly number[], pairs: readonly (readonly [number, number])[]): Sums {
    let g = 0
    let h = 0
    for (const row of rows) {
      g += pairs[row]![0]
      h += pairs[row]![1]
    }
    return { g, h, n: rows.length }
  }

  #threshold(g: number): number {
    return Math.max(Math.abs(g) - this.params.lambdaL1, 0)
  }

  /** Gain of one leaf and the bound of its error. */
  gain({ g, h, n }: Sums, units: Units): { value: number, error: number } {
    const t = this.#threshold(g)
    const d = h + this.params.lambdaL2
    const eG = n * units.g / 2
    const eH = n * units.h / 2
    const value = t * t / d
    const high = (t + eG) * (t + eG) / (d - eH)
    const low = Math.max(t - eG, 0) * Math.max(t - eG, 0) / (d + eH)
    return { value, error: high - low + ROUNDING * value }
  }

  /** Value of a leaf and the bound of its error; the grid's half quantum is the caller's. */
  value({ g, h, n }: Sums, units: Units): { value: number, error: number } {
    const { lambdaL2, learningRate } = this.params
    const t = this.#threshold(g)
    const d = h + lambdaL2
    const eG = n * units.g / 2
    const eH = n * units.h / 2
    const value = -Math.sign(g) * t / d
    const spread = (t + eG) / (d - eH) - Math.max(t - eG, 0) / (d + eH) + eG / (d - eH)
    return {
      value: learningRate * value,
      error: learningRate * (spread + ROUNDING * Math.abs(value)),
    }
  }

  /** All legal cuts of a leaf. */
  cuts(
    rows: readonly number[], pairs: readonly (readonly [number, number])[], units: Units,
  ): Cut[] {
    const total = this.sums(rows, pairs)
    const parent = this.gain(total, units)
    return this.data.features.flatMap(({ mapper }, feature) => {
      const byBin = Array.from({ length: mapper.nBins }, (_, b) =>
        this.sums(rows.filter((row) => this.bin(row, feature) === b), pairs))
      return this.#sides(feature).flatMap((left): Cut[] => {
        const add = (isLeft: boolean): Sums => byBin.reduce((sum, own, b) =>
          left.has(b) === isLeft ? { g: sum.g + own.g, h: sum.h + own.h, n: sum.n + own.n } : sum,
        { g: 0, h: 0, n: 0 })
        const [l, r] = [add(true), add(false)]
        if (!this.#isLegal(l, units) || !this.#isLegal(r, units)) return []
        const [gl, gr] = [this.gain(l, units), this.gain(r, units)]
        return [{
          feature, left, gain: gl.value + gr.value - parent.value,
          error: gl.error + gr.error + parent.error,
        }]
      })
    })
  }

  /** Sides that are legal whatever quantisation does; those on the edge are left out. */
  #isLegal({ h, n }: Sums, units: Units): boolean {
    const { minDataInLeaf, minSumHessianInLeaf, lambdaL2 } = this.params
    const eH = n * units.h / 2
    return n >= Math.max(1, minDataInLeaf) && h - eH >= minSumHessianInLeaf &&
      h + lambdaL2 > 2 * eH
  }

  /** Left sides of a feature: values up to a bound, missing rows on either side. */
  #sides(feature: number): Set<number>[] {
    const { mapper } = this.data.features[feature]!
    const missingBin = mapper.kind === 'numeric' ? mapper.missingBin : -1
    const values = Array.from({ length: mapper.nBins }, (_, b) => b).filter((b) => b !== missingBin)
    return values.flatMap((_, i) => {
      const left = values.slice(0, i + 1)
      return missingBin < 0 ? [new Set(left)] : [new Set(left), new Set([...left, missingBin])]
    })
  }

  /** The left side of a node of a model. */
  leftSide(tree: Tree, node: number): Set<number> {
    const { mapper } = this.data.features[tree.splitFeature[node]!]!
    const left = new Set<number>()
    if (mapper.kind !== 'numeric') return left
    for (let b = 0; b < mapper.nBins; b++) {
      const bound = Math.min(Number.MAX_VALUE, mapper.upperBounds[b] ?? Infinity)
      const isLeft = b === mapper.missingBin ? tree.defaultLeft[node]!
        : bound <= tree.threshold[node]!
      if (isLeft) left.add(b)
    }
    return left
  }
}

/**
 * Walks through a training and compares every node of every tree with f64 sums at the same scores.
 * For trainings of numeric features, without bagging, sampled features and init scores.
 */
export function auditByFloatOracle(
  rawParams: Readonly<Record<string, unknown>>, data: BinnedDataset, model: Model,
): FloatAudit {
  const params = resolveParams(rawParams)
  const objective = describeObjective(params, data)
  const trees = new FloatTrees(params, data)
  const allRows = Array.from({ length: data.nRows }, (_, row) => row)
  const scores = allRows.map(() => [...model.baseScores])
  const halfQuantum = powerAbove(objective.scoreScale) / 2199023255552 // 2^41
  let [nNodes, worstSplit, worstGain, worstLeaf] = [0, 0, 0, 0]
  for (let t = 0; t < model.trees.length; t += objective.nOutputs) {
    const derivatives = allRows.map((row) =>
      objective.derivatives(scores[row]!, data.label![row]!, data.weight?.[row] ?? 1))
    const bound = objective.gradientBound ??
      derivatives.reduce((max, [pair]) => Math.max(max, Math.abs(pair![0])), 0)
    const hessianBound = objective.hessianBound + (objective.hessianSlope ?? 0) * bound
    const units = {
      g: powerAbove(bound) / 1073741824, h: powerAbove(hessianBound) / 1073741824,
    }
    for (let output = 0; output < objective.nOutputs; output++) {
      const tree = model.trees[t + output]!
      const pairs = derivatives.map((own) => own[output]!)
      const visit = (child: number, rows: readonly number[]): void => {
        if (child < 0 || tree.leafValue.length === 1) {
          const leaf = tree.leafValue.length === 1 ? 0 : ~child
          for (const row of rows) scores[row]![output]! += tree.leafValue[leaf]!
          if (tree.leafValue.length === 1) return
          const { value, error } = trees.value(trees.sums(rows, pairs), units)
          const off = Math.abs(tree.leafValue[leaf]! - value)
          worstLeaf = Math.max(worstLeaf, off / (error + halfQuantum))
          return
        }
        const feature = tree.splitFeature[child]!
        const left = trees.leftSide(tree, child)
        const cuts = trees.cuts(rows, pairs, units)
        const isSame = (cut: Cut): boolean => cut.feature === feature && rows.every((row) =>
          cut.left.has(trees.bin(row, feature)) === left.has(trees.bin(row, feature)))
        const own = cuts.find(isSame)
        if (own !== undefined) {
          nNodes++
          worstGain = Math.max(worstGain, Math.abs(tree.splitGain[child]! - own.gain) / own.error)
          for (const cut of cuts) {
            worstSplit = Math.max(worstSplit, (cut.gain - own.gain) / (cut.error + own.error))
          }
        }
        const goesLeft = (row: number): boolean => left.has(trees.bin(row, feature))
        visit(tree.leftChild[child]!, rows.filter(goesLeft))
        visit(tree.rightChild[child]!, rows.filter((row) => !goesLeft(row)))
      }
      visit(0, allRows)
    }
  }
  return { nNodes, worstSplit, worstGain, worstLeaf }
}

/** Raw scores, nRows x nOutputs, of a leaf-wise training without fixed point. */
export function trainByFloatOracle(
  rawParams: Readonly<Record<string, unknown>>, data: BinnedDataset,
): number[][] {
  const params = resolveParams(rawParams)
  const objective = describeObjective(params, data)
  const trees = new FloatTrees(params, data)
  const allRows = Array.from({ length: data.nRows }, (_, row) => row)
  const scores = allRows.map(() => [...objective.baseScores])
  const exact = { g: 0, h: 0 }
  for (let iteration = 0; iteration < params.numIterations; iteration++) {
    const derivatives = allRows.map((row) =>
      objective.derivatives(scores[row]!, data.label![row]!, data.weight?.[row] ?? 1))
    for (let output = 0; output < objective.nOutputs; output++) {
      const pairs = derivatives.map((own) => own[output]!)
      const bestCut = (rows: readonly number[]): Cut | null => trees.cuts(rows, pairs, exact)
        .reduce<Cut | null>((best, cut) =>
          cut.gain > (best?.gain ?? params.minGainToSplit + cut.error) ? cut : best, null)
      const leaves = [{ rows: allRows, cut: bestCut(allRows) }]
      while (leaves.length < params.numLeaves) {
        const best = leaves.reduce((a, b) => (b.cut?.gain ?? 0) > (a.cut?.gain ?? 0) ? b : a)
        if (best.cut === null) break
        const { feature, left } = best.cut
        const parts = [true, false].map((side) =>
          best.rows.filter((row) => left.has(trees.bin(row, feature)) === side))
        leaves.splice(
          leaves.indexOf(best), 1, ...parts.map((rows) => ({ rows, cut: bestCut(rows) })))
      }
      if (leaves.length === 1) continue
      for (const { rows } of leaves) {
        const { value } = trees.value(trees.sums(rows, pairs), exact)
        for (const row of rows) scores[row]![output]! += value
      }
    }
  }
  return scores
}
