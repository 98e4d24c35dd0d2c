import type { Arena } from '../kernels/arena.js'
import type { Kernels } from '../kernels/api.js'
import type { ColumnPlan } from './columns.js'
import type { RecordLayout } from './record-layout.js'
import type { RecordPlanes } from './record-planes.js'

/** Bytes of rows that are copied at a time; at least one row. */
const BYTES_AT_ONCE = 65_536

/**
 * Copies rows whose columns are their bytes, in order: no feature is bundled, none has two bytes.
 * Column by column, as other rows are (ColumnFiller), 200,000 rows of 500 features take a second.
 */
export class PlainRows {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #layout: RecordLayout
  readonly #rowBytes: number
  readonly #rowsAtOnce: number
  /** Rows as they come. */
  readonly #incoming: number

  constructor(arena: Arena, kernels: Kernels, layout: RecordLayout, rowBytes: number) {
    this.#arena = arena
    this.#kernels = kernels
    this.#layout = layout
    this.#rowBytes = rowBytes
    this.#rowsAtOnce = Math.max(1, Math.floor(BYTES_AT_ONCE / rowBytes))
    this.#incoming = arena.reserve(this.#rowsAtOnce * rowBytes)
  }

  /** Whether rows of this plan can be copied. */
  static areOf({ columns, hasBundles, wide }: ColumnPlan): boolean {
    return columns.length > 0 && !hasBundles && wide.length === 0
  }

  /**
   * @param bins - nRows x `rowBytes`, row-major
   * @param row - where the first one goes
   */
  copy(to: RecordPlanes, bins: Uint8Array, nRows: number, row: number): void {
    const { nTiles, tileStarts, binStride } = this.#layout
    for (let first = 0; first < nRows; first += this.#rowsAtOnce) {
      const n = Math.min(this.#rowsAtOnce, nRows - first)
      const at = first * this.#rowBytes
      this.#arena.put(this.#incoming, bins.subarray(at, at + n * this.#rowBytes))
      for (let tile = 0; tile < nTiles; tile++) {
        const start = tileStarts[tile]!
        this.#kernels.copyRows(
          to.bins(tile, row + first), binStride, this.#incoming + start, this.#rowBytes,
          tileStarts[tile + 1]! - start, n)
      }
    }
  }
}
