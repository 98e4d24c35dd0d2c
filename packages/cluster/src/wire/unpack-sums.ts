import type { SumChunk, SumRange } from './sum-chunks.js'
import { computeChecksum } from './sum-checksum.js'
import { damaged, readHeader } from './sum-header.js'
import { type SumMemory, sumMemory } from './sum-kernels.js'
import {
  bitmapBytes, CHECKSUM_BYTES, HEADER_BYTES, type PackedHeader, packedBytes, padded, piecesOfWidth,
  planesBytes,
} from './sum-layout.js'

/**
 * Takes the sums of a range's cells.
 *
 * @param planes - nCells i64 gradients, nCells i64 hessians, nCells i32 counts; 20 bytes a cell.
 *   They are there until the call returns: the next range is put into the same memory
 */
export type TakeSums = (range: SumRange, planes: Uint8Array) => void

/**
 * Reads what `packSums` wrote: gives out the ranges of a chunk, in order. Total: nothing is
 * allocated whatever the bytes are, and nothing is given out unless all of them are right.
 *
 * @throws ProtocolError
 */
export function unpackSums(packed: Uint8Array, chunk: SumChunk, take: TakeSums): void {
  const memory = sumMemory()
  const { bytes, planes, packedSize } = memory
  if (packed.length > packedSize) {
    throw damaged(`${packed.length} bytes; a chunk has at most ${packedSize}`)
  }
  if (packed.length < CHECKSUM_BYTES || packed.length % 8 !== 0) {
    throw damaged(`${packed.length} bytes; a chunk has a multiple of 8`)
  }
  bytes.set(packed, memory.packed)
  const sum = new DataView(bytes.buffer).getBigUint64(memory.packed, true)
  if (computeChecksum(memory, packed.length) !== sum) throw damaged('the checksum is wrong')
  const start = memory.packed + CHECKSUM_BYTES
  const headers = readHeaders(bytes.subarray(start, memory.packed + packed.length), chunk)
  let at = start
  for (const header of headers) {
    if (header.isSparse) checkBitmap(memory, at + HEADER_BYTES, header)
    at += packedBytes(header)
  }
  at = start
  chunk.forEach((range, i) => {
    const header = headers[i]!
    unpackRange(memory, at, header)
    take(range, bytes.subarray(planes, planes + planesBytes(header.nCells)))
    at += packedBytes(header)
  })
}

/**
 * The headers of packed sums that lie one after the other.
 *
 * @throws ProtocolError where they are not those of these ranges, or something follows
 */
export function readHeaders(packed: Uint8Array, chunk: SumChunk): PackedHeader[] {
  let at = 0
  const headers = chunk.map(({ nCells }) => {
    const header = readHeader(packed.subarray(at))
    if (header.nCells !== nCells) {
      throw damaged(`a range has ${header.nCells} cells; ${nCells} were due`)
    }
    at += packedBytes(header)
    return header
  })
  if (at !== packed.length) throw damaged(`${packed.length - at} bytes follow the last range`)
  return headers
}

/** Puts the sums that are packed at `at` into the planes. */
function unpackRange(memory: SumMemory, at: number, header: PackedHeader): void {
  const { bytes, kernels, planes } = memory
  const { isSparse, widths, nCells, nStored } = header
  const bitmap = at + HEADER_BYTES
  const whole = [planes, planes + 8 * nCells, planes + 16 * nCells] as const
  const stored = isSparse ? memory.compact : whole
  let end = bitmap + bitmapBytes(header)
  end = readWide(memory, end, { width: widths[0], n: nStored, isSigned: 1 }, stored[0])
  end = readWide(memory, end, { width: widths[1], n: nStored, isSigned: 0 }, stored[1])
  readPieces(memory, end, { width: widths[2], n: nStored, isSigned: 0 }, stored[2])
  if (!isSparse) return
  const nWords = bitmapBytes(header) >> 3
  bytes.fill(0, planes, planes + planesBytes(nCells))
  kernels.expand64(whole[0], stored[0], bitmap, nWords)
  kernels.expand64(whole[1], stored[1], bitmap, nWords)
  kernels.expand32(whole[2], stored[2], bitmap, nWords)
}

/** As many bits as cells are stored, and none for a cell that does not exist. */
function checkBitmap(
  { bytes, kernels }: SumMemory, bitmap: number, { nCells, nStored }: PackedHeader,
): void {
  const nBytes = padded((nCells + 7) >> 3)
  for (let byte = nCells >> 3; byte < nBytes; byte++) {
    const isPartial = byte === nCells >> 3
    if (bytes[bitmap + byte]! >> (isPartial ? nCells & 7 : 0) !== 0) {
      throw damaged(`a bit is set beyond the ${nCells} cells`)
    }
  }
  const n = kernels.countBits(bitmap, nBytes >> 3)
  if (n !== nStored) throw damaged(`${n} bits are set for ${nStored} cells`)
}

interface PackedPlane {
  readonly width: number
  /** Stored values. */
  readonly n: number
  readonly isSigned: 0 | 1
}

/** Reads a plane of 8-byte integers. @returns where it ends */
function readWide(memory: SumMemory, at: number, plane: PackedPlane, to: number): number {
  const { bytes, kernels, lows, highs } = memory
  const { width, n, isSigned } = plane
  if (width === 0) {
    bytes.fill(0, to, to + 8 * n)
    return at
  }
  if (width < 4) {
    const end = readPieces(memory, at, plane, lows)
    kernels.join(to, lows, 0, n, isSigned)
    return end
  }
  // Words are read from where they are.
  const end = at + padded(4 * n)
  if (width === 4) kernels.join(to, at, 0, n, isSigned)
  if (width === 8) kernels.join(to, at, end, n, 0)
  if (width === 4) return end
  if (width === 8) return end + padded(4 * n)
  const last = readPieces(memory, end, { ...plane, width: width - 4 }, highs)
  kernels.join(to, at, highs, n, 0)
  return last
}

/** Puts pieces together to words. @returns where they end */
function readPieces(
  { bytes, kernels }: SumMemory, at: number, { width, n, isSigned }: PackedPlane, to: number,
): number {
  if (width === 0) bytes.fill(0, to, to + 4 * n)
  let end = at
  for (const piece of piecesOfWidth[width]!) {
    kernels.widen(to, end, n, piece.bytes, piece.shift, piece.isTop ? isSigned : 0,
      piece.shift > 0 ? 1 : 0)
    end += padded(piece.bytes * n)
  }
  return end
}
