/** How small and how large raw scores can be: LightGBM's `lower_bound` and `upper_bound`. */

import { type IterationRange, resolveIterations } from '../predict/iterations.js'
import type { Model, Tree } from '../types.js'

/** One number per output. */
export interface ScoreBounds {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/**
 * Bounds of the raw scores of any row: the base score and, of each tree, the smallest and the
 * largest leaf value, added in tree order. No row need reach them. Of linear leaves with features
 * scores have no bounds: they are infinite. (LightGBM looks at the values that those fall back on,
 * and adds up the trees of all classes.)
 *
 * @param options - `iterations` as for a predictor: by default up to `bestIteration`
 * @throws CoppiceError 'PARAMETER' for iterations outside the model
 */
export function scoreBounds(
  model: Model, options: { readonly iterations?: IterationRange | undefined } = {},
): ScoreBounds {
  const { trees, treesPerIteration: k, baseScores } = model
  const [start, end] = resolveIterations(model, options.iterations)
  const lower = Float64Array.from(baseScores)
  const upper = Float64Array.from(baseScores)
  for (let t = start * k; t < end * k; t++) {
    const tree = trees[t]!
    const values = tree.leafValue.map((value, leaf) => leafBound(tree, leaf) ?? value)
    const largest = values.reduce((most, value) => Math.max(most, value), -Infinity)
    lower[t % k]! += largest === Infinity ? -Infinity
      : values.reduce((least, value) => Math.min(least, value), Infinity)
    upper[t % k]! += largest
  }
  return { lower, upper }
}

/** Infinity for a leaf without bounds, the constant of one without features, else null. */
function leafBound({ linear }: Tree, leaf: number): number | null {
  if (linear === undefined) return null
  return linear.features[leaf]!.length > 0 ? Infinity : linear.constant[leaf]!
}
