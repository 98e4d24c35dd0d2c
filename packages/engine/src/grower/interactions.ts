/**
 * Which features may split a node under interaction constraints (LightGBM's ColSampler): those of
 * the path, and those of every group that holds the whole path. A feature of no group never splits.
 */
export class Interactions {
  readonly #groups: readonly ReadonlySet<number>[]
  readonly #nFeatures: number

  /** @param groups - of feature indices */
  constructor(groups: readonly (readonly number[])[], nFeatures: number) {
    this.#groups = groups.map((group) => new Set(group))
    this.#nFeatures = nFeatures
  }

  /**
   * A byte per feature.
   *
   * @param path - features that split the nodes above
   */
  allowed(path: readonly number[]): Uint8Array {
    const mask = new Uint8Array(this.#nFeatures)
    for (const feature of path) mask[feature] = 1
    for (const group of this.#groups) {
      if (!path.every((feature) => group.has(feature))) continue
      for (const feature of group) mask[feature] = 1
    }
    return mask
  }
}
