import { damaged, readHeader } from './sum-header.js'
import { type SumMemory, sumMemory } from './sum-kernels.js'
import {
  bitmapBytes, HEADER_BYTES, type PackedHeader, padded, piecesOfWidth, planesBytes,
} from './sum-layout.js'

/** Sums of a chunk's cells. */
export interface UnpackedSums {
  readonly nCells: number
  /** nCells i64 gradients, nCells i64 hessians, nCells i32 counts; 20 bytes a cell. */
  readonly planes: Uint8Array
}

/**
 * Reads what `packSums` wrote. Total: at most planesBytes(CHUNK_CELLS_MAX), 1 MiB, are allocated
 * whatever the bytes are.
 *
 * @throws ProtocolError
 */
export function unpackSums(packed: Uint8Array): UnpackedSums {
  const header = readHeader(packed)
  const { isSparse, widths, nCells, nStored } = header
  const memory = sumMemory()
  const { bytes, kernels, planes } = memory
  bytes.set(packed, memory.packed)
  const bitmap = memory.packed + HEADER_BYTES
  if (isSparse) checkBitmap(memory, bitmap, header)

  const whole = [planes, planes + 8 * nCells, planes + 16 * nCells] as const
  const stored = isSparse ? memory.compact : whole
  let at = bitmap + bitmapBytes(header)
  at = readWide(memory, at, { width: widths[0], n: nStored, isSigned: 1 }, stored[0])
  at = readWide(memory, at, { width: widths[1], n: nStored, isSigned: 0 }, stored[1])
  readPieces(memory, at, { width: widths[2], n: nStored, isSigned: 0 }, stored[2])
  if (isSparse) {
    const nWords = bitmapBytes(header) >> 3
    bytes.fill(0, planes, planes + planesBytes(nCells))
    kernels.expand64(whole[0], stored[0], bitmap, nWords)
    kernels.expand64(whole[1], stored[1], bitmap, nWords)
    kernels.expand32(whole[2], stored[2], bitmap, nWords)
  }
  return { nCells, planes: bytes.slice(planes, planes + planesBytes(nCells)) }
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
