/** Turns rows, all features of them, into row-major bytes. */
import { assert } from '@coppice/model'
import { rowBytes, wideFeatures } from '../row-bytes.js'
import {
  binCodes, type BinLookup, binValues, type ValueColumn,
} from './bin-values.js'
import { binNumbers, type FloatLookup } from './number-table.js'
import { searchKernels } from './search-kernels.js'

/** Numbers in memory, row-major. */
export interface ValueMatrix {
  readonly data: Float32Array | Float64Array
  /** Numbers in a row. */
  readonly nColumns: number
}

/** Bytes of rows that are binned before the next ones: they stay in the second-level cache. */
const tileBytes = 1 << 16
const tileRowsMin = 256
const tileRowsMax = 2048
/** Below this many rows it takes longer to lay the bounds out than to search them. */
const kernelRowsMin = 512
/** More features than this would take too much memory to lay out. */
const kernelFeaturesMax = 4096

/** How the bytes of a row are divided. */
interface RowPlaces {
  readonly stride: number
  /** Of each feature of two bytes: how far the higher one is behind the lower. */
  readonly highs: Int32Array
}

function rowPlaces(lookups: readonly { readonly nBins: number }[]): RowPlaces {
  const nBins = lookups.map((lookup) => lookup.nBins)
  const nFeatures = lookups.length
  const highs = new Int32Array(nFeatures)
  wideFeatures(nBins).forEach((feature, k) => {
    highs[feature] = nFeatures + k - feature
  })
  return { stride: rowBytes(nBins), highs }
}

function tileRows(stride: number): number {
  return Math.min(tileRowsMax, Math.max(tileRowsMin, Math.floor(tileBytes / stride)))
}

/**
 * Bins a block of rows, all columns, into row-major bytes: those of `rowBytes`.
 * @param columns - one per lookup; at least nRows long, from row 0 on
 * @param out - modified in place: nRows x bytes of a row, from `offset` on
 */
export function binColumns(
  lookups: readonly BinLookup[],
  columns: readonly ValueColumn[],
  nRows: number,
  out: Uint8Array,
  offset = 0,
): void {
  const { stride, highs } = rowPlaces(lookups)
  assert(columns.length === lookups.length,
    `${columns.length} columns for ${lookups.length} lookups`)
  assert(out.length >= offset + nRows * stride, `${out.length} bytes for ${nRows} x ${stride}`)
  for (const [f, column] of columns.entries()) {
    const { kind } = lookups[f]!
    assert(column instanceof (kind === 'numeric' ? Float64Array : Int32Array),
      `column ${f} does not hold what a ${kind} feature needs`)
    assert(column.length >= nRows, `a column of ${column.length} rows for ${nRows}`)
  }
  const atOnce = tileRows(stride)
  if (nRows < kernelRowsMin || lookups.length > kernelFeaturesMax) {
    for (let start = 0; start < nRows; start += atOnce) {
      const end = Math.min(nRows, start + atOnce)
      for (let f = 0; f < lookups.length; f++) {
        binColumn(lookups[f]!, columns[f]!, start, end, out, offset + start * stride + f, stride,
          highs[f]!)
      }
    }
    return
  }
  const kernels = searchKernels()
  const searches = kernels.place(lookups, atOnce * stride, 8 * atOnce)
  for (let start = 0; start < nRows; start += atOnce) {
    const end = Math.min(nRows, start + atOnce)
    const tile = kernels.tile((end - start) * stride)
    for (let f = 0; f < lookups.length; f++) {
      const column = columns[f]!
      const search = searches[f]!
      if (search === null) {
        binColumn(lookups[f]!, column, start, end, tile, f, stride, highs[f]!)
      } else if (search.way === 'codes') {
        kernels.putCodes((column as Int32Array).subarray(start, end))
        kernels.lookUpCodes(search, f, stride, end - start)
      } else {
        kernels.putValues((column as Float64Array).subarray(start, end))
        kernels.searchDoubles(search, f, stride, 0, 8, end - start)
      }
    }
    out.set(tile, offset + start * stride)
  }
}

function binColumn(
  lookup: BinLookup, column: ValueColumn, start: number, end: number, out: Uint8Array,
  offset: number, stride: number, high: number,
): void {
  if (lookup.kind === 'numeric') {
    binValues(lookup, column as Float64Array, start, end, out, offset, stride, high)
  } else {
    binCodes(lookup, column as Int32Array, start, end, out, offset, stride, high)
  }
}

/**
 * Bins rows of a matrix, as `binColumns` does of its columns.
 * @param columns - the column of each lookup
 * @param firstRow - of the matrix
 */
export function binMatrix(
  lookups: readonly FloatLookup[],
  { data, nColumns }: ValueMatrix,
  columns: readonly number[],
  firstRow: number,
  nRows: number,
  out: Uint8Array,
  offset = 0,
): void {
  const { stride, highs } = rowPlaces(lookups)
  const bytes = data.BYTES_PER_ELEMENT
  assert(columns.length === lookups.length,
    `${columns.length} columns for ${lookups.length} lookups`)
  assert(columns.every((column) => column >= 0 && column < nColumns), `columns of ${nColumns}`)
  assert(data.length >= (firstRow + nRows) * nColumns, `rows up to ${firstRow + nRows}`)
  assert(out.length >= offset + nRows * stride, `${out.length} bytes for ${nRows} x ${stride}`)
  const atOnce = Math.min(tileRows(stride), tileRows(nColumns * bytes))
  const kernels = lookups.length > kernelFeaturesMax ? null : searchKernels()
  const searches = kernels?.place(lookups, atOnce * stride, atOnce * nColumns * bytes) ?? null
  const ownTile = new Uint8Array(kernels === null ? Math.min(nRows, atOnce) * stride : 0)
  const values = new Float64Array(atOnce)
  for (let start = 0; start < nRows; start += atOnce) {
    const n = Math.min(atOnce, nRows - start)
    const first = (firstRow + start) * nColumns
    const tile = kernels?.tile(n * stride) ?? ownTile.subarray(0, n * stride)
    kernels?.putValues(data.subarray(first, first + n * nColumns))
    for (let f = 0; f < lookups.length; f++) {
      const lookup = lookups[f]!
      const search = searches?.[f] ?? null
      const column = columns[f]!
      if (lookup.kind === 'numbers') {
        const numbers = { data, first: first + column, step: nColumns }
        binNumbers(lookup, numbers, n, tile, f, stride, highs[f]!)
      } else if (kernels === null || search === null) {
        for (let i = 0, at = first + column; i < n; i++, at += nColumns) values[i] = data[at]!
        binValues(lookup, values, 0, n, tile, f, stride, highs[f]!)
      } else if (bytes === 4) {
        kernels.searchFloats(search, f, stride, column * 4, nColumns * 4, n)
      } else {
        kernels.searchDoubles(search, f, stride, column * 8, nColumns * 8, n)
      }
    }
    out.set(tile, offset + start * stride)
  }
}
