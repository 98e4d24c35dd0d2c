import type { SumChunk } from './sum-chunks.js'
import { damaged } from './sum-header.js'
import { referenceChecksum } from './sum-checksum.js'
import {
  bitmapBytes, CHECKSUM_BYTES, HEADER_BYTES, type PackedHeader, packedBytes, padded, piecesOfWidth,
  planesBytes,
} from './sum-layout.js'
import { readHeaders, type TakeSums } from './unpack-sums.js'

/** The naive twin of `unpackSums`. */
export function referenceUnpackSums(packed: Uint8Array, chunk: SumChunk, take: TakeSums): void {
  if (packed.length < CHECKSUM_BYTES || packed.length % 8 !== 0) throw damaged('no chunk')
  const sums = packed.subarray(CHECKSUM_BYTES)
  const view = new DataView(packed.buffer, packed.byteOffset)
  if (view.getBigUint64(0, true) !== referenceChecksum(sums)) throw damaged('wrong checksum')
  let at = 0
  const headers = readHeaders(sums, chunk)
  const all = headers.map((header) => {
    const start = at
    at += packedBytes(header)
    return unpackRange(sums.subarray(start, at), header)
  })
  chunk.forEach((range, i) => take(range, all[i]!))
}

function unpackRange(bytes: Uint8Array, header: PackedHeader): Uint8Array {
  const { isSparse, widths, nCells, nStored } = header
  // Typed arrays need their alignment; a payload can start anywhere in a message.
  const packed = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
  const cells = isSparse ? readBitmap(packed, nCells, nStored) : null
  const planes = new Uint8Array(planesBytes(nCells))
  const gradients = new Int32Array(planes.buffer, 0, 2 * nCells)
  const hessians = new Int32Array(planes.buffer, 8 * nCells, 2 * nCells)
  const counts = new Int32Array(planes.buffer, 16 * nCells, nCells)
  let at = HEADER_BYTES + bitmapBytes(header)
  const plane = { nStored, cells }
  at = readPlane(packed, at, { ...plane, width: widths[0], isSigned: true, stride: 2 }, gradients)
  if (widths[0] > 0 && widths[0] <= 4) extendSigns(gradients)
  at = readPlane(packed, at, { ...plane, width: widths[1], isSigned: false, stride: 2 }, hessians)
  readPlane(packed, at, { ...plane, width: widths[2], isSigned: false, stride: 1 }, counts)
  return planes
}

/** The cells whose bits are set, in order. */
function readBitmap(packed: Uint8Array, nCells: number, nStored: number): Int32Array {
  const cells = new Int32Array(nStored)
  let n = 0
  const nWords = padded((nCells + 7) >> 3) >> 2
  const bitmap = new Int32Array(packed.buffer, packed.byteOffset + HEADER_BYTES, nWords)
  for (let w = 0; w < nWords; w++) {
    for (let bits = bitmap[w]!; bits !== 0; bits &= bits - 1) {
      const cell = 32 * w + 31 - Math.clz32(bits & -bits)
      if (n === nStored || cell >= nCells) throw damaged(`more than ${nStored} bits are set`)
      cells[n++] = cell
    }
  }
  if (n !== nStored) throw damaged(`${n} bits are set for ${nStored} cells`)
  return cells
}

interface PackedPlane {
  readonly width: number
  readonly isSigned: boolean
  /** Words per value. */
  readonly stride: 1 | 2
  readonly nStored: number
  /** Those that are stored; null for all. */
  readonly cells: Int32Array | null
}

/**
 * Puts the pieces of a plane together in `words`, which are zero.
 *
 * @returns where the next part begins
 */
function readPlane(
  packed: Uint8Array, at: number, plane: PackedPlane, words: Int32Array,
): number {
  const { stride, nStored, cells } = plane
  let end = at
  for (const { bytes, shift, isTop } of piecesOfWidth[plane.width]!) {
    const start = packed.byteOffset + end
    const to = words.subarray(shift >> 5)
    // A signed piece fills its word up with the sign as it is shifted to its place.
    const isSigned = plane.isSigned && isTop
    if (bytes === 4) putWords(to, new Int32Array(packed.buffer, start, nStored), stride, cells)
    else if (bytes === 2) {
      const halves = isSigned ? new Int16Array(packed.buffer, start, nStored)
        : new Uint16Array(packed.buffer, start, nStored)
      putHalves(to, halves, shift & 31, stride, cells)
    } else {
      const narrow = isSigned ? new Int8Array(packed.buffer, start, nStored)
        : new Uint8Array(packed.buffer, start, nStored)
      putBytes(to, narrow, shift & 31, stride, cells)
    }
    end += padded(bytes * nStored)
  }
  return end
}

/** Fills the high words up with the signs of the low ones. */
function extendSigns(words: Int32Array): void {
  for (let w = 0; w < words.length; w += 2) words[w + 1] = words[w]! >> 31
}

// One loop per element type, as in reference-pack.ts.

function putWords(
  to: Int32Array, from: Int32Array, stride: number, cells: Int32Array | null,
): void {
  if (cells === null) for (let i = 0, w = 0; i < from.length; i++, w += stride) to[w] = from[i]!
  else for (let i = 0; i < from.length; i++) to[cells[i]! * stride] = from[i]!
}

function putHalves(
  to: Int32Array, from: Int16Array | Uint16Array, up: number, stride: number,
  cells: Int32Array | null,
): void {
  if (cells === null) {
    for (let i = 0, w = 0; i < from.length; i++, w += stride) to[w]! |= from[i]! << up
  } else for (let i = 0; i < from.length; i++) to[cells[i]! * stride]! |= from[i]! << up
}

function putBytes(
  to: Int32Array, from: Int8Array | Uint8Array, up: number, stride: number,
  cells: Int32Array | null,
): void {
  if (cells === null) {
    for (let i = 0, w = 0; i < from.length; i++, w += stride) to[w]! |= from[i]! << up
  } else for (let i = 0; i < from.length; i++) to[cells[i]! * stride]! |= from[i]! << up
}
