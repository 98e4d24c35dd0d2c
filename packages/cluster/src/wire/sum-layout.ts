import { CHUNK_CELLS_MAX, CHUNK_RANGES_MAX, SUM_CELL_BYTES } from './sum-chunks.js'

/**
 * Packed sums, little-endian:
 *
 *     header      16 bytes: magic 0x53, 1 if sparse, widths of gradients, hessians and counts,
 *                 3 zeros; u32 nCells; u32 number of stored cells
 *     bitmap      if sparse: bit c is set if cell c is stored; padded to 8 bytes
 *     gradients   )
 *     hessians    ) of the stored cells, each cut to its width
 *     counts      )
 *
 * A width is the number of bytes that hold all values of the plane: gradients in two's
 * complement, hessians and counts unsigned (a negative one needs all its bytes). A plane is
 * stored in *pieces* of 4, 2 or 1 bytes, low ones first, that add up to the width: i40 is a vector
 * of the low 4 bytes of all cells, then a vector of their fifth bytes. So every piece is a plain
 * typed array, padded with zeros to 8 bytes, and all inner loops are one load, shift and store.
 *
 * The header tells how long the sums are, a multiple of 8. Those of the ranges of a chunk lie one
 * after the other, behind a checksum of 8 bytes of them all (`sum-checksum.ts`).
 */
export const CHECKSUM_BYTES = 8
export const HEADER_BYTES = 16
export const MAGIC = 0x53

/** Widths of the three planes when they are stored whole. */
export const FULL_WIDTHS = [8, 8, 4] as const

export interface PackedHeader {
  readonly isSparse: boolean
  /** Bytes per stored cell of gradients, hessians, counts; 0 where all are 0. */
  readonly widths: readonly [number, number, number]
  readonly nCells: number
  readonly nStored: number
}

/** A vector of `bytes`-wide integers: bits `shift` and up of a plane's values. */
export interface Piece {
  readonly bytes: 4 | 2 | 1
  readonly shift: number
  /** It holds the sign. */
  readonly isTop: boolean
}

/** Pieces by width: the low 4 bytes are one piece, or those below it. */
export const piecesOfWidth: readonly (readonly Piece[])[] =
  Array.from({ length: 9 }, (_, width) => {
    const pieces: Piece[] = []
    let shift = 0
    for (let rest = width; rest > 0;) {
      const bytes = rest >= 4 ? 4 : rest >= 2 ? 2 : 1
      rest -= bytes
      pieces.push({ bytes, shift, isTop: rest === 0 })
      shift += 8 * bytes
    }
    return pieces
  })

/** n bytes, rounded up so that what follows is aligned for any typed array. */
export function padded(n: number): number {
  return (n + 7) & ~7
}

/** Length of the bitmap. */
export function bitmapBytes({ isSparse, nCells }: PackedHeader): number {
  return isSparse ? padded((nCells + 7) >> 3) : 0
}

/** Length of packed sums with this header. */
export function packedBytes(header: PackedHeader): number {
  let n = HEADER_BYTES + bitmapBytes(header)
  for (const width of header.widths) {
    for (const { bytes } of piecesOfWidth[width]!) n += padded(bytes * header.nStored)
  }
  return n
}

/**
 * Most bytes of a chunk: a checksum; header, bitmap and 9 pieces of a range are padded, by 8 bytes
 * each.
 */
export const packedBytesMax = CHECKSUM_BYTES + CHUNK_CELLS_MAX * (SUM_CELL_BYTES + 1) +
  CHUNK_RANGES_MAX * (HEADER_BYTES + 80)

/** Length of the planes of so many cells. */
export function planesBytes(nCells: number): number {
  return nCells * SUM_CELL_BYTES
}
