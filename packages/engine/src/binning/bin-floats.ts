/** Bins rows of columns of floats in memory. */
import type { NumericBinMapper } from '../dataset.js'
import { binColumns, binMatrix, type ValueMatrix } from './bin-columns.js'
import type { NumericFeatureOptions } from './find-column-bins.js'
import type { NumberColumn } from './number-column.js'
import { type FloatLookup, numberCodes, tableLookup } from './number-table.js'

/**
 * Bins rows of columns, as `binColumns` does.
 *
 * @param columns - one per lookup
 * @param firstRow - of the columns
 */
export function binFloats(
  lookups: readonly FloatLookup[],
  columns: readonly NumberColumn[],
  firstRow: number,
  nRows: number,
  out: Uint8Array,
  offset = 0,
): void {
  const matrix = matrixOf(columns)
  if (matrix !== null) {
    const places = columns.map(({ start }) => start)
    binMatrix(lookups, matrix, places, firstRow, nRows, out, offset)
    return
  }
  const rows = columns.map((column, f) => {
    const lookup = lookups[f]!
    if (lookup.kind === 'numeric') return doublesOf(column, firstRow, nRows)
    const { data, start, stride } = column
    return numberCodes(lookup, { data, first: start + firstRow * stride, step: stride }, nRows)
  })
  const plain = lookups.map((lookup) =>
    lookup.kind === 'numeric' ? lookup : tableLookup(lookup))
  binColumns(plain, rows, nRows, out, offset)
}

/** Null where the columns are not all of one matrix. */
function matrixOf(columns: readonly NumberColumn[]): ValueMatrix | null {
  const first = columns[0]
  if (first === undefined) return null
  const { data, stride } = first
  return columns.every((column) =>
    column.data === data && column.stride === stride && column.start < stride)
    ? { data, nColumns: stride } : null
}

function doublesOf(
  { data, start, stride }: NumberColumn, firstRow: number, nRows: number,
): Float64Array {
  const first = start + firstRow * stride
  if (stride === 1) {
    const rows = data.subarray(first, first + nRows)
    return rows instanceof Float64Array ? rows : Float64Array.from(rows)
  }
  return Float64Array.from({ length: nRows }, (_, row) => data[first + row * stride]!)
}

/** Where rows of a block are. */
export interface BinnedRows {
  readonly firstRow: number
  readonly nRows: number
  /** Row-major. */
  readonly bins: Uint8Array
}

/**
 * Who bins columns of floats in memory that others can read, too: threads beside this one. What it
 * comes to is what `findColumnBins` and `binFloats` do.
 */
export interface FloatBinner {
  /** Whether it can have such columns, and is worth asking. */
  takes(columns: readonly NumberColumn[], nRows: number): boolean
  /** See `findColumnBins`. Rejects with CoppiceError 'ABORTED' after the signal said so. */
  find(
    columns: readonly NumberColumn[], options: readonly NumericFeatureOptions[], nRows: number,
    offsets: Int32Array | null, signal?: AbortSignal,
  ): Promise<NumericBinMapper[]>
  /** Writes the bins of all rows of the blocks. Rejects as `find`. */
  bin(
    lookups: readonly FloatLookup[], columns: readonly NumberColumn[],
    blocks: readonly BinnedRows[], signal?: AbortSignal,
  ): Promise<void>
}
