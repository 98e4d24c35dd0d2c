import { finish, mixNumber, mixWord, Purpose, startHash } from '../random.js'

/** Parameters of feature sampling. */
export interface FeatureSampling {
  readonly featureFraction: number
  readonly featureFractionBynode: number
  readonly featureFractionSeed: number
}

/**
 * Which features may split: a share per tree, and of those a share per node. Features are ranked
 * by their own draws, keyed by tree and by the node's path, so the choice depends on nothing else.
 */
export class FeatureSampler {
  #sampling: FeatureSampling
  /** Features that can split at all, ascending. */
  readonly #usable: readonly number[]
  readonly #nFeatures: number
  #tree: readonly number[] = []
  #treeMask: Uint8Array
  #nodeHash = 0

  constructor(sampling: FeatureSampling, usable: readonly number[], nFeatures: number) {
    this.#sampling = sampling
    this.#usable = usable
    this.#nFeatures = nFeatures
    this.#treeMask = new Uint8Array(nFeatures)
  }

  /** Draws the features of a tree. @param sampling - its own, where it has one */
  startTree(iteration: number, output: number, sampling = this.#sampling): void {
    this.#sampling = sampling
    const { featureFraction, featureFractionSeed } = this.#sampling
    const start = (purpose: Purpose): number =>
      mixNumber(mixNumber(startHash(featureFractionSeed, purpose), iteration), output)
    this.#tree = draw(this.#usable, featureFraction, start(Purpose.featureFractionTree))
    this.#treeMask = this.#maskOf(this.#tree)
    this.#nodeHash = start(Purpose.featureFractionNode)
  }

  /**
   * The features that may split a node: nFeatures bytes, not to be changed.
   * @param nodeKey - hash of the path from the root
   * @param allowed - a byte per feature: draws are from those of the tree that have 1
   */
  mask(nodeKey: number, allowed: Uint8Array | null = null): Uint8Array {
    const fraction = this.#sampling.featureFractionBynode
    if (fraction >= 1 && allowed === null) return this.#treeMask
    const features = allowed === null ? this.#tree : this.#tree.filter((f) => allowed[f] === 1)
    return this.#maskOf(draw(features, fraction, mixWord(this.#nodeHash, nodeKey)))
  }

  #maskOf(features: readonly number[]): Uint8Array {
    const mask = new Uint8Array(this.#nFeatures)
    for (const f of features) mask[f] = 1
    return mask
  }
}

/** round(n * fraction) of the features, at least one (LightGBM), those of the smallest draws. */
function draw(features: readonly number[], fraction: number, start: number): readonly number[] {
  if (fraction >= 1 || features.length === 0) return features
  const n = Math.max(1, Math.round(features.length * fraction))
  return features
    .map((feature) => ({ feature, draw: finish(mixNumber(start, feature)) }))
    .sort((a, b) => a.draw - b.draw || a.feature - b.feature)
    .slice(0, n)
    .map(({ feature }) => feature)
}
