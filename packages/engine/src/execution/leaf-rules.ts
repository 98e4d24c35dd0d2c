import type { LeafTotals } from '../kernels/candidate.js'

/**
 * What scans have to know where trees grow under rules: monotone constraints, smoothing, weighed
 * gains, costs, forced splits. A training without any has none of this.
 */

/** Rules of a training that are the same for all leaves. Plain data. */
export interface TreeRules {
  /** Of each feature: 1 where scores must not fall with it, -1 where not rise, else 0. */
  readonly directions: readonly number[]
  /** Of each feature: what its gains are multiplied by, >= 0. */
  readonly gainFactors: readonly number[]
  /** Of each feature: what its first use in the model costs, `LeafRules.due` permitting. */
  readonly firstUseCosts: readonly number[]
  /** Of each feature: what each row pays when it is first asked for it. */
  readonly rowCosts: readonly number[]
  /** LightGBM's path_smooth; 0: none. */
  readonly pathSmooth: number
  /** Leaves whose bounds depend on the threshold that is looked at: `LeafRules.neighbours`. */
  readonly hasNeighbours: boolean
  /** Most leaves that are scanned again in one round; 0 where none ever is. */
  readonly rescansMax: number
}

/** Rules of the scan of one leaf. Outputs are values before the learning rate. */
export interface LeafRules {
  /** Bounds of the outputs of its children. */
  readonly min: number
  readonly max: number
  /** The leaf's own output, which its children's are smoothed towards; NaN: from its sums. */
  readonly output: number
  /** What gains of splits of monotone features are multiplied by. */
  readonly monotoneFactor: number
  /** What any split costs. */
  readonly cost: number
  /** A byte per feature: 1 where the first use is yet to be paid. Null: nowhere. */
  readonly due: Uint8Array | null
  /** Of each feature: what the leaf's rows have to pay for it yet; null: nothing, or not known. */
  readonly rowCosts: Float64Array | null
  /** The only split to look at. */
  readonly forced: ForcedThreshold | null
  /** Leaves that bound parts of this one; empty where `min` and `max` say all. */
  readonly neighbours: readonly Neighbour[]
}

/** A split that is not searched for: numeric bins up to `bin` go left, or the category `bin`. */
export interface ForcedThreshold {
  readonly feature: number
  readonly bin: number
}

/** A leaf whose output bounds those of leaves beside it in the direction of a feature. */
export interface Neighbour {
  readonly output: number
  /** The bound is from below. */
  readonly isMin: boolean
  /**
   * Features of which it has only a part of the leaf's bins: it bounds what shares some of them.
   * [feature, first bin, last bin, 1 where it shares missing values], one after the other; first
   * and last are of the bins of values, BINS_MAX and -1 where it has none.
   */
  readonly parts: readonly number[]
}

/** A leaf to be scanned again from the sums there are. */
export interface Rescan {
  readonly node: number
  readonly totals: LeafTotals
  readonly mask: Uint8Array
  readonly rules: LeafRules
}

/** An upper bound of the bytes of a leaf's rules in a request. */
export function leafRulesBytes(
  nFeatures: number, maxLeaves: number, { hasNeighbours, rowCosts }: TreeRules,
): number {
  const neighbour = 16 + 16 * Math.min(nFeatures, maxLeaves)
  const costs = rowCosts.length > 0 ? 8 * nFeatures : 0
  return 68 + nFeatures + costs + (hasNeighbours ? maxLeaves * neighbour : 0)
}
