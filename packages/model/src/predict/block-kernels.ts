/** The contract of the kernels of prediction (sources in `assembly/`), and their loading. */

import { kernelsBase64 } from './wasm-binary.js'

/**
 * All arguments are numbers: byte offsets into the one imported memory, and counts. No kernel
 * allocates or keeps state.
 *
 * A *code* is a u16 that stands for a value in comparisons with the thresholds of a forest.
 *
 * A *node* is 16 bytes, four i32: offset of the codes of the column that it looks at; the highest
 * code that goes left; offset of its left child, which the right one follows; offset of its set,
 * read by `walkSets` alone. Bit c of a set, of 32-bit words, sends code c right: all 0 for a
 * comparison; a node with a set has 65,535 for highest code. Children lie behind their parents. A
 * leaf is a node whose left child is itself, whose highest code is 65,536 + its number, and whose
 * set is 0 throughout.
 *
 * The twins are `prepareRows` and `walkRow`, which get there without codes.
 */
export interface BlockKernels {
  /**
   * Codes of a numeric feature: how many of the thresholds are below the value.
   *
   * @param out - n u16
   * @param rows - f64, the value of the first row; the next row's is rowBytes further on
   * @param thresholds - f64, ascending, 2^nSteps - 1 of them, Infinity behind the last
   * @param missing - 0: NaN is 0; 1: NaN is missing; 2: so are zeros (see ZERO_THRESHOLD)
   * @param nanCode - the code of what is missing: 0 goes left, 65,535 right
   */
  encodeNumbers(
    out: number, rows: number, rowBytes: number, n: number, thresholds: number, nSteps: number,
    missing: number, nanCode: number,
  ): void
  /** Codes of a categorical feature, nCategories for what is none of them; as encodeNumbers. */
  encodeCategories(
    out: number, rows: number, rowBytes: number, n: number, nCategories: number,
  ): void
  /**
   * Walks rows down one tree of comparisons.
   *
   * @param leaves - n i32, overwritten by the numbers of the leaves
   * @param scores - n f64, to which the values of the leaves are added
   * @param n - a multiple of 8; codes have to be there for all of them
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
}

/** Rows that `walk` takes at a time. */
export const LANES = 8
export const NODE_BYTES = 16
/** Codes are below it. */
export const CODES = 0x1_0000

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
