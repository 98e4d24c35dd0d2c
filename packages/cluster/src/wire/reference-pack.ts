import { assert } from '@coppice/model'
import type { SumChunk, SumRange } from './sum-chunks.js'
import { writeHeader } from './sum-header.js'
import { referenceChecksum } from './sum-checksum.js'
import {
  CHECKSUM_BYTES, HEADER_BYTES, type PackedHeader, packedBytes, padded, type Piece, piecesOfWidth,
  planesBytes,
} from './sum-layout.js'

/** The naive twin of `packSums`. */
export function referencePackSums(
  histograms: readonly Uint8Array[], nCells: number, chunk: SumChunk,
): Uint8Array {
  const ranges = chunk.map((range) => packRange(histograms[range.histogram]!, nCells, range))
  const nBytes = ranges.reduce((sum, { length }) => sum + length, 0)
  const packed = new Uint8Array(CHECKSUM_BYTES + nBytes)
  let at = CHECKSUM_BYTES
  for (const range of ranges) {
    packed.set(range, at)
    at += range.length
  }
  const checksum = referenceChecksum(packed.subarray(CHECKSUM_BYTES))
  new DataView(packed.buffer).setBigUint64(0, checksum, true)
  return packed
}

function packRange(
  planes: Uint8Array, nCells: number, { firstCell, nCells: n }: SumRange,
): Uint8Array {
  assert(planes.length === planesBytes(nCells), `${planes.length} bytes are ${nCells} cells`)
  assert(firstCell >= 0 && firstCell + n <= nCells, 'the range is in the histogram')
  const gradients = wordsAt(planes, 8 * firstCell, 2 * n)
  const hessians = wordsAt(planes, 8 * (nCells + firstCell), 2 * n)
  const counts = wordsAt(planes, 16 * nCells + 4 * firstCell, n)

  const cells = new Int32Array(n)
  const nFilled = listFilled(cells, gradients, hessians, counts)
  const isSparse = 2 * nFilled < n
  const header: PackedHeader = {
    isSparse,
    widths: [signedWidth(gradients), unsignedWidth(hessians, 2), unsignedWidth(counts, 1)],
    nCells: n,
    nStored: isSparse ? nFilled : n,
  }
  const packed = new Uint8Array(packedBytes(header))
  writeHeader(packed, header)
  let at = HEADER_BYTES
  if (isSparse) at = writeBitmap(packed, at, cells.subarray(0, nFilled), n)
  const stored = isSparse ? cells.subarray(0, nFilled) : null
  at = writePlane(packed, at, header.widths[0], gradients, 2, stored)
  at = writePlane(packed, at, header.widths[1], hessians, 2, stored)
  at = writePlane(packed, at, header.widths[2], counts, 1, stored)
  assert(at === packed.length, `${at} bytes are the whole of ${packed.length}`)
  return packed
}

/** A view of n 32-bit words, or a copy where they are not aligned. */
function wordsAt(bytes: Uint8Array, offset: number, n: number): Int32Array {
  const start = bytes.byteOffset + offset
  if (start % 4 === 0) return new Int32Array(bytes.buffer, start, n)
  return new Int32Array(bytes.slice(offset, offset + 4 * n).buffer)
}

/** Lists the cells that are not all zero, in order; returns how many there are. */
function listFilled(
  cells: Int32Array, gradients: Int32Array, hessians: Int32Array, counts: Int32Array,
): number {
  let nFilled = 0
  for (let c = 0; c < counts.length; c++) {
    const w = 2 * c
    const any = counts[c]! | gradients[w]! | gradients[w + 1]! | hessians[w]! | hessians[w + 1]!
    cells[nFilled] = c
    nFilled += any === 0 ? 0 : 1
  }
  return nFilled
}

/** Bytes that hold all of the 64-bit values in two's complement. */
function signedWidth(words: Int32Array): number {
  let low = 0
  let high = 0
  let any = 0
  for (let w = 0; w < words.length; w += 2) {
    const top = words[w + 1]!
    const sign = top >> 31
    low |= words[w]! ^ sign
    high |= top ^ sign
    any |= words[w]! | top
  }
  return any === 0 ? 0 : (significantBits(low, high) >> 3) + 1
}

/** Bytes that hold all of the values, of `stride` words each, as unsigned integers. */
function unsignedWidth(words: Int32Array, stride: 1 | 2): number {
  let low = 0
  let high = 0
  if (stride === 1) for (let w = 0; w < words.length; w++) low |= words[w]!
  else {
    for (let w = 0; w < words.length; w += 2) {
      low |= words[w]!
      high |= words[w + 1]!
    }
  }
  return (significantBits(low, high) + 7) >> 3
}

function significantBits(low: number, high: number): number {
  return high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
}

/** @returns where the next part begins */
function writeBitmap(packed: Uint8Array, at: number, cells: Int32Array, nCells: number): number {
  for (let i = 0; i < cells.length; i++) {
    const c = cells[i]!
    packed[at + (c >> 3)]! |= 1 << (c & 7)
  }
  return at + padded((nCells + 7) >> 3)
}

/**
 * Writes the pieces of a plane.
 *
 * @param stride - words per value
 * @param cells - those that are stored; null for all
 * @returns where the next part begins
 */
function writePlane(
  packed: Uint8Array, at: number, width: number, words: Int32Array, stride: number,
  cells: Int32Array | null,
): number {
  const n = cells === null ? words.length / stride : cells.length
  let end = at
  for (const piece of piecesOfWidth[width]!) {
    const start = packed.byteOffset + end
    const from = words.subarray(piece.shift >> 5)
    switch (piece.bytes) {
      case 4: copyWords(new Int32Array(packed.buffer, start, n), from, stride, cells); break
      case 2: copyHalves(new Int16Array(packed.buffer, start, n), from, stride, piece, cells); break
      case 1: copyBytes(new Int8Array(packed.buffer, start, n), from, stride, piece, cells); break
    }
    end += padded(piece.bytes * n)
  }
  return end
}

// One loop per element type: a loop that stores to several is several times slower.

function copyWords(
  to: Int32Array, from: Int32Array, stride: number, cells: Int32Array | null,
): void {
  if (cells === null) for (let i = 0, w = 0; i < to.length; i++, w += stride) to[i] = from[w]!
  else for (let i = 0; i < to.length; i++) to[i] = from[cells[i]! * stride]!
}

function copyHalves(
  to: Int16Array, from: Int32Array, stride: number, { shift }: Piece, cells: Int32Array | null,
): void {
  const down = shift & 31
  if (cells === null) {
    for (let i = 0, w = 0; i < to.length; i++, w += stride) to[i] = from[w]! >> down
  } else for (let i = 0; i < to.length; i++) to[i] = from[cells[i]! * stride]! >> down
}

function copyBytes(
  to: Int8Array, from: Int32Array, stride: number, { shift }: Piece, cells: Int32Array | null,
): void {
  const down = shift & 31
  if (cells === null) {
    for (let i = 0, w = 0; i < to.length; i++, w += stride) to[i] = from[w]! >> down
  } else for (let i = 0; i < to.length; i++) to[i] = from[cells[i]! * stride]! >> down
}
