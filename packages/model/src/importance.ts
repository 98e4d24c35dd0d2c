import type { Model } from './types.js'
import { CoppiceError } from './errors.js'
import { type IterationRange, resolveIterations } from './predict/iterations.js'
import { describe } from './text.js'

/**
 * How much each feature is used: 'split' counts the nodes that split on it, 'gain' sums their
 * gains in tree order (LightGBM's `feature_importance`).
 *
 * @param options - `iterations` as for a predictor: by default up to `bestIteration`
 * @returns one number per feature of the model, in its order; not normalised
 * @throws CoppiceError 'PARAMETER' for another type or iterations outside the model
 */
export function featureImportances(
  model: Model, type: 'split' | 'gain', options: { readonly iterations?: IterationRange } = {},
): Float64Array {
  if (type !== 'split' && type !== 'gain') {
    throw new CoppiceError('PARAMETER',
      `importance type must be "split" or "gain", got ${describe(type)}`)
  }
  const [start, end] = resolveIterations(model, options.iterations)
  const importances = new Float64Array(model.features.length)
  const k = model.treesPerIteration
  for (const tree of model.trees.slice(start * k, end * k)) {
    tree.splitFeature.forEach((f, i) => {
      importances[f]! += type === 'split' ? 1 : tree.splitGain[i]!
    })
  }
  return importances
}
