import type { Arena } from '../kernels/arena.js'
import type { RecordLayout } from './record-layout.js'

/**
 * A buffer of rows in a thread's memory: for each tile a plane of column bytes, and a plane of
 * sides; or records that hold both (see RecordLayout). All are addressed by row.
 */
export class RecordPlanes {
  readonly #layout: RecordLayout
  /** Bytes from one tile's plane to the next. */
  readonly #tileBytes: number
  readonly #bins: number
  readonly #sides: number

  /** Room for nRows >= 0 rows and one more: gradient kernels work on pairs. */
  constructor(arena: Arena, layout: RecordLayout, nRows: number) {
    this.#layout = layout
    const { nTiles, binStride, sideStride, sideOffset } = layout
    this.#tileBytes = (nRows + 1) * binStride
    this.#bins = arena.reserve(this.#tileBytes * nTiles)
    this.#sides = sideOffset > 0
      ? this.#bins + sideOffset
      : arena.reserve((nRows + 1) * sideStride)
  }

  /** Offset of a row's bytes of a tile. */
  bins(tile: number, row: number): number {
    return this.#bins + tile * this.#tileBytes + row * this.#layout.binStride
  }

  /** Offset of a row's side. */
  sides(row: number): number {
    return this.#sides + row * this.#layout.sideStride
  }

  /** Offset of row 0's bytes of a column; rows are binStride apart. */
  column(column: number): number {
    const { tileOf, byteOf } = this.#layout
    return this.bins(tileOf[column]!, 0) + byteOf[column]!
  }
}
