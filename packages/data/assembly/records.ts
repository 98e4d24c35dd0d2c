// Counts the records of a text, and checks that all have the same number of fields.
import {
  CARRIAGE_RETURN, LINE_FEED, QUOTE, bitsOf, closingQuote, isLineEnd, skipSpaces,
} from './bytes'

/** Line ends in [at, end), of a quoted field. */
function countLines(at: usize, end: usize): i32 {
  let n = 0
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at)
    n += i32(byte == LINE_FEED ||
      (byte == CARRIAGE_RETURN && <u32>load<u8>(at, 1) != LINE_FEED))
  }
  return n
}

export function scanRecords(
  out: usize, text: usize, length: usize, separator: u32, nColumns: i32,
): void {
  const separators = i8x16.splat(<i8>separator)
  const lineFeeds = i8x16.splat(<i8>LINE_FEED)
  const returns = i8x16.splat(<i8>CARRIAGE_RETURN)
  const quotes = i8x16.splat(<i8>QUOTE)
  const end = text + length
  let nRows = 0
  let nLines = 0
  // Of the record under way: its begin, its fields but one, the line ends within its quotes.
  let start = text
  let nBefore = 0
  let nWithin = 0
  // Bytes before `skip` are done with.
  let skip = text
  let p = text
  while (p < end) {
    let known = <u64>-1
    if (end - p < 64) known = (<u64>1 << (end - p)) - 1
    if (skip > p) known &= <u64>-1 << (skip - p)
    let feeds = bitsOf(p, lineFeeds) & known
    let commas = bitsOf(p, separators) & known
    const others = (bitsOf(p, returns) | bitsOf(p, quotes)) & known
    if (others == 0) {
      while (feeds != 0) {
        const bit = ctz(feeds)
        const below = (<u64>1 << bit) - 1
        nBefore += <i32>popcnt(commas & below)
        const at = p + <usize>bit
        if (nBefore != 0 || skipSpaces(start, at, separator) < at) {
          if (nBefore + 1 != nColumns) {
            p = end
            break
          }
          nRows++
        }
        nLines += nWithin + 1
        start = at + 1
        nBefore = 0
        nWithin = 0
        commas &= ~below
        feeds &= feeds - 1
      }
      nBefore += <i32>popcnt(commas)
      p += 64
      continue
    }
    let bits = feeds | commas | others
    while (bits != 0) {
      const at = p + <usize>ctz(bits)
      bits &= bits - 1
      const byte = <u32>load<u8>(at)
      if (byte == separator) {
        nBefore++
      } else if (byte == QUOTE) {
        // Only spaces before it in its field: going back, those end at the field's begin.
        let from = at
        while (from > start && (<u32>load<u8>(from - 1) == 32 ||
          (<u32>load<u8>(from - 1) == 9 && separator != 9))) from--
        if (from > start && <u32>load<u8>(from - 1) != separator) continue
        const close = closingQuote(at + 1, end)
        const next = skipSpaces(close + 1, end, separator)
        const after = next < end ? <u32>load<u8>(next) : 0
        if (after != separator && !isLineEnd(after)) {
          p = end
          break
        }
        nWithin += countLines(at, close)
        skip = next
        if (next - p >= 64) {
          p = next - 64
          break
        }
        bits &= <u64>-1 << (next - p)
      } else {
        let next = at + 1
        if (byte == CARRIAGE_RETURN) {
          if (next == end) {
            p = end
            break
          }
          if (<u32>load<u8>(next) == LINE_FEED) next++
        }
        if (nBefore != 0 || skipSpaces(start, at, separator) < at) {
          if (nBefore + 1 != nColumns) {
            p = end
            break
          }
          nRows++
        }
        nLines += nWithin + 1
        start = skip = next
        nBefore = 0
        nWithin = 0
        bits = next - p < 64 ? bits & (<u64>-1 << (next - p)) : 0
      }
    }
    p += 64
  }
  store<i32>(out, <i32>(start - text))
  store<i32>(out, nRows, 4)
  store<i32>(out, nLines, 8)
}
