/** Rows that a kernel is given in one call: those of a leaf. */
export const rowsOfLeaf = 8192

/** Calls f(first, count, leaf) for each leaf. */
export function byLeaf(nRows, f) {
  for (let first = 0, leaf = 0; first < nRows; first += rowsOfLeaf, leaf++) {
    f(first, Math.min(rowsOfLeaf, nRows - first), leaf)
  }
}
