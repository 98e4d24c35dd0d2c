import type { Packing } from '../dataset.js'

/** Gives the rows of blocks with one packing a byte per feature again. */
export class Unpacker {
  readonly #nColumns: number
  /** A row of defaults. */
  readonly #defaults: Uint8Array
  /** By column and value: the feature that is off its default, or -1; and its bin. */
  readonly #featureOf: Int32Array
  readonly #binOf: Uint8Array

  constructor({ nColumns, columnOf, defaultBin, base, nBins }: Packing) {
    this.#nColumns = nColumns
    this.#defaults = Uint8Array.from(defaultBin, (bin) => Math.max(0, bin))
    this.#featureOf = new Int32Array(nColumns * 256).fill(-1)
    this.#binOf = new Uint8Array(nColumns * 256)
    columnOf.forEach((column, feature) => {
      let value = column * 256 + base[feature]!
      // a byte of its own is given back whatever it is: what cannot be is for the scan to tell
      const end = defaultBin[feature]! < 0 ? 256 : nBins[feature]!
      for (let bin = 0; bin < end; bin++) {
        if (bin === defaultBin[feature]) continue
        this.#featureOf[value] = feature
        this.#binOf[value++] = bin
      }
    })
  }

  /**
   * @param bins - packed rows
   * @param first - the first row that is wanted, of nRows
   * @param target - nRows x nFeatures bytes, all written
   */
  unpack(bins: Uint8Array, first: number, nRows: number, target: Uint8Array): void {
    const nFeatures = this.#defaults.length
    let from = first * this.#nColumns
    for (let row = 0; row < nRows; row++) {
      const at = row * nFeatures
      target.set(this.#defaults, at)
      for (let entry = 0; entry < this.#nColumns * 256; entry += 256) {
        const value = entry + bins[from++]!
        const feature = this.#featureOf[value]!
        if (feature >= 0) target[at + feature] = this.#binOf[value]!
      }
    }
  }
}
