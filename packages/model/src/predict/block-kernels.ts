/** The contract of the kernels of prediction (sources in `assembly/`), and their loading. */

import { kernelsBase64 } from './wasm-binary.js'

/**
 * All arguments are numbers: byte offsets into the one imported memory, and counts. No kernel
 * allocates or keeps state.
 *
 * A *key* is an i64 that stands for a value in comparisons: keys are in the order of their
 * values. The key of a number has the bits of the double, where it is negative all but the sign
 * turned around; -0 is 0. The key of a category is its code.
 *
 * A *node* is 16 bytes: u32, offset of the keys of the column that it looks at; u32, offset of its
 * left child, which the right one follows; i64, the highest key that goes left. Children lie
 * behind their parents. A leaf is a node whose left child is itself, and whose highest key, above
 * all that there are, ends with its number, an i32.
 *
 * The nodes of a tree that looks at categories are 32 bytes, with two words more: offset of the
 * node's set, and a mask of the index of the set's words. Bit c of a set, of 32-bit words, sends
 * code c right. Where there is no set the mask is 0, and so is the word; where there is one no key
 * is above the highest.
 *
 * The twins are `prepareRows` and `walkRow`, which get there without keys.
 */
export interface BlockKernels {
  /**
   * Keys of a numeric feature.
   *
   * @param out - n i64
   * @param rows - f64, the value of the first row; the next row's is rowBytes further on
   * @param n - even
   * @param missing - 0: NaN is 0; 1: NaN is missing; 2: so are zeros (see ZERO_THRESHOLD)
   * @param goesLeft - 1: what is missing has a key below all others, else one above
   */
  keysOfDoubles(
    out: number, rows: number, rowBytes: number, n: number, missing: number, goesLeft: number,
  ): void
  /** As `keysOfDoubles`, of f32: the keys are those of the same values as doubles. */
  keysOfFloats(
    out: number, rows: number, rowBytes: number, n: number, missing: number, goesLeft: number,
  ): void
  /** Keys of a categorical feature, nCategories for what is none of them; as keysOfDoubles. */
  keysOfCategories(
    out: number, rows: number, rowBytes: number, n: number, nCategories: number,
  ): void
  /**
   * Walks rows down one tree of comparisons.
   *
   * @param leaves - n i32, overwritten by the numbers of the leaves
   * @param scores - n f64, to which the values of the leaves are added
   * @param n - a multiple of 8; keys have to be there for all of them
   * @param root - the tree's first node
   * @param depthMin - no leaf is nearer to the root
   * @param leafValues - f64, by number of the leaf
   */
  walk(
    leaves: number, scores: number, n: number, root: number, depthMin: number, leafValues: number,
  ): void
  /** As `walk`, of a tree with sets. */
  walkSets(
    leaves: number, scores: number, n: number, root: number, depthMin: number, leafValues: number,
  ): void
  /**
   * Keys of one row, those that the kernels above write of the first one.
   *
   * @param values - f64, one per feature
   * @param columns - n of them, six 32-bit words each: bytes from `values` to the feature's,
   *   offset of the column's keys, nCategories or -1, missing, goesLeft, and one that says nothing
   */
  keysOfRow(values: number, columns: number, n: number): void
  /**
   * Walks one row, the first, down trees of comparisons.
   *
   * @param trees - two u32 each: offset of the root, and where the number of the leaf goes, an i32
   * @param n - a multiple of 8
   */
  walkTrees(trees: number, n: number): void
  /** As `walkTrees`, of trees with sets. */
  walkTreesWithSets(trees: number, n: number): void
  /**
   * Adds the values of leaves, one of each tree, to the scores of a row, in their order.
   *
   * @param scores - f64, one per output; tree t belongs to output t % nOutputs
   * @param leaves - n i32, the numbers
   * @param leafValues - f64, by number of the leaf
   */
  addLeaves(
    scores: number, nOutputs: number, leaves: number, n: number, leafValues: number,
  ): void
}

/** Rows that `walk` takes at a time, and trees that `walkTrees` does. */
export const LANES = 8
export const NODE_BYTES = 16
/** Of a tree with sets. */
export const SET_NODE_BYTES = 32
/** 32-bit words of a column for `keysOfRow`, and of a tree for `walkTrees`. */
export const COLUMN_WORDS = 6
export const TREE_WORDS = 2

/**
 * The kernels over a memory, or null where WebAssembly is missing or forbidden, as it is on pages
 * whose content security policy does not name it.
 */
export function loadBlockKernels(memory: WebAssembly.Memory): BlockKernels | null {
  try {
    const bytes = Uint8Array.from(atob(kernelsBase64), (char) => char.charCodeAt(0))
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
    return instance.exports as unknown as BlockKernels
  } catch {
    return null
  }
}
