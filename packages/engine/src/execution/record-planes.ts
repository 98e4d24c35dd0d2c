import type { Arena } from '../kernels/arena.js'
import { sideOffset, type RecordLayout } from './record-layout.js'

/**
 * A buffer of rows in a thread's memory: for each tile a plane of bins, and a plane of sides; or
 * records that hold both (see RecordLayout). All are addressed by row.
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
    const { nTiles, binStride, sideStride } = layout
    this.#tileBytes = (nRows + 1) * binStride
    this.#bins = arena.reserve(this.#tileBytes * nTiles)
    this.#sides = nTiles === 1
      ? this.#bins + sideOffset(layout.nFeatures)
      : arena.reserve((nRows + 1) * sideStride)
  }

  /** Offset of a row's bins of a tile. */
  bins(tile: number, row: number): number {
    return this.#bins + tile * this.#tileBytes + row * this.#layout.binStride
  }

  /** Offset of a row's side. */
  sides(row: number): number {
    return this.#sides + row * this.#layout.sideStride
  }

  /** Offset of row 0's bin of a feature; rows are binStride apart. */
  feature(feature: number): number {
    const { tileFeatures } = this.#layout
    const tile = Math.floor(feature / tileFeatures)
    return this.bins(tile, 0) + feature - tile * tileFeatures
  }
}
