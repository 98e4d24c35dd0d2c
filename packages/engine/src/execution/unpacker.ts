import type { Packing } from '../dataset.js'
import { packedEntries, type PackedEntries } from './packed-entries.js'

/** Gives the rows of blocks with one packing as they were before. */
export class Unpacker {
  readonly #nColumns: number
  /** A row of defaults. */
  readonly #defaults: Uint8Array
  readonly #entries: PackedEntries

  constructor(packing: Packing) {
    this.#nColumns = packing.nColumns
    this.#defaults = Uint8Array.from(packing.defaultBin, (bin) => Math.max(0, bin))
    this.#entries = packedEntries(packing)
  }

  /**
   * @param bins - packed rows
   * @param first - the first row that is wanted, of nRows
   * @param target - nRows x `rowBytes` bytes, all written
   */
  unpack(bins: Uint8Array, first: number, nRows: number, target: Uint8Array): void {
    const rowBytes = this.#defaults.length
    const { featureOf, binOf } = this.#entries
    let from = first * this.#nColumns
    for (let row = 0; row < nRows; row++) {
      const at = row * rowBytes
      target.set(this.#defaults, at)
      for (let entry = 0; entry < this.#nColumns * 256; entry += 256) {
        const value = entry + bins[from++]!
        const feature = featureOf[value]!
        if (feature >= 0) target[at + feature] = binOf[value]!
      }
    }
  }
}
