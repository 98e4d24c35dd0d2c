import { assert } from '@coppice/model'

/** Bytes of a cell of sums: i64 gradients, i64 hessians, i32 count. */
export const SUM_CELL_BYTES = 20
/** Cells of a range: about 1 MiB of sums. A multiple of 8. */
export const RANGE_CELLS_MAX = 52_424
/**
 * Cells of a chunk. Packed they have about a third of the 20 bytes each, so that a chunk is a
 * message without fragments.
 */
export const CHUNK_CELLS_MAX = 2 * RANGE_CELLS_MAX
/** The more messages, the more they cost, and the fewer cells there are to wait for. */
export const CHUNK_CELLS_MIN = 16_384
/**
 * Chunks of a round, where it is not too small: while one is on its way the next is packed, others
 * are summed, and those that have come are added up and scanned.
 */
const CHUNKS = 4
/** Ranges of a chunk: each has a header, however few cells it has. */
export const CHUNK_RANGES_MAX = 64

/** Some of the cells of one of an answer's histograms. */
export interface SumRange {
  readonly histogram: number
  readonly firstCell: number
  /** A multiple of 4, at most RANGE_CELLS_MAX. */
  readonly nCells: number
}

/** What travels in one message: one range or several, in order. */
export type SumChunk = readonly SumRange[]

/**
 * How the histograms of an answer are cut into messages. Depends on the arguments alone, so that
 * all workers cut alike and a chunk's number says which cells it holds.
 *
 * @param nCells - of each histogram, a multiple of 4
 */
export function sumChunks(nCells: number, nHistograms: number): readonly SumChunk[] {
  assert(nCells > 0 && nCells % 4 === 0, `${nCells} cells are a multiple of 4`)
  const share = Math.ceil(nHistograms / CHUNKS) * nCells
  const most = Math.max(CHUNK_CELLS_MIN, Math.min(share, CHUNK_CELLS_MAX))
  const chunks: SumRange[][] = []
  let last: SumRange[] = []
  let rest = 0
  for (let histogram = 0; histogram < nHistograms; histogram++) {
    for (let firstCell = 0; firstCell < nCells; firstCell += RANGE_CELLS_MAX) {
      const n = Math.min(RANGE_CELLS_MAX, nCells - firstCell)
      if (n > rest || last.length === CHUNK_RANGES_MAX) {
        last = []
        chunks.push(last)
        rest = Math.max(n, most)
      }
      last.push({ histogram, firstCell, nCells: n })
      rest -= n
    }
  }
  return chunks
}
