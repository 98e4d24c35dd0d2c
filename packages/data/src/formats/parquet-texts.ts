/** Where the values of variable length are in a page. */
import type { ParquetColumn } from './parquet-schema.js'
import { DamagedPageError } from './rle.js'

/** [start, end) of n plain texts: byte arrays, or values of fixed length. */
export function plainTextBounds(
  column: ParquetColumn,
  bytes: Uint8Array,
  start: number,
  n: number,
): Int32Array {
  if (column.physical === 'BYTE_ARRAY') return findTextBounds(bytes, start, n)
  const width = column.typeLength
  if (start + n * width > bytes.length) throw new DamagedPageError('a page is too short')
  const bounds = new Int32Array(2 * n)
  for (let i = 0; i < n; i++) {
    bounds[2 * i] = start + i * width
    bounds[2 * i + 1] = start + (i + 1) * width
  }
  return bounds
}

/** [start, end) of n byte arrays, each after its length as u32. */
export function findTextBounds(bytes: Uint8Array, start: number, n: number): Int32Array {
  const bounds = new Int32Array(2 * n)
  let offset = start
  for (let i = 0; i < n; i++) {
    if (offset + 4 > bytes.length) throw new DamagedPageError('a page is too short')
    const length =
      (bytes[offset]! |
        (bytes[offset + 1]! << 8) |
        (bytes[offset + 2]! << 16) |
        (bytes[offset + 3]! << 24)) >>>
      0
    offset += 4
    if (offset + length > bytes.length) throw new DamagedPageError('a text is cut off')
    bounds[2 * i] = offset
    offset += length
    bounds[2 * i + 1] = offset
  }
  return bounds
}
