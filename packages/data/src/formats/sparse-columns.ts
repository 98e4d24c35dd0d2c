/** Entries of a sparse table, row by row, as its columns. */
import type { NumberChunk, SparseNumbers } from '../reader.js'

/** A column with more than this share of its rows stored takes fewer bytes as plain values. */
export const STORED_SHARE_MAX = 2 / 3

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
  const counts = new Int32Array(nColumns)
  for (let i = 0; i < length; i++) counts[columns[i]!]!++
  const sorted = new SortedColumns(nRows, counts)
  const { next, rows: sortedRows, stored } = sorted
  for (let i = 0; i < length; i++) {
    const at = next[columns[i]!]!++
    sortedRows[at] = rows[i]!
    stored[at] = values[i]!
  }
  return sorted.columns(typeOf)
}

/** Room for entries in the order of their columns. */
export class SortedColumns {
  /** Of each entry, to be written at `next` of its column, which goes on by one; ascending. */
  readonly rows: Int32Array
  readonly stored: Float64Array
  readonly next: Int32Array
  readonly #nRows: number
  readonly #starts: Int32Array

  /** @param counts - entries of each column */
  constructor(nRows: number, counts: Int32Array) {
    this.#nRows = nRows
    this.#starts = new Int32Array(counts.length + 1)
    counts.forEach((count, column) => {
      this.#starts[column + 1] = this.#starts[column]! + count
    })
    this.next = this.#starts.slice(0, -1)
    const length = this.#starts.at(-1)!
    this.rows = new Int32Array(length)
    this.stored = new Float64Array(length)
  }

  /** The columns, once all entries are written. */
  columns(typeOf: (column: number) => NumberChunk['type']): (NumberChunk | SparseNumbers)[] {
    return Array.from(this.next, (end, column) => {
      const start = this.#starts[column]!
      const type = typeOf(column)
      const rows = this.rows.subarray(start, end)
      const stored = this.stored.subarray(start, end)
      if (end - start <= this.#nRows * STORED_SHARE_MAX) {
        return { type, nRows: this.#nRows, rows, stored }
      }
      const values = new Float64Array(this.#nRows)
      for (let i = 0; i < rows.length; i++) values[rows[i]!] = stored[i]!
      return { type, values }
    })
  }
}
