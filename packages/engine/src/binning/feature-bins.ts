import { CoppiceError } from '../errors.js'
import { featureIndex, perFeature, type GivenBins } from '../params/structures.js'

/** What parameters say of the bins of one feature. */
export interface FeatureBins {
  /** Most bins. */
  readonly maxBin: number
  /** Bounds that numeric bins have to have, ascending; empty where any will do. */
  readonly forcedBounds: readonly number[]
}

/**
 * The bins of each feature.
 *
 * @param maxBinByFeature - resolved value of max_bin_by_feature
 * @param forcedBins - resolved value of forcedbins_filename
 * @throws CoppiceError 'PARAMETER' for features that are not there
 */
export function featureBins(
  names: readonly string[], maxBin: number, maxBinByFeature: string, forcedBins: string,
): FeatureBins[] {
  const most = perFeature(maxBinByFeature, names, maxBin, 'max_bin_by_feature')
  const bounds = names.map((): readonly number[] => [])
  const seen = new Set<number>()
  for (const { feature, bin_upper_bound: given } of forcedBins === '' ? []
    : JSON.parse(forcedBins) as GivenBins[]) {
    const index = featureIndex(feature, names, 'forcedbins_filename')
    if (seen.has(index)) {
      throw new CoppiceError('PARAMETER',
        `forcedbins_filename has feature "${names[index]}" twice; give all of its bounds at once`)
    }
    seen.add(index)
    bounds[index] = [...new Set(given)].sort((a, b) => a - b)
  }
  return names.map((_, f) => ({ maxBin: most[f] ?? maxBin, forcedBounds: bounds[f]! }))
}
