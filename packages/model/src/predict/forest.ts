/** Trees as flat arrays, made for walking: built once per predictor, read only. */

import type { Feature, Model, Tree } from '../types.js'
import type { IterationRange } from './iterations.js'
import { type LinearLeaf, linearLeavesOf } from './linear-leaves.js'

/** Low two bits of a node's first word: how the node decides. */
export const NodeKind = {
  /** x <= threshold goes left, NaN right. */
  nanRight: 0,
  /** x <= threshold or NaN goes left. */
  nanLeft: 1,
  /** Bit x of a bit set goes left; -1 right. */
  bitSet: 2,
  /** x in an ascending list goes left; -1 right. For few codes out of very many. */
  list: 3,
} as const

/** Words per node in `Forest.nodes`. */
export const NODE_WORDS = 4

/**
 * Under zero_as_missing, -ZERO_THRESHOLD < x <= ZERO_THRESHOLD counts as zero: exactly the values
 * of the bin of zero. It is the float32 1e-35, as in LightGBM's meta.h.
 */
export const ZERO_THRESHOLD = Math.fround(1e-35)

export interface Forest {
  readonly nFeatures: number
  readonly nOutputs: number
  readonly nTrees: number
  /** nOutputs: raw scores before the first tree, -0 turned into 0. */
  readonly baseScores: Float64Array
  /** nTrees: first node, or ~leaf for a tree of one leaf. */
  readonly roots: Int32Array
  /** nTrees: index of the tree's first leaf in `leafValues`. */
  readonly firstLeaf: Int32Array
  /** Per node four words: feature << 2 | kind, right child, left child, offset into `sets`. */
  readonly nodes: Int32Array
  /** Per node; 0 at categorical nodes. */
  readonly thresholds: Float64Array
  /** Bit set: first word's index, number of words, words. List: number of codes, codes. */
  readonly sets: Int32Array
  readonly leafValues: Float64Array
  /** Per leaf what it adds in place of its value, where it is linear; null where none is. */
  readonly linear: readonly (LinearLeaf | null)[] | null
  /** Some node is categorical. */
  readonly hasCategories: boolean
  /** Features that nodes split on, ascending. */
  readonly usedFeatures: Int32Array
  /** Per feature: how a block of rows is prepared, see `prepareRows`. */
  readonly preparation: Float64Array
}

/** Values of `Forest.preparation` below 0; from 0 on it is a number of categories. */
export const Preparation = { none: -1, nan: -2, zero: -3 } as const

/** Compiles the trees of the iterations. Memory and time are linear in the size of the model. */
export function compileForest(model: Model, [start, end]: IterationRange): Forest {
  const { features, treesPerIteration } = model
  const trees = model.trees.slice(start * treesPerIteration, end * treesPerIteration)
  const nLeaves = trees.reduce((sum, tree) => sum + tree.leafValue.length, 0)
  const nNodes = nLeaves - trees.length
  const nodes = new Int32Array(nNodes * NODE_WORDS)
  const thresholds = new Float64Array(nNodes)
  const leafValues = new Float64Array(nLeaves)
  const roots = new Int32Array(trees.length)
  const firstLeaf = new Int32Array(trees.length)
  const sets: number[] = []
  const used = new Set<number>()
  let node = 0
  let leaf = 0
  trees.forEach((tree, t) => {
    roots[t] = tree.splitFeature.length > 0 ? node : ~leaf
    firstLeaf[t] = leaf
    const childOf = (child: number): number => child >= 0 ? node + child : ~(leaf + ~child)
    for (let i = 0; i < tree.splitFeature.length; i++) {
      const f = tree.splitFeature[i]!
      const at = (node + i) * NODE_WORDS
      used.add(f)
      nodes[at + 3] = sets.length
      nodes[at] = (f << 2) | addSplit(tree, i, sets)
      nodes[at + 1] = childOf(tree.rightChild[i]!)
      nodes[at + 2] = childOf(tree.leftChild[i]!)
      thresholds[node + i] = openThreshold(tree.threshold[i] ?? 0)
    }
    leafValues.set(tree.leafValue, leaf)
    node += tree.splitFeature.length
    leaf += tree.leafValue.length
  })
  return {
    nFeatures: features.length, nOutputs: treesPerIteration, nTrees: trees.length,
    baseScores: Float64Array.from(model.baseScores, (score) => score + 0),
    roots, firstLeaf, nodes, thresholds, sets: Int32Array.from(sets), leafValues,
    linear: linearLeavesOf(trees, model),
    hasCategories: sets.length > 0,
    usedFeatures: Int32Array.from(used).sort(),
    preparation: Float64Array.from(features, preparationOf),
  }
}

function preparationOf(feature: Feature): number {
  return feature.kind === 'categorical' ? feature.categories.length : Preparation[feature.missing]
}

/** The node's kind; appends the left categories of a categorical node to `sets`. */
function addSplit(tree: Tree, i: number, sets: number[]): number {
  const codes = tree.leftCategories[i]!
  if (codes === null) return tree.defaultLeft[i]! ? NodeKind.nanLeft : NodeKind.nanRight
  const firstWord = codes[0]! >>> 5
  const nWords = (codes[codes.length - 1]! >>> 5) + 1 - firstWord
  // A bit set over a huge dictionary would take more memory than the model has bytes.
  if (nWords > codes.length + 8) {
    sets.push(codes.length)
    for (const code of codes) sets.push(code)
    return NodeKind.list
  }
  const words = new Int32Array(nWords)
  for (const code of codes) words[(code >>> 5) - firstWord]! |= 1 << (code & 31)
  sets.push(firstWord, nWords)
  for (const word of words) sets.push(word)
  return NodeKind.bitSet
}

/**
 * The largest double stands for "every value that is not missing", infinity included: JSON has
 * no infinity, and a missing value may be all that a split tells apart (FORMAT.md).
 */
export function openThreshold(threshold: number): number {
  return threshold === Number.MAX_VALUE ? Infinity : threshold
}
