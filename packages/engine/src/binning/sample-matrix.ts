import { assert } from '@coppice/model'
import type { ValueMatrix } from './bin-columns.js'
import type { SampledValues } from './sampled-values.js'
import { kernelValuesMax, valueKernels } from './value-kernels.js'
import { sampleManyValues } from './value-sample.js'

/** Bytes of the columns that are taken out of the matrix at a time, but for one column. */
const columnBytesMax = 1 << 25
/** Rows whose values are gathered before the next ones: they stay in the first-level cache. */
const rowsAtOnce = 256

/** Columns of so many sampled rows that are worth asking for at once. */
export function columnsSampledAtOnce(nRows: number): number {
  if (nRows > kernelValuesMax) return 1
  return Math.max(1, Math.floor(columnBytesMax / (8 * Math.max(1, nRows))))
}

/**
 * The samples of columns of a matrix, each as that of a `ValueSample`.
 *
 * @param columns - of the matrix
 * @param firstRow - of the matrix
 * @param offsets - the sampled ones of its nRows rows (`sampledOffsets`), or null for all
 */
export function sampleMatrix(
  matrix: ValueMatrix,
  columns: readonly number[],
  firstRow: number,
  nRows: number,
  offsets: Int32Array | null,
): SampledValues[] {
  const end = firstRow + nRows
  assert(matrix.data.length >= end * matrix.nColumns, `rows up to ${end}`)
  const n = offsets?.length ?? nRows
  const atOnce = columnsSampledAtOnce(n)
  const samples: SampledValues[] = []
  for (let k = 0; k < columns.length; k += atOnce) {
    const some = columns.slice(k, k + atOnce)
    const fill = (values: Float64Array): void =>
      gather(matrix, some, firstRow, n, offsets, values)
    if (n > kernelValuesMax) {
      const values = new Float64Array(n)
      fill(values)
      samples.push(sampleManyValues(values))
    } else samples.push(...valueKernels().sampleColumns(some.length, n, fill))
  }
  return samples
}

/** Writes the values of columns in n rows, column by column. */
function gather(
  matrix: ValueMatrix, columns: readonly number[], firstRow: number, n: number,
  offsets: Int32Array | null, values: Float64Array,
): void {
  if (offsets === null) gatherAll(matrix, columns, firstRow, n, values)
  else gatherSome(matrix, columns, firstRow, offsets, values)
}

/** Rows one after the other: a quarter less time than as below. */
function gatherAll(
  { data, nColumns }: ValueMatrix, columns: readonly number[], firstRow: number, n: number,
  values: Float64Array,
): void {
  for (let start = 0; start < n; start += rowsAtOnce) {
    const end = Math.min(n, start + rowsAtOnce)
    const rows = data.subarray((firstRow + start) * nColumns, (firstRow + end) * nColumns)
    for (const [c, column] of columns.entries()) {
      const own = values.subarray(c * n + start, c * n + end)
      for (let i = 0, at = column; i < own.length; i++, at += nColumns) own[i] = rows[at]!
    }
  }
}

function gatherSome(
  { data, nColumns }: ValueMatrix, columns: readonly number[], firstRow: number,
  offsets: Int32Array, values: Float64Array,
): void {
  const n = offsets.length
  // few sampled rows of many may be farther apart than an i32 says
  const starts = new Float64Array(Math.min(n, rowsAtOnce))
  for (let start = 0; start < n; start += rowsAtOnce) {
    const end = Math.min(n, start + rowsAtOnce)
    const row = offsets[start]!
    for (let i = start; i < end; i++) starts[i - start] = (offsets[i]! - row) * nColumns
    const rows = data.subarray((firstRow + row) * nColumns)
    for (const [c, column] of columns.entries()) {
      const own = values.subarray(c * n + start, c * n + end)
      for (let i = 0; i < own.length; i++) own[i] = rows[starts[i]! + column]!
    }
  }
}
