/**
 * Where the structure of a text may be: the positions of all bytes up to the comma, found four
 * bytes at a time. Digits, letters, `-`, `.` and everything beyond ASCII are stepped over, which
 * is most of a file; quotes, separators, line ends and spaces are what the callers look at.
 */

/** Every byte that matters to the structure is at most this one, the comma. */
export const STRUCTURE_MAX = 44

/** Positions are found for this many bytes at a time. */
export const STRUCTURE_BLOCK = 32 * 1024

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/**
 * Writes the positions in [start, end) whose byte is at most `STRUCTURE_MAX`, ascending.
 *
 * @param words - `wordView(bytes)`
 * @param out - room for end - start positions
 * @returns how many there are
 */
export function findStructure(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  end: number,
  out: Int32Array,
): number {
  let n = 0
  let p = start
  const offset = bytes.byteOffset & 3
  if (isLittleEndian) {
    // Word i covers bytes 4 i - offset and the three after it.
    for (; p < end && ((p + offset) & 3) !== 0; p++) {
      if (bytes[p]! <= STRUCTURE_MAX) out[n++] = p
    }
    const wordEnd = (end + offset) >> 2
    for (let i = (p + offset) >> 2; i < wordEnd; i++) {
      const word = words[i]!
      // A byte b < 128 carries into its top bit in b + 0x53 exactly when b >= 0x2d = 45.
      let hits = ~(((word & 0x7f7f7f7f) + 0x53535353) | word) & 0x80808080
      while (hits !== 0) {
        out[n++] = i * 4 - offset + ((31 - Math.clz32(hits & -hits)) >> 3)
        hits &= hits - 1
      }
    }
    p = Math.max(p, wordEnd * 4 - offset)
  }
  for (; p < end; p++) {
    if (bytes[p]! <= STRUCTURE_MAX) out[n++] = p
  }
  return n
}

/** The aligned 32-bit words around and within `bytes`; a view. */
export function wordView(bytes: Uint8Array): Int32Array {
  const offset = bytes.byteOffset & 3
  return new Int32Array(bytes.buffer, bytes.byteOffset - offset, (bytes.length + offset) >> 2)
}
