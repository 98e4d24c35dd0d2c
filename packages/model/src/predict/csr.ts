/** Sparse rows: what is not stored is 0. */

import { CoppiceError } from '../errors.js'
import { describe } from '../text.js'

/**
 * Rows of numbers of which most are 0, in the compressed form of SciPy's `csr_matrix`, under its
 * names: row r has the values `data[i]` in the columns `indices[i]` for i from `indptr[r]` to
 * `indptr[r + 1]`, the end excluded. The columns of a row may stand in any order, none twice.
 * What is not stored is the number 0, not a missing value; missing is a stored NaN.
 */
export interface CsrMatrix {
  /** The stored values; NaN is missing. */
  readonly data: ArrayLike<number>
  /** The column of each stored value. */
  readonly indices: ArrayLike<number>
  /** Rows + 1 numbers from 0 to the number of stored values, never descending. */
  readonly indptr: ArrayLike<number>
  /** [rows, columns]. */
  readonly shape: readonly [number, number]
}

/** Whether an object has the fields of a sparse matrix. Its lengths are CsrRows' to check. */
export function isCsr(rows: object): rows is CsrMatrix {
  const { data, indices, indptr, shape } = rows as Readonly<Record<keyof CsrMatrix, unknown>>
  return Array.isArray(shape) && typeof shape[0] === 'number' &&
    [data, indices, indptr].every(isArrayLike)
}

function isArrayLike(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

/** A sparse matrix that is checked while it is read. */
export class CsrRows {
  readonly nRows: number
  readonly nColumns: number
  readonly #matrix: CsrMatrix

  /** @throws CoppiceError 'DATA' where lengths do not fit the shape */
  constructor(matrix: CsrMatrix) {
    const { data, indices, indptr, shape } = matrix
    const [nRows, nColumns] = shape
    const isShape = shape.length === 2 && Number.isInteger(nRows) && nRows >= 0 &&
      Number.isInteger(nColumns) && nColumns >= 0
    if (!isShape || indptr.length !== nRows + 1) {
      throw bad(`of shape [${shape.map(describe).join(', ')}] must have rows + 1 values in indptr, ` +
        `got ${indptr.length}; of a csc_matrix take tocsr()`)
    }
    const n = data.length
    if (indices.length !== n) {
      throw bad(`must have as many indices as values in data, got ${indices.length} and ${n}`)
    }
    if (indptr[0] !== 0 || indptr[nRows] !== n) {
      throw bad(`must have an indptr from 0 to the number of values, ${n}; it goes from ` +
        `${describe(indptr[0])} to ${describe(indptr[nRows])}`)
    }
    this.nRows = nRows
    this.nColumns = nColumns
    this.#matrix = matrix
  }

  /**
   * Visits the stored values of rows [first, end): NaN is the canonical one, -0 is +0.
   *
   * @throws CoppiceError 'DATA' naming the row of an indptr that descends, of an index that there
   *   cannot be or that stands twice, and of what is no number
   */
  visit(
    first: number, end: number, take: (row: number, column: number, value: number) => void,
  ): void {
    const { data, indices } = this.#matrix
    /** 1 + the row in which a column was seen last, from `first` on. */
    const seenIn = new Int32Array(this.nColumns)
    for (let row = first; row < end; row++) {
      const [start, stop] = this.range(row)
      for (let i = start; i < stop; i++) {
        const column = indices[i]!
        const value = data[i]!
        const seen = typeof column === 'number' ? seenIn[column] : undefined
        // What is no place in the array is undefined there.
        if (seen === undefined || typeof value !== 'number') throw this.#refuse(row, i)
        if (seen === row - first + 1) {
          throw bad(`has column ${column} twice in row ${row}; sum_duplicates() joins them`)
        }
        seenIn[column] = row - first + 1
        take(row, column, value !== value ? NaN : value + 0)
      }
    }
  }

  /** Where the stored values of a row are. @throws CoppiceError 'DATA' for an impossible indptr */
  range(row: number): [start: number, end: number] {
    const { data, indptr } = this.#matrix
    const [start, end] = [indptr[row]!, indptr[row + 1]!]
    const isRange = Number.isInteger(start) && Number.isInteger(end) && start >= 0 &&
      start <= end && end <= data.length
    if (isRange) return [start, end]
    throw bad(`has an indptr that must not descend, but goes from ${describe(start)} to ` +
      `${describe(end)} at row ${row}`)
  }

  #refuse(row: number, i: number): CoppiceError {
    const { data, indices } = this.#matrix
    const column: unknown = indices[i]
    if (!(Number.isInteger(column) && Number(column) >= 0 && Number(column) < this.nColumns)) {
      return bad(`has the column index ${describe(column)} in row ${row}; indices must be whole ` +
        `numbers from 0 to ${this.nColumns - 1}, not bigints`)
    }
    return bad(`has ${describe(data[i])} in row ${row}, column ${String(column)}; values must be numbers, ` +
      'NaN where one is missing')
  }
}

function bad(what: string): CoppiceError {
  return new CoppiceError('DATA', `the sparse matrix {data, indices, indptr, shape} ${what}`)
}
