import { assert } from '@coppice/model'

/** Bytes of a cell of sums: i64 gradients, i64 hessians, i32 count. */
export const SUM_CELL_BYTES = 20
/** Cells of a chunk: about 1 MiB of sums, one message without fragments. A multiple of 8. */
export const CHUNK_CELLS_MAX = 52_424

/** A range of the cells of one of an answer's histograms. */
export interface SumChunk {
  readonly histogram: number
  readonly firstCell: number
  /** A multiple of 4, at most CHUNK_CELLS_MAX. */
  readonly nCells: number
}

/**
 * How the histograms of an answer are cut into messages. Depends on the arguments alone, so that
 * all workers cut alike and a chunk's number says which cells it holds.
 *
 * @param nCells - of each histogram, a multiple of 4
 */
export function sumChunks(nCells: number, nHistograms: number): readonly SumChunk[] {
  assert(nCells > 0 && nCells % 4 === 0, `${nCells} cells are a multiple of 4`)
  const chunks: SumChunk[] = []
  for (let histogram = 0; histogram < nHistograms; histogram++) {
    for (let firstCell = 0; firstCell < nCells; firstCell += CHUNK_CELLS_MAX) {
      chunks.push({ histogram, firstCell, nCells: Math.min(CHUNK_CELLS_MAX, nCells - firstCell) })
    }
  }
  return chunks
}
