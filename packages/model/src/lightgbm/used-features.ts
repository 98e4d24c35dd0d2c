import { chainOf } from '../format/chain.js'
import type { Model } from '../types.js'

/**
 * A model of LightGBM without the features that no tree uses: it counts all columns of its training
 * data as features, also those it was told to leave out, such as texts and weights, which rows to
 * predict need not have. Predictions are the same. Other models stay as they are.
 */
export function withUsedFeatures(model: Model): Model {
  const { origin, features, trees } = model
  if (origin === undefined) return model
  const used = new Set(trees.flatMap(({ splitFeature, linear }) =>
    [...splitFeature, ...(linear?.features.flat() ?? [])]))
  if (used.size === features.length || used.size === 0) return model
  const kept = [...features.keys()].filter((f) => used.has(f))
  const placeOf = new Map(kept.map((f, place) => [f, place]))
  const place = (f: number): number => placeOf.get(f)!
  const { featureInfos, monotoneConstraints } = origin
  const smaller: Omit<Model, 'chainHash'> = {
    ...model,
    features: kept.map((f) => features[f]!),
    origin: {
      ...origin,
      featureInfos: kept.map((f) => featureInfos[f]!),
      monotoneConstraints: monotoneConstraints && kept.map((f) => monotoneConstraints[f]!),
    },
    trees: trees.map((tree) => ({
      ...tree,
      splitFeature: tree.splitFeature.map(place),
      ...(tree.linear === undefined ? {} : { linear: { ...tree.linear,
        features: tree.linear.features.map((own) => own.map(place)) } }),
    })),
  }
  return { ...smaller, chainHash: chainOf(smaller) }
}
