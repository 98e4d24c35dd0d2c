/**
 * What each feature adds to a raw score: Shapley values of the trees' expectations given some of
 * the features, by the counts of training rows ("TreeSHAP", Lundberg et al. 2018, algorithm 2). As
 * LightGBM computes them (include/LightGBM/tree.h, src/io/tree.cpp: PredictContrib).
 */

import { CoppiceError } from '../errors.js'
import type { Model, Tree } from '../types.js'
import { type Forest, NODE_WORDS } from './forest.js'
import type { IterationRange } from './iterations.js'
import { nextNode } from './walk.js'

/** No feature: the start of every path. */
const NONE = -1

/** Contributions of the features of prepared rows, tree by tree. */
export class Contributions {
  readonly #forest: Forest
  /** Of the training rows: per node, and per leaf. */
  readonly #nodeCounts: Float64Array
  readonly #leafCounts: Float64Array
  /** Of each tree over its training rows. */
  readonly #expected: Float64Array
  readonly #paths: Paths
  #values: Float64Array = new Float64Array(0)
  #base = 0
  #out: Float64Array = new Float64Array(0)
  #at = 0

  /**
   * @param forest - compiled from these iterations of the model
   * @throws CoppiceError 'MODEL' for linear leaves and for nodes without a count of rows
   */
  constructor(model: Model, [start, end]: IterationRange, forest: Forest) {
    if (forest.linear !== null) {
      throw new CoppiceError('MODEL', 'contributions of features are not defined for leaves that ' +
        'are linear functions; predict raw scores instead')
    }
    const n = model.treesPerIteration
    const trees = model.trees.slice(start * n, end * n)
    trees.forEach((tree, t) => requireCounts(tree, start * n + t))
    this.#forest = forest
    this.#nodeCounts = Float64Array.from(trees.flatMap(({ nodeCount }) => nodeCount))
    this.#leafCounts = Float64Array.from(trees.flatMap(({ leafCount }) => leafCount))
    this.#expected = Float64Array.from(trees, expectedValue)
    this.#paths = new Paths(trees.reduce((most, tree) => Math.max(most, depthOf(tree)), 0))
  }

  /**
   * Writes the contributions of one row.
   *
   * @param values - prepared rows; the row's features are from `base` on
   * @param out - from `at` on, for each output the features and what all rows have in common
   */
  addRow(values: Float64Array, base: number, out: Float64Array, at: number): void {
    const { nFeatures, nOutputs, nTrees, roots, baseScores } = this.#forest
    const width = nFeatures + 1
    out.fill(0, at, at + nOutputs * width)
    for (let k = 0; k < nOutputs; k++) out[at + k * width + nFeatures] = baseScores[k]!
    this.#values = values
    this.#base = base
    this.#out = out
    for (let t = 0; t < nTrees; t++) {
      this.#at = at + (t % nOutputs) * width
      out[this.#at + nFeatures]! += this.#expected[t]!
      if (roots[t]! >= 0) this.#descend(roots[t]!, 0, 0, 1, 1, NONE)
    }
  }

  /**
   * Goes down both sides of a node, with the path that leads to it.
   *
   * @param from - where the path is that leads to its parent
   * @param depth - features on it
   * @param zero - share of the rows without the feature that come here; `one`: with it, 0 or 1
   */
  #descend(
    node: number, from: number, depth: number, zero: number, one: number, feature: number,
  ): void {
    const paths = this.#paths
    const path = paths.extended(from, depth, zero, one, feature)
    if (node < 0) return paths.give(path, depth, this.#forest.leafValues[~node]!, this.#out, this.#at)
    const { nodes, thresholds, sets } = this.#forest
    const hot = nextNode(nodes, thresholds, sets, this.#values, this.#base, node)
    const at = node * NODE_WORDS
    const cold = hot === nodes[at + 1]! ? nodes[at + 2]! : nodes[at + 1]!
    const split = nodes[at]! >> 2
    const known = paths.find(path, depth, split)
    const before = known < 0 ? null : paths.unwind(path, depth, known)
    const nLeft = before === null ? depth : depth - 1
    const count = this.#nodeCounts[node]!
    const share = before === null ? 1 : before.zero
    const own = before === null ? 1 : before.one
    this.#descend(hot, path, nLeft + 1, this.#countOf(hot) / count * share, own, split)
    const rest = this.#countOf(cold) / count * share
    // what no row does, with the feature or without, adds nothing
    if (rest > 0) this.#descend(cold, path, nLeft + 1, rest, 0, split)
  }

  #countOf(child: number): number {
    return child < 0 ? this.#leafCounts[~child]! : this.#nodeCounts[child]!
  }
}

/**
 * Paths of features from the root, one behind the other: that of a node is a copy of its parent's
 * with one more. Element 0 of each is of no feature.
 */
class Paths {
  readonly #feature: Int32Array
  readonly #zero: Float64Array
  readonly #one: Float64Array
  /** Of the sets of each size of features on the path, weighted. */
  readonly #weight: Float64Array

