import { copyRow } from './copy-row'
import { rowDraw } from './draw'

/**
 * Copies the records in the bag from src to dst and writes the local row ids of the others to
 * `outside`. Returns the number of records in the bag. Rows are consecutive global rows from
 * firstRow; a row is in the bag if its draw is below `limit` (0 .. 2^32).
 */
export function bag(
  dst: usize, outside: usize, src: usize, n: i32, stride: i32, rowIdOffset: i32,
  hashStart: u32, firstRow: f64, limit: f64,
): i32 {
  let kept = 0
  const bound = <u64>limit
  let row = <u64>firstRow
  for (let i = 0; i < n; i++, row++, src += stride) {
    const draw = rowDraw(hashStart, row)
    const isIn = <i32>(<u64>draw < bound)
    copyRow(dst, src, <usize>stride)
    store<u32>(outside, load<u32>(src + rowIdOffset))
    dst += isIn ? <usize>stride : 0
    outside += isIn ? 0 : 4
    kept += isIn
  }
  return kept
}
