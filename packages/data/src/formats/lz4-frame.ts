import { DamagedPageError } from './rle.js'

/**
 * Decompresses one LZ4 frame (the LZ4 Frame Format 1.6), which Arrow files use for compressed
 * bodies. Checksums are skipped.
 */
export function decompressLz4Frame(input: Uint8Array): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  if (input.length < 7 || view.getUint32(0, true) !== 0x184d2204) {
    throw new DamagedPageError('it is not an LZ4 frame')
  }
  const flags = input[4]!
  const hasBlockChecksum = (flags & 0x10) !== 0
  let offset = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0)
  const blockBytesMax = 1 << (8 + 2 * ((input[5]! >> 4) & 7))
  let out = new Uint8Array(Math.max(blockBytesMax, input.length * 4))
  let length = 0
  for (;;) {
    const header = view.getUint32(offset, true)
    offset += 4
    if (header === 0) return out.subarray(0, length)
    const nBytes = header & 0x7fffffff
    if (offset + nBytes > input.length) throw new DamagedPageError('an LZ4 block is cut off')
    if (length + blockBytesMax > out.length) {
      const grown = new Uint8Array(2 * out.length + blockBytesMax)
      grown.set(out.subarray(0, length))
      out = grown
    }
    const block = input.subarray(offset, offset + nBytes)
    if (header >>> 31 === 1) {
      out.set(block, length)
      length += nBytes
    } else {
      length = decompressBlock(block, out, length)
    }
    offset += nBytes + (hasBlockChecksum ? 4 : 0)
  }
}

/** Appends one block at out[at ..); blocks may refer to bytes of earlier ones. */
function decompressBlock(block: Uint8Array, out: Uint8Array, at: number): number {
  let from = 0
  let to = at
  while (from < block.length) {
    const token = block[from++]!
    let nLiterals = token >> 4
    if (nLiterals === 15) {
      let byte
      do {
        byte = block[from++] ?? 0
        nLiterals += byte
      } while (byte === 255)
    }
    if (from + nLiterals > block.length || to + nLiterals > out.length) {
      throw new DamagedPageError('LZ4 literals are cut off')
    }
    out.set(block.subarray(from, from + nLiterals), to)
    from += nLiterals
    to += nLiterals
    // The last sequence has no match.
    if (from >= block.length) break
    const distance = block[from]! | ((block[from + 1] ?? 0) << 8)
    from += 2
    let nMatch = (token & 15) + 4
    if ((token & 15) === 15) {
      let byte
      do {
        byte = block[from++] ?? 0
        nMatch += byte
      } while (byte === 255)
    }
    if (distance === 0 || distance > to || to + nMatch > out.length) {
      throw new DamagedPageError('an LZ4 match lies outside its block')
    }
    for (let i = 0; i < nMatch; i++, to++) out[to] = out[to - distance]!
  }
  return to
}
