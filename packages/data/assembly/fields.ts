// Finds the fields of the wanted columns, row by row.
import {
  CARRIAGE_RETURN, LINE_FEED, QUOTE, closingQuote, isLineEnd, skipSpaces, structureOf,
} from './bytes'

export function splitFields(
  out: usize, text: usize, length: usize, isLast: i32, separator: u32, nColumns: i32, slots: usize,
  nRowsMax: i32, starts: usize, ends: usize, stride: i32,
): i32 {
  const separators = i8x16.splat(<i8>separator)
  const end = text + length
  let row = 0
  let column = 0
  let start = text
  let done = text
  let skip = text
  let p = text
  while (p < end) {
    let bits = structureOf(p, separators)
    if (end - p < 64) bits &= (<u64>1 << (end - p)) - 1
    if (skip > p) bits &= <u64>-1 << (skip - p)
    while (bits != 0) {
      const at = p + <usize>ctz(bits)
      bits &= bits - 1
      const byte = <u32>load<u8>(at)
      if (byte == separator) {
        const slot = load<i32>(slots + (<usize>column << 2))
        if (slot >= 0) {
          const cell = <usize>(slot * stride + row) << 2
          store<i32>(starts + cell, <i32>(start - text))
          store<i32>(ends + cell, <i32>(at - text))
        }
        start = at + 1
        if (++column >= nColumns) return -1
      } else if (byte == QUOTE) {
        if (skipSpaces(start, at, separator) < at) continue
        const close = closingQuote(at + 1, end)
        const next = skipSpaces(close + 1, end, separator)
        if (next >= end) {
          if (isLast != 0) return -1
          p = end
          break
        }
        const after = <u32>load<u8>(next)
        if (after != separator && !isLineEnd(after)) return -1
        skip = next
        if (next - p >= 64) {
          p = next - 64
          break
        }
        bits &= <u64>-1 << (next - p)
      } else {
        let next = at + 1
        if (byte == CARRIAGE_RETURN) {
          if (next == end && isLast == 0) {
            p = end
            break
          }
          if (next < end && <u32>load<u8>(next) == LINE_FEED) next++
        }
        if (column > 0 || skipSpaces(start, at, separator) < at) {
          if (row == nRowsMax) {
            p = end
            break
          }
          if (column + 1 != nColumns) return -1
          const slot = load<i32>(slots + (<usize>column << 2))
          if (slot >= 0) {
            const cell = <usize>(slot * stride + row) << 2
            store<i32>(starts + cell, <i32>(start - text))
            store<i32>(ends + cell, <i32>(at - text))
          }
          row++
          column = 0
        }
        start = done = skip = next
        bits = next - p < 64 ? bits & (<u64>-1 << (next - p)) : 0
      }
    }
    p += 64
  }
  store<i32>(out, <i32>(done - text))
  return row
}
