/** Finds, in rows of many features, those that are not at their defaults; few of them are. */
export class RareBins {
  readonly #rowBytes: number
  /** Of the features that are looked at, by feature: the default, and 255; else 0 and 0. */
  readonly #defaults: Uint32Array
  readonly #masks: Uint32Array
  readonly #row: Uint8Array
  readonly #words: Uint32Array

  /**
   * @param rowBytes - of a row that is not packed
   * @param members - features to look at, each of one byte, and their defaults
   */
  constructor(
    rowBytes: number, members: readonly { feature: number, defaultBin: number }[],
  ) {
    this.#rowBytes = rowBytes
    const nWords = Math.ceil(rowBytes / 4)
    this.#defaults = new Uint32Array(nWords)
    this.#masks = new Uint32Array(nWords)
    this.#words = new Uint32Array(nWords)
    this.#row = new Uint8Array(this.#words.buffer)
    const [defaults, masks] = [
      new Uint8Array(this.#defaults.buffer), new Uint8Array(this.#masks.buffer)]
    for (const { feature, defaultBin } of members) {
      defaults[feature] = defaultBin
      masks[feature] = 255
    }
  }

  /**
   * Calls `found` for each feature of a row that is not at its default, by ascending feature.
   *
   * @param bins - the row's bins are those from `at` on
   */
  visit(bins: Uint8Array, at: number, found: (feature: number, bin: number) => void): void {
    const [words, defaults, masks] = [this.#words, this.#defaults, this.#masks]
    this.#row.set(bins.subarray(at, at + this.#rowBytes))
    for (let w = 0; w < words.length; w++) {
      // four features at a time
      if (((words[w]! ^ defaults[w]!) & masks[w]!) !== 0) this.#visitWord(w, found)
    }
  }

  #visitWord(w: number, found: (feature: number, bin: number) => void): void {
    let differences = (this.#words[w]! ^ this.#defaults[w]!) & this.#masks[w]!
    for (let feature = 4 * w; differences !== 0; feature++, differences >>>= 8) {
      if ((differences & 255) !== 0) found(feature, this.#row[feature]!)
    }
  }
}
