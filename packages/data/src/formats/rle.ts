/**
 * Parquet's hybrid of run-length and bit-packed integers (parquet-format, Encodings.md), decoded
 * straight into typed arrays.
 */

/** A position in a page, moved forward by the decoders. */
export interface Cursor {
  readonly bytes: Uint8Array
  offset: number
  /** One past the last byte that may be read. */
  readonly end: number
}

/** Thrown on bytes that no writer makes; readers turn it into an error that names the file. */
export class DamagedPageError extends Error {}

/**
 * Decodes n integers of `width` bits (0 to 32) into out[0 .. n).
 *
 * Throws DamagedPageError when the bytes end before n values.
 */
export function decodeHybrid(cursor: Cursor, width: number, out: Int32Array, n: number): void {
  if (width < 0 || width > 32) throw new DamagedPageError(`bit width ${width}`)
  if (width === 0) {
    out.fill(0, 0, n)
    return
  }
  let seen = 0
  while (seen < n) {
    const header = readVarint(cursor)
    if (header % 2 === 1) {
      const nPacked = Math.floor(header / 2) * 8
      const nTaken = Math.min(nPacked, n - seen)
      unpackBits(cursor, width, out, seen, nTaken)
      // A last group may be cut short at the end of the page.
      const nBytes = (nPacked / 8) * width
      cursor.offset = Math.min(cursor.end, cursor.offset + nBytes)
      seen += nTaken
    } else {
      const nRun = Math.min(header / 2, n - seen)
      if (nRun === 0 && header === 0 && cursor.offset >= cursor.end) {
        throw new DamagedPageError('runs end early')
      }
      out.fill(readRunValue(cursor, width), seen, seen + nRun)
      seen += nRun
    }
  }
}

/**
 * Decodes the definition levels (0 or 1) of a flat optional column into out[0 .. n) and returns
 * how many are 1, that is, how many values are not null.
 */
export function decodeValidity(cursor: Cursor, out: Uint8Array, n: number): number {
  let seen = 0
  let nValid = 0
  while (seen < n) {
    const header = readVarint(cursor)
    if (header % 2 === 1) {
      const nPacked = Math.floor(header / 2) * 8
      const nTaken = Math.min(nPacked, n - seen)
      const needed = cursor.offset + Math.ceil(nTaken / 8)
      if (needed > cursor.end) throw new DamagedPageError('definition levels end early')
      for (let i = 0; i < nTaken; i++) {
        const bit = (cursor.bytes[cursor.offset + (i >> 3)]! >> (i & 7)) & 1
        out[seen + i] = bit
        nValid += bit
      }
      cursor.offset = Math.min(cursor.end, cursor.offset + nPacked / 8)
      seen += nTaken
    } else {
      const nRun = Math.min(header / 2, n - seen)
      const value = readRunValue(cursor, 1) & 1
      out.fill(value, seen, seen + nRun)
      nValid += value * nRun
      seen += nRun
    }
  }
  return nValid
}

/** An unsigned integer in bytes of seven bits, of up to 35 bits. */
export function readVarint(cursor: Cursor): number {
  let value = 0
  let factor = 1
  for (;;) {
    if (cursor.offset >= cursor.end) throw new DamagedPageError('runs end early')
    const byte = cursor.bytes[cursor.offset++]!
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return value
    factor *= 128
    if (factor > 0x800000000) throw new DamagedPageError('a run header is too long')
  }
}

function readRunValue(cursor: Cursor, width: number): number {
  const nBytes = (width + 7) >> 3
  if (cursor.offset + nBytes > cursor.end) throw new DamagedPageError('a run ends early')
  let value = 0
  for (let i = 0; i < nBytes; i++) value |= cursor.bytes[cursor.offset++]! << (8 * i)
  return value
}

/** Reads without moving the cursor: the caller knows the whole length of the group. */
function unpackBits(cursor: Cursor, width: number, out: Int32Array, at: number, n: number): void {
  const { bytes } = cursor
  let offset = cursor.offset
  if (offset + Math.ceil((n * width) / 8) > cursor.end) {
    throw new DamagedPageError('packed values end early')
  }
  if (width > 24) {
    unpackWideBits(cursor, width, out, at, n)
    return
  }
  const mask = (1 << width) - 1
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // A load of four bytes holds a whole value; those at the end of the bytes are done one by one.
  const nLoads = Math.min(n, Math.max(0, Math.floor(((bytes.length - 4 - offset) * 8) / width) + 1))
  let bit = offset * 8
  for (let i = 0; i < nLoads; i++, bit += width) {
    out[at + i] = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask
  }
  let buffer = 0
  let nBits = 0
  offset = bit >>> 3
  if (nLoads < n && (bit & 7) !== 0) {
    buffer = bytes[offset++]! >>> (bit & 7)
    nBits = 8 - (bit & 7)
  }
  for (let i = nLoads; i < n; i++) {
    while (nBits < width) {
      buffer |= bytes[offset++]! << nBits
      nBits += 8
    }
    out[at + i] = buffer & mask
    buffer >>>= width
    nBits -= width
  }
}

function unpackWideBits(cursor: Cursor, width: number, out: Int32Array, at: number, n: number) {
  for (let i = 0; i < n; i++) {
    let value = 0
    for (let bit = 0; bit < width; bit++) {
      const position = i * width + bit
      const byte = cursor.bytes[cursor.offset + Math.floor(position / 8)]!
      value |= ((byte >> (position % 8)) & 1) << bit
    }
    out[at + i] = value
  }
}
