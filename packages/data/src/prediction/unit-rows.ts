/** The columns of a unit, ready for a predictor, some rows at a time. */
import type { CsrMatrix, Model, PredictInput } from '@coppice/model'
import { withValues } from '../formats/stored-columns.js'
import type { UnitColumn } from '../loading/read-unit.js'
import type { ColumnChunk, NumberChunk, SparseNumbers } from '../reader.js'
import { sliceChunk } from '../writers/writer.js'
import { featureColumns, featureTypes } from './features.js'

/** A unit that is read. */
export interface ReadUnit {
  /** Rows [start, end) for a predictor. */
  input(start: number, end: number): PredictInput
  /** Rows [start, end) of a column of the plan. Only of those that are kept. */
  column(index: number, start: number, end: number): ColumnChunk
}

/**
 * Whether a model takes rows without their zeros: all features are numbers, and rows that look
 * like a matrix are one.
 */
export function takesSparse(model: Pick<Model, 'features'>): boolean {
  const types = featureTypes(model)
  return !Object.values(types).includes('string') && !('data' in types && 'shape' in types)
}

/**
 * @param columns - the model's features first
 * @param kept - the columns whose values are wanted, too
 */
export function readUnitRows(
  model: Pick<Model, 'features'>, columns: readonly UnitColumn[], kept: readonly number[],
  nRows: number,
): ReadUnit {
  const features = columns.slice(0, model.features.length)
  const isSparse = takesSparse(model) && features.some((chunk) => 'stored' in chunk) &&
    features.every(({ type }) => type !== 'string')
  const wanted = new Set(kept)
  const whole = columns.map((chunk, index): ColumnChunk | null =>
    isSparse && !wanted.has(index) ? null : withValues(chunk))
  const column = (index: number, start: number, end: number): ColumnChunk =>
    start === 0 && end === nRows ? whole[index]! : sliceChunk(whole[index]!, start, end)
  if (!isSparse) {
    return {
      input: (start, end) => featureColumns(model,
        { columns: features.map((_, index) => column(index, start, end)) }),
      column,
    }
  }
  const csr = csrOf(features as (NumberChunk | SparseNumbers)[], nRows)
  return { input: (start, end) => sliceCsr(csr, start, end), column }
}

/** The rows of columns. O(values + rows). */
function csrOf(columns: readonly (NumberChunk | SparseNumbers)[], nRows: number) {
  const nFull = columns.filter((chunk) => !('stored' in chunk)).length
  const indptr = new Int32Array(nRows + 1).fill(nFull, 1)
  for (const chunk of columns) if ('stored' in chunk) countRows(chunk.rows, indptr)
  for (let row = 0; row < nRows; row++) indptr[row + 1]! += indptr[row]!
  const next = indptr.slice(0, -1)
  const indices = new Int32Array(indptr[nRows]!)
  const data = new Float64Array(indptr[nRows]!)
  const every = nFull === 0 ? null : Int32Array.from({ length: nRows }, (_, row) => row)
  for (const [column, chunk] of columns.entries()) {
    const isSparse = 'stored' in chunk
    const rows = isSparse ? chunk.rows : every!
    const values = isSparse ? chunk.stored : chunk.values
    for (let i = 0; i < rows.length; i++) {
      const at = next[rows[i]!]!++
      indices[at] = column
      data[at] = values[i]!
    }
  }
  return { data, indices, indptr, shape: [nRows, columns.length] } satisfies CsrMatrix
}

/** Counts entries one behind their rows. */
function countRows(rows: Int32Array, counts: Int32Array): void {
  for (let i = 0; i < rows.length; i++) counts[rows[i]! + 1]!++
}

function sliceCsr(
  { data, indices, indptr, shape: [nRows, nColumns] }: ReturnType<typeof csrOf>,
  start: number, end: number,
): CsrMatrix {
  if (start === 0 && end === nRows) return { data, indices, indptr, shape: [nRows!, nColumns!] }
  const [first, last] = [indptr[start]!, indptr[end]!]
  return {
    data: data.subarray(first, last),
    indices: indices.subarray(first, last),
    indptr: indptr.subarray(start, end + 1).map((at) => at - first),
    shape: [end - start, nColumns!],
  }
}
