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
    if (node < 0) {
      return paths.give(path, depth, this.#forest.leafValues[~node]!, this.#out, this.#at)
    }
    const { nodes, thresholds, sets } = this.#forest
    const hot = nextNode(nodes, thresholds, sets, this.#values, this.#base, node)
    const at = node * NODE_WORDS
    const cold = hot === nodes[at + 1]! ? nodes[at + 2]! : nodes[at + 1]!
    const split = nodes[at]! >> 2
    const known = paths.find(path, depth, split)
    const [share, own] = known < 0 ? [1, 1] : [paths.zeroOf(known), paths.oneOf(known)]
    // a feature that is met again begins anew
    if (known >= 0) paths.unwind(path, depth, known)
    const next = known < 0 ? depth + 1 : depth
    const count = this.#nodeCounts[node]!
    this.#descend(hot, path, next, this.#countOf(hot) / count * share, own, split)
    const rest = this.#countOf(cold) / count * share
    // what no row does, with the feature or without, adds nothing
    if (rest > 0) this.#descend(cold, path, next, rest, 0, split)
  }

  #countOf(child: number): number {
    return child < 0 ? this.#leafCounts[~child]! : this.#nodeCounts[child]!
  }
}

/** Numbers of an element of a path: feature, zero and one fraction, weight. */
const WIDTH = 4

/**
 * Paths of features from the root, one behind the other: that of a node is a copy of its parent's
 * with one more. Element 0 of each is of no feature. A weight is that of the sets of as many
 * features of the path as there are elements before it.
 */
class Paths {
  readonly #elements: Float64Array

  /** @param depth - of the deepest tree */
  constructor(depth: number) {
    this.#elements = new Float64Array(WIDTH * (depth + 2) * (depth + 3) / 2)
  }

  /**
   * Copies the path at `from`, of `depth` elements, behind itself and adds a feature.
   * @returns where the copy is
   */
  extended(from: number, depth: number, zero: number, one: number, feature: number): number {
    const elements = this.#elements
    const path = from + depth * WIDTH
    const last = path + depth * WIDTH
    for (let i = from; i < path; i++) elements[i + path - from] = elements[i]!
    elements[last] = feature
    elements[last + 1] = zero
    elements[last + 2] = one
    elements[last + 3] = depth === 0 ? 1 : 0
    for (let i = depth - 1, at = last - 1; i >= 0; i--, at -= WIDTH) {
      elements[at + WIDTH]! += one * elements[at]! * (i + 1) / (depth + 1)
      elements[at] = zero * elements[at]! * (depth - i) / (depth + 1)
    }
    return path
  }

  /** Where on the path a feature is, or -1. */
  find(path: number, depth: number, feature: number): number {
    const last = path + depth * WIDTH
    for (let at = path + WIDTH; at <= last; at += WIDTH) {
      if (this.#elements[at] === feature) return at
    }
    return -1
  }

  /** Share of the rows without the feature of an element that come this way. */
  zeroOf(element: number): number {
    return this.#elements[element + 1]!
  }

  /** With it: 0 or 1. */
  oneOf(element: number): number {
    return this.#elements[element + 2]!
  }

  /** Takes an element out of the path, as if its feature had never been added. */
  unwind(path: number, depth: number, element: number): void {
    const elements = this.#elements
    const [zero, one] = [this.zeroOf(element), this.oneOf(element)]
    const last = path + depth * WIDTH
    let next = elements[last + 3]!
    for (let i = depth - 1, at = last - 1; i >= 0; i--, at -= WIDTH) {
      if (one === 0) {
        elements[at] = elements[at]! * (depth + 1) / (zero * (depth - i))
        continue
      }
      const old = elements[at]!
      elements[at] = next * (depth + 1) / ((i + 1) * one)
      next = old - elements[at]! * zero * (depth - i) / (depth + 1)
    }
    for (let at = element; at < last; at += WIDTH) {
      for (let i = 0; i < 3; i++) elements[at + i] = elements[at + WIDTH + i]!
    }
  }

  /** Adds what a leaf at the end of a path gives to each of its features. */
  give(path: number, depth: number, value: number, out: Float64Array, at: number): void {
    const last = path + depth * WIDTH
    for (let element = path + WIDTH; element <= last; element += WIDTH) {
      const share = this.oneOf(element) - this.zeroOf(element)
      out[at + this.#elements[element]!]! += this.#without(path, depth, element) * share * value
    }
  }

  /** Sum of the weights of a path, were an element taken out. */
  #without(path: number, depth: number, element: number): number {
    const elements = this.#elements
    const [zero, one] = [this.zeroOf(element), this.oneOf(element)]
    const last = path + depth * WIDTH
    let next = elements[last + 3]!
    let total = 0
    for (let i = depth - 1, at = last - 1; i >= 0; i--, at -= WIDTH) {
      if (one === 0) {
        total += elements[at]! / zero / ((depth - i) / (depth + 1))
        continue
      }
      const part = next * (depth + 1) / ((i + 1) * one)
      total += part
      next = elements[at]! - part * zero * ((depth - i) / (depth + 1))
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
