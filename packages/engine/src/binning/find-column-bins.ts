/** Bins of numeric features, from their samples or from columns in memory. */
import type { NumericBinMapper } from '../dataset.js'
import { findNumericBins, type NumericBinOptions } from './find-numeric-bins.js'
import type { NumberColumn } from './number-column.js'
import { sampleColumns } from './sample-columns.js'
import type { SampledValues } from './sampled-values.js'
import { isTrivial } from './trivial.js'

/** How the bins of a numeric feature are found, and when it is left out. */
export interface NumericFeatureOptions extends NumericBinOptions {
  /** Rows that both sides of a cut must have: see `isTrivial`. */
  readonly filterCount: number | null
}

/** The bins of a numeric feature: one, where it can never be split, so that no training looks. */
export function numericFeatureBins(
  sampled: SampledValues, options: NumericFeatureOptions,
): NumericBinMapper {
  const found = findNumericBins(sampled, options)
  return isTrivial(found, options.filterCount) ? onlyBin : found.mapper
}

const onlyBin: NumericBinMapper = {
  kind: 'numeric', missing: 'none', upperBounds: Float64Array.of(Infinity), nBins: 1, zeroBin: 0,
  missingBin: -1,
}

/**
 * The bins of columns in memory: those that `numericFeatureBins` finds from their samples.
 *
 * @param options - one per column
 * @param nRows, offsets - as of `sampleColumns`
 */
export function findColumnBins(
  columns: readonly NumberColumn[],
  options: readonly NumericFeatureOptions[],
  nRows: number,
  offsets: Int32Array | null,
): NumericBinMapper[] {
  const mappers: NumericBinMapper[] = []
  sampleColumns(columns, nRows, offsets, (sampled, index) => {
    mappers.push(numericFeatureBins(sampled, options[index]!))
  })
  return mappers
}
