import type { FeatureLayout } from '../execution/protocol.js'
import { drawOffsets, maskBytesMax } from '../execution/mask.js'
import { finish, mixNumber, mixWord, Purpose, startHash } from '../random.js'

/** Draws of a place among a categorical feature's ordered categories, whose number is not known. */
const CATEGORY_DRAWS = 255

/**
 * Extremely randomised trees (LightGBM's extra_trees): of each feature of a node one candidate is
 * scored, drawn by tree, path of the node and feature alone.
 *
 * A draw travels in the mask of the node's features (execution/mask.ts). Numeric: the last bin of
 * the left side. Few categories: the one on the left. Many: a place among the candidates, of which
 * there are as many as the histogram allows.
 */
export class ThresholdDraws {
  readonly #seed: number
  readonly #nCandidates: readonly number[]
  /** See `drawOffsets`. */
  readonly #offsets: Int32Array
  readonly #nBytes: number
  #start = 0

  /** @param maxCatToOnehot - most bins of features whose categories are tried one by one */
  constructor(seed: number, features: readonly FeatureLayout[], maxCatToOnehot: number) {
    this.#seed = seed
    this.#offsets = drawOffsets(features)
    this.#nBytes = maskBytesMax(features)
    this.#nCandidates = features.map(({ nBins, missingBin, isCategorical }) => {
      if (isCategorical) return nBins <= maxCatToOnehot ? Math.max(1, nBins - 1) : CATEGORY_DRAWS
      const nValues = missingBin === nBins - 1 ? nBins - 1 : nBins
      return Math.max(1, nValues - 1)
    })
  }

  startTree(iteration: number, output: number): void {
    this.#start = mixNumber(
      mixNumber(startHash(this.#seed, Purpose.extraThreshold), iteration), output)
  }

  /** The mask with a draw for each of its features: a new array. */
  draw(mask: Uint8Array, nodeKey: number): Uint8Array {
    const node = mixWord(this.#start, nodeKey)
    const drawn = new Uint8Array(this.#nBytes)
    mask.forEach((isAllowed, f) => {
      if (isAllowed === 0) return
      const share = finish(mixNumber(node, f)) / 0x1_0000_0000
      const candidate = Math.floor(share * this.#nCandidates[f]!)
      const at = this.#offsets[f]!
      drawn[f] = at === 0 ? 1 + candidate : 1
      if (at > 0) drawn.set([candidate & 255, candidate >> 8], at)
    })
    return drawn
  }
}
