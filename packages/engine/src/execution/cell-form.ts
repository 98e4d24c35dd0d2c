import type { Arena } from '../kernels/arena.js'
import { CELL_BYTES, HALF_CELL_BYTES, type Kernels } from '../kernels/api.js'
import { cellsOf, cellOffsets } from '../kernels/cells.js'

/** The cells in which the rows of features that are not bundled are summed. */
export class CellForm {
  readonly bytes: number
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #layout: number

  /**
   * @param layout - offset of the layout table: entries relative to their shares
   * @param isHalf - all rows have the same hessian
   */
  constructor(arena: Arena, kernels: Kernels, layout: number, isHalf: boolean) {
    this.#arena = arena
    this.#kernels = kernels
    this.#layout = layout
    this.bytes = isHalf ? HALF_CELL_BYTES : CELL_BYTES
  }

  /** See `cellOffsets`. */
  offsets(nBins: readonly number[]): number[] {
    return cellOffsets(nBins, this.bytes)
  }

  /** Bytes of a feature's cells. */
  bytesOf(nBins: number): number {
    return cellsOf(nBins, this.bytes) * this.bytes
  }

  /**
   * Cells to sums of features [first, last), which begin at `sums`: planes of nCells cells.
   *
   * @param side - of one of the rows; of no rows, any
   */
  widen(
    sums: number, nCells: number, cells: number, first: number, last: number, add: 0 | 1,
    side: number,
  ): void {
    const [hessians, counts] = [sums + nCells * 8, sums + nCells * 16]
    if (this.bytes === CELL_BYTES) {
      this.#kernels.widen(sums, hessians, counts, cells, this.#layout, first, last, add)
    } else {
      this.#kernels.widenHalf(
        sums, hessians, counts, cells, this.#layout, first, last, add,
        this.#arena.view().getInt32(side + 4, true))
    }
  }
}
