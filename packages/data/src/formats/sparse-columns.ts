/** Entries of a sparse table, row by row, as its columns. */
import type { NumberChunk, SparseNumbers } from '../reader.js'

/** A column with more than this share of its rows stored takes fewer bytes as plain values. */
const STORED_SHARE_MAX = 2 / 3

/** Entries of consecutive rows. */
export interface Entries {
  readonly nRows: number
  readonly nColumns: number
  /** Entries in all; the arrays may be longer. */
  readonly length: number
  /** Of each entry; those of a row in any order, no column twice. */
  readonly columns: ArrayLike<number>
  /** Of each entry; ascending. */
  readonly rows: Int32Array
  /** Of each entry: NaN is the canonical one, -0 is +0. */
  readonly values: Float64Array
}

/**
 * The columns of entries. O(entries + columns). What is absent is 0; a column with most of its
 * rows has a value in each.
 *
 * @param typeOf - the type of a column's numbers
 */
export function columnsOfEntries(
  { nRows, nColumns, length, columns, rows, values }: Entries,
  typeOf: (column: number) => NumberChunk['type'],
): (NumberChunk | SparseNumbers)[] {
  const starts = new Int32Array(nColumns + 1)
  for (let i = 0; i < length; i++) starts[columns[i]! + 1]!++
  for (let column = 0; column < nColumns; column++) starts[column + 1]! += starts[column]!
  const next = starts.slice()
  const sortedRows = new Int32Array(length)
  const sorted = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    const at = next[columns[i]!]!++
    sortedRows[at] = rows[i]!
    sorted[at] = values[i]!
  }
  return Array.from({ length: nColumns }, (_, column) => {
    const [start, end] = [starts[column]!, starts[column + 1]!]
    const type = typeOf(column)
    const own = { rows: sortedRows.subarray(start, end), stored: sorted.subarray(start, end) }
    if (end - start <= nRows * STORED_SHARE_MAX) return { type, nRows, ...own }
    const whole = new Float64Array(nRows)
    own.rows.forEach((row, i) => {
      whole[row] = own.stored[i]!
    })
    return { type, values: whole }
  })
}
