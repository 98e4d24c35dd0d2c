/** Sparse rows: what is not stored is 0. */

import { CoppiceError } from '../errors.js'
import { describe } from '../text.js'
import { checkSparseKeys } from './matrix-keys.js'

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
  /** [rows, columns]; a typed array will do. */
  readonly shape: readonly [number, number]
}

/** Whether an object has the fields of a sparse matrix. Its lengths are CsrRows' to check. */
export function isCsr(rows: object): rows is CsrMatrix {
  const { data, indices, indptr, shape } = rows as Readonly<Record<keyof CsrMatrix, unknown>>
  const isShape = Array.isArray(shape) ? typeof shape[0] === 'number'
    : isArrayLike(shape) && (shape as ArrayLike<unknown>).length === 2
  return isShape && [data, indices, indptr].every(isArrayLike)
}

function isArrayLike(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

/** A sparse matrix that is checked while it is read. */
export class CsrRows {
  readonly nRows: number
  readonly nColumns: number
  readonly #matrix: CsrMatrix
  /** Per column: the number, from 1, of the checked row that it was in last. */
  readonly #seenIn: Int32Array
  /** All that is stored is numbers, and all indices are integers. */
  readonly #isTyped: boolean
  #nChecked = 0
  #columns: Int32Array | null = null
  #slots = new Int32Array(0)

  /** @throws CoppiceError 'DATA' where lengths do not fit the shape, or there is more */
  constructor(matrix: CsrMatrix) {
    checkSparseKeys(matrix)
    const { data, indices, indptr } = matrix
    const shape = Array.from(matrix.shape)
    const [nRows, nColumns] = shape as [number, number]
    const isShape = shape.length === 2 && Number.isInteger(nRows) && nRows >= 0 &&
      Number.isInteger(nColumns) && nColumns >= 0
    if (!isShape) {
      throw bad(`of shape [${shape.map(describe).join(', ')}] must have two whole numbers there, ` +
        '[rows, columns]')
    }
    if (indptr.length !== nRows + 1) {
      throw bad(`of shape [${shape.map(describe).join(', ')}] must have rows + 1 values in ` +
        `indptr, got ${indptr.length}; of a csc_matrix take tocsr()`)
    }
    const n = data.length
    if (indices.length !== n) {
      throw bad(`must have as many indices as values in data, got ${indices.length} and ${n}`)
    }
    if (indptr[0] !== 0 || indptr[nRows] !== n) {
      throw bad(`must have an indptr from 0 to the number of values, ${n}; it goes from ` +
        `${describe(indptr[0])} to ${describe(indptr[nRows])}` +
        (typeof (indptr[0] as unknown) === 'bigint'
          ? '; make numbers of bigints: Int32Array.from(indptr, Number)' : ''))
    }
    this.nRows = nRows
    this.nColumns = nColumns
    this.#matrix = matrix
    this.#seenIn = new Int32Array(nColumns)
    this.#isTyped = isNumbers(data) && isNumbers(indices) &&
      !(indices instanceof Float32Array || indices instanceof Float64Array)
  }

  /**
   * Checks rows [first, end).
   *
   * @returns how many values each column has stored in them
   * @throws CoppiceError 'DATA' naming the row of an indptr that descends, of an index that there
   *   cannot be or that stands twice, and of what is no number
   */
  countValues(first: number, end: number): Int32Array {
    const counts = new Int32Array(this.nColumns)
    this.check(first, end)
    const { indices, indptr } = this.#matrix
    const stop = indptr[end]!
    for (let i = indptr[first]!; i < stop; i++) counts[indices[i]!]!++
    return counts
  }

  /**
   * Checks rows [first, first + count) and writes some of their columns to the start of `out`,
   * row-major, zeros included: NaN is the canonical one, -0 is +0.
   */
  fill(first: number, count: number, columns: Int32Array, out: Float64Array): void {
    this.check(first, first + count)
    const { data, indices, indptr } = this.#matrix
    const n = columns.length
    const slots = this.#slotsOf(columns)
    out.fill(0, 0, count * n)
    for (let row = first, at = 0; row < first + count; row++, at += n) {
      const stop = indptr[row + 1]!
      for (let i = indptr[row]!; i < stop; i++) {
        const slot = slots[indices[i]!]!
        if (slot < 0) continue
        const value = data[i]!
        out[at + slot] = value !== value ? NaN : value + 0
      }
    }
  }

  /** Where the columns go, -1 for others. */
  #slotsOf(columns: Int32Array): Int32Array {
    if (this.#columns === columns) return this.#slots
    this.#slots = new Int32Array(this.nColumns).fill(-1)
    columns.forEach((column, slot) => {
      this.#slots[column] = slot
    })
    this.#columns = columns
    return this.#slots
  }

  /** Checks rows [first, end); see `countValues`. */
  check(first: number, end: number): void {
    const { data, indices, indptr } = this.#matrix
    if (this.#nChecked + (end - first) > 0x7fff_ffff) {
      this.#seenIn.fill(0)
      this.#nChecked = 0
    }
    const seenIn = this.#seenIn
    for (let row = first; row < end; row++) {
      const [start, stop] = [indptr[row]!, indptr[row + 1]!]
      this.#requireRange(row, start, stop)
      if (this.#isTyped && isAscending(indices, start, stop, this.nColumns)) continue
      const mark = ++this.#nChecked
      for (let i = start; i < stop; i++) {
        const column = indices[i]!
        const seen = typeof column === 'number' ? seenIn[column] : undefined
        // What is no place in the array is undefined there.
        if (seen === undefined || typeof data[i] !== 'number') throw this.#refuse(row, i)
        if (seen === mark) {
          throw bad(`has column ${column} twice in row ${row}; sum_duplicates() joins them`)
        }
        seenIn[column] = mark
      }
    }
  }

  #requireRange(row: number, start: number, end: number): void {
    const isRange = Number.isInteger(start) && Number.isInteger(end) && start >= 0 &&
      start <= end && end <= this.#matrix.data.length
    if (isRange) return
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
    return bad(`has ${describe(data[i])} in row ${row}, column ${String(column)}; values must be ` +
      'numbers, NaN where one is missing')
  }
}

function isNumbers(values: ArrayLike<number>): boolean {
  return ArrayBuffer.isView(values) &&
    !(values instanceof BigInt64Array || values instanceof BigUint64Array)
}

/** Whether indices [start, end) are below `limit`, and each beyond the one before. */
function isAscending(
  indices: ArrayLike<number>, start: number, end: number, limit: number,
): boolean {
  let last = -1
  for (let i = start; i < end; i++) {
    const index = indices[i]!
    if (index <= last) return false
    last = index
  }
  return last < limit
}

function bad(what: string): CoppiceError {
  return new CoppiceError('DATA', `the sparse matrix {data, indices, indptr, shape} ${what}`)
}
