import type { GrowthCosts } from './running-ahead.js'

/** How a tree may grow. */
export interface GrowthParams {
  readonly numLeaves: number
  /** <= 0: no limit. The root has depth 0. */
  readonly maxDepth: number
  readonly growPolicy: 'leafwise' | 'depthwise'
  readonly minDataInLeaf: number
  /** Most expansions asked for in one round; does not change the tree. */
  readonly maxExpansions: number
  /** Most of them that are not committed, see `expansionsAhead`. */
  readonly aheadMax: number
  /** Does not change the tree either. */
  readonly costs: GrowthCosts
}
