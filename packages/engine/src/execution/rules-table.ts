import type { Arena } from '../kernels/arena.js'
import { RULES_BYTES, RULES_FEATURE_BYTES } from '../kernels/api.js'
import { BYTE_BINS } from '../row-bytes.js'
import type { LeafRules, Neighbour, TreeRules } from './leaf-rules.js'
import type { FeatureLayout } from './protocol.js'

/** Least and largest left, least and largest right; with missing values left, then right. */
const PLANES = 8

/**
 * The rules of a leaf in the memory of the kernels, see `scanConstrained` in kernels/api.ts.
 */
export class RulesTable {
  readonly offset: number
  readonly #arena: Arena
  readonly #rules: TreeRules
  readonly #nFeatures: number
  readonly #bounds: number
  /** Doubles of a plane of bounds by threshold: one for each bin of any feature. */
  readonly #plane: number

  constructor(arena: Arena, rules: TreeRules, features: readonly FeatureLayout[]) {
    const nFeatures = features.length
    this.#arena = arena
    this.#rules = rules
    this.#nFeatures = nFeatures
    this.offset = arena.reserve(RULES_BYTES + nFeatures * RULES_FEATURE_BYTES)
    this.#plane = features.reduce((most, { nBins }) => Math.max(most, nBins), BYTE_BINS)
    this.#bounds = rules.hasNeighbours ? arena.reserve(PLANES * this.#plane * 8) : 0
  }

  /** Writes what is the same for all features of the leaf. */
  write({ min, max, output, monotoneFactor, cost, due, rowCosts, forced }: LeafRules): void {
    const { directions, gainFactors, firstUseCosts, pathSmooth } = this.#rules
    const head = RULES_BYTES / 8
    const table = this.#arena.doubles(this.offset, head + this.#nFeatures * 3)
    table.set([
      min, max, pathSmooth, output, monotoneFactor, cost, forced?.feature ?? -1, forced?.bin ?? 0,
      0, this.#plane * 8,
    ])
    for (let f = 0; f < this.#nFeatures; f++) {
      const at = head + f * 3
      table[at] = directions[f] ?? 0
      table[at + 1] = gainFactors[f] ?? 1
      table[at + 2] = (due?.[f] === 1 ? firstUseCosts[f] ?? 0 : 0) + (rowCosts?.[f] ?? 0)
    }
  }

  /**
   * Writes the bounds of both sides of each threshold of a numeric feature: what a side has none
   * of in common with a neighbour, that does not bound it.
   */
  writeBounds(feature: number, { min, max, neighbours }: LeafRules): void {
    const plane = this.#plane
    const planes = this.#arena.doubles(this.#bounds, PLANES * plane)
    for (let p = 0; p < PLANES; p++) {
      planes.fill(p % 2 === 0 ? min : max, p * plane, (p + 1) * plane)
    }
    for (const neighbour of neighbours) narrow(planes, plane, feature, neighbour)
    this.#arena.doubles(this.offset, RULES_BYTES / 8)[RULES_BYTES / 8 - 2] = this.#bounds
  }
}

/** Applies one neighbour's bound to the thresholds whose sides it touches. */
function narrow(
  planes: Float64Array, plane: number, feature: number, { output, isMin, parts }: Neighbour,
): void {
  let first = 0
  let last = plane - 1
  let hasMissing = true
  for (let i = 0; i < parts.length; i += 4) {
    if (parts[i] !== feature) continue
    first = parts[i + 1]!
    last = parts[i + 2]!
    hasMissing = parts[i + 3] === 1
  }
  const pick = isMin ? Math.max : Math.min
  for (let t = 0; t < plane; t++) {
    for (const isUpwards of [false, true]) {
      const left = ((isUpwards ? 4 : 0) + (isMin ? 0 : 1)) * plane + t
      const right = left + 2 * plane
      if (first <= t || (hasMissing && !isUpwards)) planes[left] = pick(planes[left]!, output)
      if (last > t || (hasMissing && isUpwards)) planes[right] = pick(planes[right]!, output)
    }
  }
}
