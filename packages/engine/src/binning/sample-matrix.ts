import { assert } from '@coppice/model'
import type { ValueMatrix } from './bin-columns.js'
import type { SampledValues } from './sampled-values.js'
import { ValueSample } from './value-sample.js'

/** Rows whose values are gathered before the next ones: they stay in the first-level cache. */
const rowsAtOnce = 256

/**
 * The samples of columns of a matrix, each as that of a `ValueSample`. Rows are gone through once.
 *
 * @param columns - of the matrix
 * @param firstRow - of the matrix
 * @param offsets - the sampled ones of its nRows rows (`sampledOffsets`), or null for all
 */
export function sampleMatrix(
  { data, nColumns }: ValueMatrix,
  columns: readonly number[],
  firstRow: number,
  nRows: number,
  offsets: Int32Array | null,
): SampledValues[] {
  assert(data.length >= (firstRow + nRows) * nColumns, `rows up to ${firstRow + nRows}`)
  const n = offsets?.length ?? nRows
  const samples = columns.map(() => new ValueSample(n))
  const values = new Float64Array(Math.min(n, rowsAtOnce))
  const starts = new Int32Array(values.length)
  for (let start = 0; start < n; start += rowsAtOnce) {
    const length = Math.min(rowsAtOnce, n - start)
    const row = offsets === null ? start : offsets[start]!
    for (let i = 0; i < length; i++) {
      starts[i] = ((offsets === null ? start + i : offsets[start + i]!) - row) * nColumns
    }
    // Places within it are small integers, however many values there are.
    const rows = data.subarray((firstRow + row) * nColumns)
    for (const [k, column] of columns.entries()) {
      for (let i = 0; i < length; i++) values[i] = rows[starts[i]! + column]!
      samples[k]!.add(length === values.length ? values : values.subarray(0, length), null)
    }
  }
  return samples.map((sample) => sample.finish())
}
