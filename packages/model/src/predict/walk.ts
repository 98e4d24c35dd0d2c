/**
 * Walking rows down a forest, a block of rows at a time and four rows at once, so that the
 * processor has four independent chains of loads to wait for instead of one.
 */

import { type Forest, NodeKind, Preparation, ZERO_THRESHOLD } from './forest.js'
import { leafOutput } from './linear-leaves.js'

/** Rows per block: rows and one tree fit the first-level cache. A multiple of 4. */
export const BLOCK_ROWS = 64

/**
 * Applies the missing types to encoded rows, in place, so that nodes need not know them: NaN
 * becomes 0 where missing is 'none', zeros become NaN where it is 'zero', and what is no code
 * of a categorical feature becomes -1.
 * @returns whether some numeric value is NaN now
 */
export function prepareRows(forest: Forest, values: Float64Array, nRows: number): boolean {
  const { nFeatures, preparation, usedFeatures } = forest
  let hasNaN = false
  for (let i = 0; i < usedFeatures.length; i++) {
    const f = usedFeatures[i]!
    const how = preparation[f]!
    for (let r = 0, at = f; r < nRows; r++, at += nFeatures) {
      const x = values[at]!
      if (how >= 0) {
        if (!(x >= 0 && x < how && Math.floor(x) === x)) values[at] = -1
      } else if (x !== x) {
        if (how === Preparation.none) values[at] = 0
        else hasNaN = true
      } else if (how === Preparation.zero && x > -ZERO_THRESHOLD && x <= ZERO_THRESHOLD) {
        values[at] = NaN
        hasNaN = true
      }
    }
  }
  return hasNaN
}

/** The leaf of one prepared row, from node (or ~leaf) `node` on. */
export function walkRow(forest: Forest, values: Float64Array, base: number, node: number): number {
  const { nodes, thresholds, sets } = forest
  let n = node
  while (n >= 0) n = nextNode(nodes, thresholds, sets, values, base, n)
  return ~n
}

/**
 * Adds to the scores, nOutputs of them, the leaf values of one prepared row in all trees, in tree
 * order. Four trees are walked at once, for the same reason as four rows are.
 */
export function addTrees(
  forest: Forest, values: Float64Array, hasNaN: boolean, scores: Float64Array,
): void {
  const { roots, nodes, thresholds, sets, leafValues, nOutputs } = forest
  const isPlain = !hasNaN && !forest.hasCategories
  const nWhole = roots.length & ~3
  let k = 0
  const add = (n: number): void => {
    scores[k]! += leafValues[~n]!
    if (++k === nOutputs) k = 0
  }
  for (let t = 0; t < nWhole; t += 4) {
    let n0 = roots[t]!, n1 = roots[t + 1]!, n2 = roots[t + 2]!, n3 = roots[t + 3]!
    while ((n0 & n1 & n2 & n3) >= 0) {
      if (isPlain) {
        if (n0 >= 0) n0 = nextPlain(nodes, thresholds, values, 0, n0)
        if (n1 >= 0) n1 = nextPlain(nodes, thresholds, values, 0, n1)
        if (n2 >= 0) n2 = nextPlain(nodes, thresholds, values, 0, n2)
        if (n3 >= 0) n3 = nextPlain(nodes, thresholds, values, 0, n3)
      } else {
        if (n0 >= 0) n0 = nextNode(nodes, thresholds, sets, values, 0, n0)
        if (n1 >= 0) n1 = nextNode(nodes, thresholds, sets, values, 0, n1)
        if (n2 >= 0) n2 = nextNode(nodes, thresholds, sets, values, 0, n2)
        if (n3 >= 0) n3 = nextNode(nodes, thresholds, sets, values, 0, n3)
      }
    }
    add(n0)
    add(n1)
    add(n2)
    add(n3)
  }
  for (let t = nWhole; t < roots.length; t++) add(~walkRow(forest, values, 0, roots[t]!))
}

/**
 * `addTrees` for forests with linear leaves, one tree after the other.
 * @param prepared - the row after `prepareRows`
 * @param values - the row before
 */
export function addLinearTrees(
  forest: Forest, prepared: Float64Array, values: Float64Array, scores: Float64Array,
): void {
  const { roots, nOutputs } = forest
  for (let t = 0; t < roots.length; t++) {
    scores[t % nOutputs]! += leafOutput(forest, walkRow(forest, prepared, 0, roots[t]!), values, 0)
  }
}

