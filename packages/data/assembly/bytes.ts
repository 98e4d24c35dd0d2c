// What the kernels share: the bytes that structure a text, 64 at a time, and quoted fields.

export const TAB: u32 = 9
export const LINE_FEED: u32 = 10
export const CARRIAGE_RETURN: u32 = 13
export const SPACE: u32 = 32
export const QUOTE: u32 = 34

/** Bit i is set where byte i of the 64 from `at` on equals the lanes of `byte`. */
// @ts-ignore: decorator
@inline
export function bitsOf(at: usize, byte: v128): u64 {
  const a = <u64>i8x16.bitmask(i8x16.eq(v128.load(at), byte))
  const b = <u64>i8x16.bitmask(i8x16.eq(v128.load(at, 16), byte))
  const c = <u64>i8x16.bitmask(i8x16.eq(v128.load(at, 32), byte))
  const d = <u64>i8x16.bitmask(i8x16.eq(v128.load(at, 48), byte))
  return a | (b << 16) | (c << 32) | (d << 48)
}

// @ts-ignore: decorator
@inline
function isAnyOf(bytes: v128, separator: v128): v128 {
  return v128.or(
    v128.or(i8x16.eq(bytes, separator), i8x16.eq(bytes, i8x16.splat(<i8>LINE_FEED))),
    v128.or(
      i8x16.eq(bytes, i8x16.splat(<i8>CARRIAGE_RETURN)), i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)),
    ),
  )
}

/** Bit i is set where byte i of the 64 from `at` on is a separator, line end or quote. */
// @ts-ignore: decorator
@inline
export function structureOf(at: usize, separator: v128): u64 {
  const a = <u64>i8x16.bitmask(isAnyOf(v128.load(at), separator))
  const b = <u64>i8x16.bitmask(isAnyOf(v128.load(at, 16), separator))
  const c = <u64>i8x16.bitmask(isAnyOf(v128.load(at, 32), separator))
  const d = <u64>i8x16.bitmask(isAnyOf(v128.load(at, 48), separator))
  return a | (b << 16) | (c << 32) | (d << 48)
}

/** The first byte from `at` on that is no space (nor tab, where tabs do not separate). */
export function skipSpaces(at: usize, end: usize, separator: u32): usize {
  while (at < end) {
    const byte = <u32>load<u8>(at)
    if (byte != SPACE && (byte != TAB || separator == TAB)) break
    at++
  }
  return at
}

/** The quote that closes a field whose text begins at `at`, or `end`. */
export function closingQuote(at: usize, end: usize): usize {
  for (; at < end; at++) {
    if (<u32>load<u8>(at) != QUOTE) continue
    if (at + 1 == end || <u32>load<u8>(at, 1) != QUOTE) return at
    at++
  }
  return end
}

// @ts-ignore: decorator
@inline
export function isLineEnd(byte: u32): bool {
  return byte == LINE_FEED || byte == CARRIAGE_RETURN
}

/** The first `length` (0 to 8) bytes of a word. */
// @ts-ignore: decorator
@inline
export function firstBytes(word: u64, length: usize): u64 {
  return length == 0 ? 0 : word & (<u64>-1 >> (64 - (<u64>length << 3)))
}
