import { assert } from '@coppice/model'
import { bytesWithRoom } from '../protocol/room.js'
import type { SumChunk, SumRange } from './sum-chunks.js'
import { computeChecksum } from './sum-checksum.js'
import { writeHeader } from './sum-header.js'
import { SLACK, type SumMemory, sumMemory } from './sum-kernels.js'
import {
  CHECKSUM_BYTES, HEADER_BYTES, type PackedHeader, packedBytes, padded, piecesOfWidth, planesBytes,
} from './sum-layout.js'

/**
 * Packs sums, losslessly: narrow integers, and of each range only the cells that are not all zero
 * where those are fewer than half. Equal sums give equal bytes. O(cells).
 *
 * @param histograms - planes of whole histograms: nCells i64 gradients, nCells i64 hessians,
 *   nCells i32 counts; may be shared memory
 * @param chunk - as from `sumChunks`
 * @returns a checksum and the ranges one after the other, in memory of their own, with room as of
 *   `takeRoom`
 */
export function packSums(
  histograms: readonly Uint8Array[], nCells: number, chunk: SumChunk,
): Uint8Array {
  const memory = sumMemory()
  const { bytes, packed, packedSize } = memory
  let end = packed + CHECKSUM_BYTES
  for (const range of chunk) {
    end = packRange(memory, end, histograms[range.histogram]!, nCells, range)
  }
  assert(end - packed <= packedSize, `${end - packed} bytes are a chunk`)
  writeChecksum(memory, end - packed)
  const copy = bytesWithRoom(end - packed)
  copy.set(bytes.subarray(packed, end))
  return copy
}

function writeChecksum(memory: SumMemory, nBytes: number): void {
  const { bytes, packed } = memory
  new DataView(bytes.buffer).setBigUint64(packed, computeChecksum(memory, nBytes), true)
}

/** Packs a range to `at`. @returns where it ends */
function packRange(
  memory: SumMemory, at: number, planes: Uint8Array, nCells: number,
  { firstCell, nCells: n }: SumRange,
): number {
  assert(planes.length === planesBytes(nCells), `${planes.length} bytes are ${nCells} cells`)
  assert(firstCell >= 0 && firstCell + n <= nCells, 'the range is in the histogram')
  const { kernels, bytes } = memory
  const whole = [memory.planes, memory.planes + 8 * n, memory.planes + 16 * n] as const
  bytes.set(planes.subarray(8 * firstCell, 8 * (firstCell + n)), whole[0])
  const hessians = 8 * nCells
  bytes.set(planes.subarray(hessians + 8 * firstCell, hessians + 8 * (firstCell + n)), whole[1])
  const counts = 16 * nCells
  bytes.set(planes.subarray(counts + 4 * firstCell, counts + 4 * (firstCell + n)), whole[2])

  const bitmapSize = padded((n + 7) >> 3)
  bytes.fill(0, memory.bitmap, memory.bitmap + bitmapSize)
  const nFilled = kernels.survey(memory.stats, memory.bitmap, ...whole, n)
  const isSparse = 2 * nFilled < n
  const header: PackedHeader = {
    isSparse, widths: widthsOf(memory), nCells: n, nStored: isSparse ? nFilled : n,
  }
  if (isSparse) compact(memory, whole, bitmapSize >> 3)
  writeHeader(bytes.subarray(at, at + HEADER_BYTES), header)
  const end = writePlanes(memory, at + HEADER_BYTES, header, isSparse ? memory.compact : whole)
  assert(end - at === packedBytes(header), 'all of it is written')
  return end
}

/** The widths that hold all values, from what `survey` found. */
function widthsOf({ words, stats }: SumMemory): readonly [number, number, number] {
  const bits = (i: number): number => {
    const low = words[(stats >> 2) + 2 * i]!
    const high = words[(stats >> 2) + 2 * i + 1]!
    return high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
  }
  const unsigned = (i: number): number => (bits(i) + 7) >> 3
  // A signed integer needs a bit for the sign, but none at all if all are 0.
  return [bits(1) === 0 ? 0 : (bits(0) >> 3) + 1, unsigned(2), unsigned(3)]
}

type Planes = readonly [gradients: number, hessians: number, counts: number]

function compact(memory: SumMemory, whole: Planes, nWords: number): void {
  const { kernels, bitmap } = memory
  kernels.compact64(memory.compact[0], whole[0], bitmap, nWords)
  kernels.compact64(memory.compact[1], whole[1], bitmap, nWords)
  kernels.compact32(memory.compact[2], whole[2], bitmap, nWords)
}

/** Writes all that follows the header. @returns where it ends */
function writePlanes(
  memory: SumMemory, start: number, header: PackedHeader, planes: Planes,
): number {
  const { bytes, bitmap } = memory
  const { isSparse, nCells, nStored, widths } = header
  let at = start
  if (isSparse) {
    const bitmapSize = padded((nCells + 7) >> 3)
    bytes.copyWithin(at, bitmap, bitmap + bitmapSize)
    at += bitmapSize
    // What is beyond the stored cells ends up in the padding, which is zero.
    bytes.fill(0, planes[0] + 8 * nStored, planes[0] + 8 * (nStored + SLACK))
    bytes.fill(0, planes[1] + 8 * nStored, planes[1] + 8 * (nStored + SLACK))
  }
  at = writeWide(memory, at, widths[0], planes[0], nStored)
  at = writeWide(memory, at, widths[1], planes[1], nStored)
  return writePieces(memory, at, widths[2], planes[2], nStored)
}

/** Writes a plane of 8-byte integers: the pieces of its low words, then of its high words. */
function writeWide(
  memory: SumMemory, at: number, width: number, plane: number, n: number,
): number {
  const { kernels, lows, highs } = memory
  let end = at
  if (width >= 4) {
    kernels.lows(end, plane, n)
    end += padded(4 * n)
  } else if (width > 0) {
    kernels.lows(lows, plane, n)
    end = writePieces(memory, end, width, lows, n)
  }
  if (width === 8) {
    kernels.highs(end, plane, n)
    return end + padded(4 * n)
  }
  if (width <= 4) return end
  kernels.highs(highs, plane, n)
  return writePieces(memory, end, width - 4, highs, n)
}

/** Writes the pieces of n words. Those that follow the words are set to zero. */
function writePieces(
  { kernels, words }: SumMemory, at: number, width: number, from: number, n: number,
): number {
  words.fill(0, (from >> 2) + n, (from >> 2) + n + SLACK)
  let end = at
  for (const { bytes, shift } of piecesOfWidth[width]!) {
    kernels.narrow(end, from, n, bytes, shift)
    end += padded(bytes * n)
  }
  return end
}
