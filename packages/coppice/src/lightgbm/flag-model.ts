/** Models of LightGBM, and files without a header, where flags say what is read. */
import { Booster, type FileOptions } from '@coppice/api'
import { withUsedFeatures } from '@coppice/api/command'

/**
 * How columns without names are numbered for a model: as LightGBM does where the model has its
 * names, `Column_0` and so on for all features, and by their place otherwise.
 *
 * @param label - its column as the user names it; undefined for rows to predict, whose label is
 *   where the training data had it, or which have none
 */
export function numberingFor(
  { model }: Booster, label: string | undefined,
): Pick<FileOptions, 'unnamed'> {
  const { origin, features } = model
  if (origin === undefined || features.some(({ name }, f) => name !== `Column_${f}`)) return {}
  if (label === undefined) {
    return { unnamed: { label: origin.labelIndex, unlessColumns: features.length } }
  }
  return /^\d+$/.test(label) ? { unnamed: { label: Number(label), unlessColumns: null } } : {}
}

/** The booster without features that no tree uses, which the data need not have. */
export function asNeeded(booster: Booster): Booster {
  const model = withUsedFeatures(booster.model)
  return model === booster.model ? booster : new Booster(model)
}
