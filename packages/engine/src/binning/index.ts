export { featureBins, type FeatureBins } from './feature-bins.js'
export { binColumns, binMatrix, type ValueMatrix } from './bin-columns.js'
export { binFloats, type BinnedRows, type FloatBinner } from './bin-floats.js'
export {
  binCodes,
  binLookup,
  binOfCode,
  binOfValue,
  binValues,
  codedLookup,
  recodedLookup,
  type BinLookup,
  type CategoricalLookup,
  type NumericLookup,
  type ValueColumn,
} from './bin-values.js'
export {
  CategorySample,
  mergeSampledCategories,
  recodeSampledCategories,
  type SampledCategories,
} from './category-sample.js'
export { findCategoricalBins, type CategoricalBinOptions } from './find-categorical-bins.js'
export {
  findColumnBins, numericFeatureBins, type NumericFeatureOptions,
} from './find-column-bins.js'
export { findNumericBins, type FoundBins, type NumericBinOptions } from './find-numeric-bins.js'
export type { NumberColumn } from './number-column.js'
export { type FloatLookup, floatLookup } from './number-table.js'
export { sampledOffsets, sampleRule, type SampleRule } from './sample.js'
export { columnsSampledAtOnce } from './sample-columns.js'
export { isTrivial, preFilterCount } from './trivial.js'
export {
  mergeSampledValues,
  sampleCodes,
  sampledRowCount,
  ValueSample,
  zeroThreshold,
} from './value-sample.js'
export type { SampledValues } from './sampled-values.js'
