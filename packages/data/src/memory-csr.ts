/** Sparse matrices in memory as columns. */
import { type CsrMatrix, CsrRows } from '@coppice/model'
import { columnsOfEntries } from './formats/sparse-columns.js'
import type { MemoryTable, SparseTable } from './memory-rows.js'
import type { ColumnChunk, NumberChunk, SparseNumbers } from './reader.js'

/** Stored values that are decoded at a time, unless one row has more. */
const unitEntriesMax = 1 << 21

/** A sparse matrix. Its rows are checked when they are read. */
export function csrTable(matrix: CsrMatrix): MemoryTable {
  const rows = new CsrRows(matrix)
  const { nRows, nColumns } = rows
  const type = typeOf(matrix.data)
  const all = new ColumnRanges(() => columnsOf(rows, type, allOf(nColumns), 0, nRows), nRows)
  const sparse: SparseTable = {
    endOfUnit(first, nRowsMax) {
      const limit = matrix.indptr[first]! + unitEntriesMax
      let end = first + 1
      while (end < nRows && end - first < nRowsMax && matrix.indptr[end + 1]! <= limit) end++
      return end
    },
    columns: (wanted, start, end) => columnsOf(rows, type, wanted, start, end),
  }
  return {
    names: Array.from({ length: nColumns }, (_, i) => `Column_${i}`),
    hasNames: false,
    nRows,
    isText: () => false,
    column: (index, start, end) => all.column(index, start, end),
    sparse,
  }
}

function typeOf(data: CsrMatrix['data']): NumberChunk['type'] {
  const isInteger = ArrayBuffer.isView(data) && !(data instanceof Float64Array) &&
    !(data instanceof Float32Array)
  return isInteger ? 'int' : 'float'
}

function allOf(nColumns: number): number[] {
  return Array.from({ length: nColumns }, (_, column) => column)
}

/** Columns of rows [start, end). */
function columnsOf(
  matrix: CsrRows,
  type: NumberChunk['type'],
  wanted: readonly number[],
  start: number,
  end: number,
): (NumberChunk | SparseNumbers)[] {
  const slots = new Int32Array(matrix.nColumns).fill(-1)
  wanted.forEach((column, slot) => {
    slots[column] = slot
  })
  const capacity = Math.max(0, matrix.range(end - 1)[1] - matrix.range(start)[0])
  const columns = new Int32Array(capacity)
  const rows = new Int32Array(capacity)
  const values = new Float64Array(capacity)
  let length = 0
  matrix.visit(start, end, (row, column, value) => {
    const slot = slots[column]!
    if (slot < 0) return
    columns[length] = slot
    rows[length] = row - start
    values[length++] = value
  })
  const entries = { nRows: end - start, nColumns: wanted.length, length, columns, rows, values }
  return columnsOfEntries(entries, () => type)
}

/** Columns whose rows are read a range at a time. All are made when one is first wanted. */
class ColumnRanges {
  readonly #make: () => (NumberChunk | SparseNumbers)[]
  readonly #nRows: number
  #columns: (NumberChunk | SparseNumbers)[] | null = null

  constructor(make: () => (NumberChunk | SparseNumbers)[], nRows: number) {
    this.#make = make
    this.#nRows = nRows
  }

  column(index: number, start: number, end: number): ColumnChunk {
    if (this.#nRows === 0) return { type: 'empty', values: new Float64Array(0) }
    const chunk = (this.#columns ??= this.#make())[index]!
    if (!('stored' in chunk)) return { ...chunk, values: chunk.values.slice(start, end) }
    const { type, rows, stored } = chunk
    const values = new Float64Array(end - start)
    for (let i = firstAt(rows, start); i < rows.length && rows[i]! < end; i++) {
      values[rows[i]! - start] = stored[i]!
    }
    return { type, values }
  }
}

/** Index of the first of ascending rows that is not before `row`. */
function firstAt(rows: Int32Array, row: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle]! < row) low = middle + 1
    else high = middle
  }
  return low
}
