import { assert } from '@coppice/model'
import { hasRows, type NumberColumn } from './number-column.js'
import type { SampledValues } from './sampled-values.js'
import { kernelValuesMax, valueKernels } from './value-kernels.js'
import { sampleManyValues } from './value-sample.js'

/** Bytes of the columns that are gathered at a time, but for one column. */
const columnBytesMax = 1 << 25
/** Rows whose values are gathered before the next ones: they stay in the first-level cache. */
const rowsAtOnce = 256

/** Columns of so many sampled rows that are worth asking for at once. */
export function columnsSampledAtOnce(nRows: number): number {
  if (nRows > kernelValuesMax) return 1
  return Math.max(1, Math.floor(columnBytesMax / (8 * Math.max(1, nRows))))
}

/**
 * Samples columns in memory, each as a `ValueSample` does.
 *
 * @param nRows - rows, from the first of each column on
 * @param offsets - the sampled ones (`sampledOffsets`), or null for all
 * @param take - is given each sample, in order: views that the next one overwrites
 */
export function sampleColumns(
  columns: readonly NumberColumn[],
  nRows: number,
  offsets: Int32Array | null,
  take: (sampled: SampledValues, index: number) => void,
): void {
  assert(columns.every((column) => hasRows(column, nRows)), `rows up to ${nRows}`)
  const n = offsets?.length ?? nRows
  const atOnce = columnsSampledAtOnce(n)
  for (let k = 0; k < columns.length; k += atOnce) {
    const some = columns.slice(k, k + atOnce)
    if (n > kernelValuesMax) {
      const values = new Float64Array(n)
      gather(some, n, offsets, values)
      take(sampleManyValues(values), k)
    } else {
      valueKernels().sampleColumns(some.length, n, (values) => gather(some, n, offsets, values),
        (sampled, i) => take(sampled, k + i))
    }
  }
}

/** Writes the values of columns in n rows, column by column. */
function gather(
  columns: readonly NumberColumn[], n: number, offsets: Int32Array | null, values: Float64Array,
): void {
  const rows = new RowViews()
  for (let start = 0; start < n; start += rowsAtOnce) {
    const end = Math.min(n, start + rowsAtOnce)
    for (const [c, column] of columns.entries()) {
      const own = values.subarray(c * n + start, c * n + end)
      if (offsets === null) {
        const view = rows.at(column, start)
        for (let i = 0, at = column.start; i < own.length; i++, at += column.stride) {
          own[i] = view[at]!
        }
      } else {
        const places = rows.placesOf(offsets, start, end, column.stride)
        const view = rows.at(column, offsets[start]!)
        for (let i = 0; i < own.length; i++) own[i] = view[places[i]! + column.start]!
      }
    }
  }
}

/** What columns of one matrix have in common: made once for all of them. */
class RowViews {
  #data: NumberColumn['data'] | null = null
  #stride = 0
  #row = 0
  #view: NumberColumn['data'] = new Float64Array(0)
  #places = new Float64Array(rowsAtOnce)
  #placesStart = -1
  #placesStride = 0

  /** The values from a row on: that of the row itself is at `column.start`. */
  at({ data, stride }: NumberColumn, row: number): NumberColumn['data'] {
    if (data === this.#data && stride === this.#stride && row === this.#row) return this.#view
    this.#data = data
    this.#stride = stride
    this.#row = row
    return (this.#view = data.subarray(row * stride))
  }

  /** How far the sampled rows [start, end) are behind the first of them, in numbers. */
  placesOf(offsets: Int32Array, start: number, end: number, stride: number): Float64Array {
    if (start === this.#placesStart && stride === this.#placesStride) return this.#places
    this.#placesStart = start
    this.#placesStride = stride
    const row = offsets[start]!
    // few sampled rows of many may be farther apart than an i32 says
    for (let i = start; i < end; i++) this.#places[i - start] = (offsets[i]! - row) * stride
    return this.#places
  }
}
