import type {
  FeatureRef, GivenBins, GivenPerFeature, GivenSplit, ScheduledName,
} from '@coppice/engine'

/** A value of each of the first iterations, or of all: a function of the iteration, from 0. */
export type GivenSchedule = readonly number[] | ((iteration: number) => number)

/** Parameters that are more than a list: as values, or as texts in LightGBM's form. */
export type StructuredParams = {
  /** Of each feature 1, -1 or 0: a list in their order, or an object by name. */
  readonly monotoneConstraints?: GivenPerFeature | string | undefined
  /** Groups of features, by index or name, that may meet on a path. */
  readonly interactionConstraints?: readonly (readonly FeatureRef[])[] | string | undefined
  /** Factors on gains: a list in the order of the features, or an object by name. */
  readonly featureContri?: GivenPerFeature | string | undefined
  /** The first splits of every tree; not the name of a file here, but what is in it. */
  readonly forcedsplitsFilename?: GivenSplit | string | undefined
  /** What the first split of the model by a feature costs. */
  readonly cegbPenaltyFeatureCoupled?: GivenPerFeature | string | undefined
  /** What each row pays for a feature when a split first asks it. */
  readonly cegbPenaltyFeatureLazy?: GivenPerFeature | string | undefined
  /** Most bins of each feature: a list in their order, or an object by name. */
  readonly maxBinByFeature?: GivenPerFeature | string | undefined
  /** Bounds that bins have to have; not the name of a file here, but what is in it. */
  readonly forcedbinsFilename?: readonly GivenBins[] | string | undefined
  /** Values by iteration; functions are asked for those of all `numIterations` beforehand. */
  readonly parameterSchedule?:
    { readonly [K in ScheduledName]?: GivenSchedule | undefined } | string | undefined
}
