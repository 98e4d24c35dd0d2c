/** Sparse matrices in memory as columns. */
import { CoppiceError, type CsrMatrix, CsrRows } from '@coppice/model'
import { FEATURES_MAX } from './formats/libsvm-plan.js'
import { SortedColumns } from './formats/sparse-columns.js'
import { sampleCsr, slotsOf } from './sample-csr.js'
import type { MemoryTable, SparseTable } from './memory-rows.js'
import type { ColumnChunk, NumberChunk, SparseNumbers } from './reader.js'

/** Stored values that are decoded at a time, unless one row has more. */
const unitEntriesMax = 1 << 21
const firstUnitEntriesMax = 1 << 18

/** A sparse matrix. Its rows are checked when they are read. */
export function csrTable(matrix: CsrMatrix): MemoryTable {
  const rows = new CsrRows(matrix)
  const { nRows, nColumns } = rows
  if (nColumns > FEATURES_MAX) {
    throw new CoppiceError('DATA', `the sparse matrix has ${nColumns} columns; at most ` +
      `${FEATURES_MAX} are supported: leave out those that are 0 in all rows`)
  }
  const all = new ColumnRanges(() => columnsOf(matrix, rows, allOf(nColumns), 0, nRows), nRows)
  const sparse: SparseTable = {
    type: typeOf(matrix.data),
    nStored: matrix.data.length,
    endOfUnit(first, nRowsMax) {
      // From the first rows others learn how they may be packed.
      const limit = matrix.indptr[first]! + (first === 0 ? firstUnitEntriesMax : unitEntriesMax)
      let end = first + 1
      while (end < nRows && end - first < nRowsMax && matrix.indptr[end + 1]! <= limit) end++
      return end
    },
    columns: (wanted, start, end) => columnsOf(matrix, rows, wanted, start, end),
    sample(wanted, start, end, offsets) {
      rows.check(start, end)
      return sampleCsr(matrix, nColumns, wanted, { start, end, offsets })
        .map((sampled) => ({ type: sparse.type, sampled }))
    },
    rows: (wanted, start, end) => ({
      nRows: end - start,
      starts: subarray(matrix.indptr, start, end + 1),
      columns: matrix.indices,
      values: matrix.data,
      featureOf: slotsOf(wanted, nColumns),
    }),
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

function typeOf(data: CsrMatrix['data']): SparseTable['type'] {
  const isInteger = ArrayBuffer.isView(data) && !(data instanceof Float64Array) &&
    !(data instanceof Float32Array)
  return isInteger ? 'int' : 'float'
}

function allOf(nColumns: number): number[] {
  return Array.from({ length: nColumns }, (_, column) => column)
}

/** Columns of rows [start, end). */
function columnsOf(
  { data, indices, indptr }: CsrMatrix,
  checked: CsrRows,
  wanted: readonly number[],
  start: number,
  end: number,
): (NumberChunk | SparseNumbers)[] {
  const counts = checked.countValues(start, end)
  const slots = slotsOf(wanted, counts.length)
  const sorted = new SortedColumns(
    end - start, Int32Array.from(wanted, (column) => counts[column]!))
  const { next, rows, stored } = sorted
  for (let row = start; row < end; row++) {
    const stop = indptr[row + 1]!
    for (let i = indptr[row]!; i < stop; i++) {
      const slot = slots[indices[i]!]!
      if (slot < 0) continue
      const at = next[slot]!++
      const value = data[i]!
      rows[at] = row - start
      stored[at] = value !== value ? NaN : value + 0
    }
  }
  const type = typeOf(data)
  return sorted.columns(() => type)
}

function subarray(
  numbers: ArrayLike<number>, start: number, end: number,
): ArrayLike<number> {
  return ArrayBuffer.isView(numbers) ? (numbers as Int32Array).subarray(start, end)
    : (numbers as readonly number[]).slice(start, end)
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