  /** @param depth - of the deepest tree */
  constructor(depth: number) {
    const length = (depth + 2) * (depth + 3) / 2
    this.#feature = new Int32Array(length)
    this.#zero = new Float64Array(length)
    this.#one = new Float64Array(length)
    this.#weight = new Float64Array(length)
  }

  /**
   * Copies the path at `from`, of `depth` elements, behind itself and adds a feature.
   * @returns where the copy is
   */
  extended(from: number, depth: number, zero: number, one: number, feature: number): number {
    const path = from + depth
    for (const array of [this.#feature, this.#zero, this.#one, this.#weight]) {
      array.copyWithin(path, from, path)
    }
    this.#feature[path + depth] = feature
    this.#zero[path + depth] = zero
    this.#one[path + depth] = one
    const weight = this.#weight
    weight[path + depth] = depth === 0 ? 1 : 0
    for (let i = depth - 1; i >= 0; i--) {
      weight[path + i + 1]! += one * weight[path + i]! * (i + 1) / (depth + 1)
      weight[path + i] = zero * weight[path + i]! * (depth - i) / (depth + 1)
    }
    return path
  }

  /** Where on the path a feature is, or -1. */
  find(path: number, depth: number, feature: number): number {
    for (let i = 1; i <= depth; i++) if (this.#feature[path + i] === feature) return i
    return -1
  }

  /** Takes an element out of the path, as if its feature had never been added. */
  unwind(path: number, depth: number, index: number): { zero: number, one: number } {
    const weight = this.#weight
    const [zero, one] = [this.#zero[path + index]!, this.#one[path + index]!]
    let next = weight[path + depth]!
    for (let i = depth - 1; i >= 0; i--) {
      if (one === 0) {
        weight[path + i] = weight[path + i]! * (depth + 1) / (zero * (depth - i))
        continue
      }
      const old = weight[path + i]!
      weight[path + i] = next * (depth + 1) / ((i + 1) * one)
      next = old - weight[path + i]! * zero * (depth - i) / (depth + 1)
    }
    for (const array of [this.#feature, this.#zero, this.#one]) {
      array.copyWithin(path + index, path + index + 1, path + depth + 1)
    }
    return { zero, one }
  }

  /** Adds what a leaf at the end of a path gives to each of its features. */
  give(path: number, depth: number, value: number, out: Float64Array, at: number): void {
    for (let i = 1; i <= depth; i++) {
      const share = this.#one[path + i]! - this.#zero[path + i]!
      out[at + this.#feature[path + i]!]! += this.#without(path, depth, i) * share * value
    }
  }

  /** Sum of the weights of a path, were an element taken out. */
  #without(path: number, depth: number, index: number): number {
    const weight = this.#weight
    const [zero, one] = [this.#zero[path + index]!, this.#one[path + index]!]
    let next = weight[path + depth]!
    let total = 0
    for (let i = depth - 1; i >= 0; i--) {
      if (one === 0) {
        total += weight[path + i]! / zero / ((depth - i) / (depth + 1))
        continue
      }
      const part = next * (depth + 1) / ((i + 1) * one)
      total += part
      next = weight[path + i]! - part * zero * ((depth - i) / (depth + 1))
    }
    return total
  }
}

/** The mean of the leaves over the training rows. */
function expectedValue({ nodeCount, leafCount, leafValue }: Tree): number {
  if (nodeCount.length === 0) return leafValue[0]!
  return leafCount.reduce((sum, count, leaf) => sum + count / nodeCount[0]! * leafValue[leaf]!, 0)
}

function requireCounts({ nodeCount }: Tree, t: number): void {
  const empty = nodeCount.findIndex((count) => !(count > 0))
  if (empty < 0) return
  throw new CoppiceError('MODEL', `contributions of features are means over training rows, and ` +
    `node ${empty} of tree ${t} has ${nodeCount[empty]} of them: the model does not say where ` +
    'rows went; use one that was trained with counts')
}

/** Most nodes on a way to a leaf. */
function depthOf({ leftChild, rightChild }: Tree): number {
  const depth = new Int32Array(leftChild.length).fill(1)
  let most = leftChild.length === 0 ? 0 : 1
  for (let i = 0; i < leftChild.length; i++) {
    for (const child of [leftChild[i]!, rightChild[i]!]) {
      if (child >= 0) most = Math.max(most, depth[child] = depth[i]! + 1)
    }
  }
  return most
}
