/** The contract of the kernels that write rows, and what is kept of each; see `Kernels`. */
export interface RowFunctions {
  /** Copies n rows of `width` bytes that lie srcStride apart to places dstStride apart. */
  copyRows(
    dst: number, dstStride: number, src: number, srcStride: number, width: number, n: number,
  ): void
  /**
   * Puts a byte to its place for each byte b of nColumns x n packed ones, row by row: of column c
   * `values[256 c + b]` to row + `places[256 c + b]` (u32), unless that is NO_PLACE.
   */
  placeEntries(
    dst: number, dstStride: number, src: number, nColumns: number, n: number, places: number,
    values: number,
  ): void
  /** Writes n gradient pairs (row order) into n sides that lie `stride` bytes apart. */
  putGradients(sides: number, n: number, stride: number, gradients: number): void
  /** score[id] += value for n u32 row ids that lie `stride` bytes apart. */
  scatterLeaf(score: number, ids: number, n: number, stride: number, value: number): void
  /** score[i] += additions[i] for n doubles. */
  addScores(score: number, additions: number, n: number): void
  /**
   * score[row] += value of the row's leaf, for the n rows listed at `ids` (0 = rows 0 .. n-1). A
   * row's bin of a node's feature is at rec + row * stride + the node's feature word.
   */
  walkTree(
    score: number, rec: number, stride: number, ids: number, n: number, nodes: number,
    values: number,
  ): void
  /**
   * As walkTree, where a node's table may be odd: its feature's bins are of two bytes, and a bit
   * for each (1: left) lies at the table's offset less 1.
   */
  walkTreeWide(
    score: number, rec: number, stride: number, ids: number, n: number, nodes: number,
    values: number,
  ): void
}

/** In the tables of `placeEntries`: nothing is put. */
export const NO_PLACE = 0xffffffff