/**
 * The leaf, as an index into `leafValues`, of each row of a prepared block in tree `t`.
 * @param hasNaN - what `prepareRows` returned for the block
 * @param out - at least BLOCK_ROWS; entries from nRows on are left alone
 */
export function walkBlock(
  forest: Forest, t: number, values: Float64Array, nRows: number, hasNaN: boolean, out: Int32Array,
): void {
  const root = forest.roots[t]!
  const nWhole = nRows & ~3
  if (hasNaN || forest.hasCategories) walkAny(forest, root, values, nWhole, out)
  else walkPlain(forest, root, values, nWhole, out)
  for (let r = nWhole; r < nRows; r++) out[r] = walkRow(forest, values, r * forest.nFeatures, root)
}

/** No NaN, no categories: one comparison per node. The result picks the child without a branch. */
function walkPlain(
  forest: Forest, root: number, values: Float64Array, nRows: number, out: Int32Array,
): void {
  const { nodes, thresholds, nFeatures } = forest
  for (let r = 0; r < nRows; r += 4) {
    const b0 = r * nFeatures
    const b1 = b0 + nFeatures
    const b2 = b1 + nFeatures
    const b3 = b2 + nFeatures
    let n0 = root, n1 = root, n2 = root, n3 = root
    while ((n0 & n1 & n2 & n3) >= 0) {
      if (n0 >= 0) n0 = nextPlain(nodes, thresholds, values, b0, n0)
      if (n1 >= 0) n1 = nextPlain(nodes, thresholds, values, b1, n1)
      if (n2 >= 0) n2 = nextPlain(nodes, thresholds, values, b2, n2)
      if (n3 >= 0) n3 = nextPlain(nodes, thresholds, values, b3, n3)
    }
    out[r] = ~n0
    out[r + 1] = ~n1
    out[r + 2] = ~n2
    out[r + 3] = ~n3
  }
}

function nextPlain(
  nodes: Int32Array, thresholds: Float64Array, values: Float64Array, base: number, n: number,
): number {
  const at = n << 2
  return nodes[at + 1 + Number(values[base + (nodes[at]! >> 2)]! <= thresholds[n]!)]!
}

/** As `walkPlain`, for all kinds of nodes. */
function walkAny(
  forest: Forest, root: number, values: Float64Array, nRows: number, out: Int32Array,
): void {
  const { nodes, thresholds, sets, nFeatures } = forest
  for (let r = 0; r < nRows; r += 4) {
    const b0 = r * nFeatures
    const b1 = b0 + nFeatures
    const b2 = b1 + nFeatures
    const b3 = b2 + nFeatures
    let n0 = root, n1 = root, n2 = root, n3 = root
    while ((n0 & n1 & n2 & n3) >= 0) {
      if (n0 >= 0) n0 = nextNode(nodes, thresholds, sets, values, b0, n0)
      if (n1 >= 0) n1 = nextNode(nodes, thresholds, sets, values, b1, n1)
      if (n2 >= 0) n2 = nextNode(nodes, thresholds, sets, values, b2, n2)
      if (n3 >= 0) n3 = nextNode(nodes, thresholds, sets, values, b3, n3)
    }
    out[r] = ~n0
    out[r + 1] = ~n1
    out[r + 2] = ~n2
    out[r + 3] = ~n3
  }
}

/** The child that a prepared row goes to. */
export function nextNode(
  nodes: Int32Array, thresholds: Float64Array, sets: Int32Array, values: Float64Array,
  base: number, n: number,
): number {
  const at = n << 2
  const word = nodes[at]!
  const x = values[base + (word >> 2)]!
  const kind = word & 3
  // Bits instead of && and ||: whether a value is missing is hard to foretell.
  const goesLeft = kind < NodeKind.bitSet
    ? Number(x <= thresholds[n]!) | (Number(x !== x) & kind)
    : Number(hasCode(sets, nodes[at + 3]!, x, kind))
  return nodes[at + 1 + goesLeft]!
}

/** Whether category code x (an integer, or -1) is in the set at `offset`. */
function hasCode(sets: Int32Array, offset: number, x: number, kind: number): boolean {
  if (x < 0) return false
  if (kind === NodeKind.bitSet) {
    const word = (x >>> 5) - sets[offset]!
    if (word < 0 || word >= sets[offset + 1]!) return false
    return ((sets[offset + 2 + word]! >>> (x & 31)) & 1) === 1
  }
  let low = offset + 1
  let high = low + sets[offset]!
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sets[middle]! < x) low = middle + 1
    else high = middle
  }
  return low < offset + 1 + sets[offset]! && sets[low] === x
}
