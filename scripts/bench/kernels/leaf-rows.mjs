/** Rows that a kernel is given in one call: those of a leaf. */
export const rowsOfLeaf = 8192

/** Calls f(first, count, leaf) for each leaf. */
export function byLeaf(nRows, f) {
  for (let first = 0, leaf = 0; first < nRows; first += rowsOfLeaf, leaf++) {
    f(first, Math.min(rowsOfLeaf, nRows - first), leaf)
  }
}

/** What cannot be avoided of a work that reads so many bytes of each of n units. */
export function reads(perUnit, n) {
  return { kind: 'read', perUnit, bytes: n * perUnit, what: `${perUnit} bytes read` }
}

/** The same of one that writes as many, too. */
export function copies(perUnit, n) {
  return { kind: 'copy', perUnit, bytes: n * perUnit, what: `${perUnit} bytes copied` }
}
