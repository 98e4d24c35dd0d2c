/** Puts together what the units told: types, dictionaries, bins. */
import {
  type CategoricalBinMapper,
  findCategoricalBins,
  type FeatureBins,
  type FeatureInfo,
  isTrivial,
  mergeSampledCategories,
  numericFeatureBins,
  type NumericFeatureOptions,
  preFilterCount,
  recodeSampledCategories,
  type SampledCategories,
  type SampledValues,
  sampledRowCount,
} from '@coppice/engine'
import { compareUtf8 } from '@coppice/model'
import { TypeJoin } from '../column-types.js'
import type { ColumnType } from '../reader.js'
import type { BinningParams, FeatureScan, JobColumn, UnitScan } from './job.js'

/** A unit's scan with the name of its partition. */
export interface PlacedScan {
  readonly partition: string
  readonly scan: UnitScan
}

/**
 * The joined type of each column.
 *
 * Throws CoppiceError 'DATA' naming column and partitions where a date meets a number.
 */
export function joinScannedTypes(
  columns: readonly JobColumn[],
  units: readonly PlacedScan[],
): ColumnType[] {
  return columns.map((column, i) => {
    const join = new TypeJoin(column.name)
    for (const { partition, scan } of units) join.add(scan.types[i]!, partition)
    return join.type
  })
}

/** Columns of a unit that turned out to be text elsewhere and must be read again as text. */
export function columnsToReadAsText(types: readonly ColumnType[], scan: UnitScan): number[] {
  return types.flatMap((type, i) => {
    const found = scan.types[i]
    return type === 'string' && found !== 'string' && found !== 'empty' ? [i] : []
  })
}

/** A scan with the columns that were read again put in. */
export function withTextColumns(
  scan: UnitScan,
  again: UnitScan,
  asText: readonly number[],
): UnitScan {
  const isAgain = new Set(asText)
  return {
    types: scan.types.map((type, i) => (isAgain.has(i) ? 'string' : type)),
    features: scan.features.map((feature, i) => (isAgain.has(i) ? again.features[i]! : feature)),
    labels: again.labels.length > 0 ? again.labels : scan.labels,
    groups: again.groups ?? scan.groups,
    hasPositiveWeight: scan.hasPositiveWeight,
  }
}

/** A dictionary in ascending order, and the sampled rows of its categories. */
export interface MergedCategories {
  readonly categories: readonly string[] | readonly number[]
  readonly sampled: SampledCategories
}

/** Merges the categories of one feature: texts ordered by UTF-8 bytes, numbers by value. */
export function mergeCategories(scans: readonly FeatureScan[], isText: boolean): MergedCategories {
  const distinct = new Set<string | number>()
  for (const scan of scans) {
    if (scan.kind === 'categories') for (const value of scan.values) distinct.add(value)
  }
  const categories = isText
    ? ([...distinct] as string[]).sort(compareUtf8)
    : ([...distinct] as number[]).sort((a, b) => a - b)
  const codeOf = new Map<string | number, number>()
  for (const [code, value] of categories.entries()) codeOf.set(value, code)
  const parts = scans.map((scan) => {
    // Units without any value do not know that the column is categorical.
    if (scan.kind === 'values') {
      return { counts: new Uint32Array(0), missingCount: sampledRowCount(scan.sampled) }
    }
    const newCodes = new Int32Array(scan.values.length)
    for (const [i, value] of scan.values.entries()) newCodes[i] = codeOf.get(value)!
    return recodeSampledCategories(scan.sampled, newCodes)
  })
  return { categories, sampled: mergeSampledCategories(parts) }
}

/** What is known of a feature before its bins are found. */
export type MergedFeature =
  | { readonly kind: 'numeric'; readonly name: string; readonly sampled: SampledValues }
  | { readonly kind: 'categorical'; readonly name: string; readonly merged: MergedCategories }

/**
 * Finds the bins of one feature. A feature that can never be split gets one bin, so that no
 * training looks at it.
 */
export function findFeature(
  feature: MergedFeature,
  params: BinningParams & FeatureBins,
  nSampled: number,
  nRows: number,
): FeatureInfo {
  const { maxBin, minDataInBin } = params
  const options = numericOptions(params, nSampled, nRows)
  const { filterCount } = options
  const { name } = feature
  if (feature.kind === 'categorical') {
    const { categories, sampled } = feature.merged
    const found = findCategoricalBins(sampled, { maxBin, minDataInBin })
    const mapper = isTrivial(found, filterCount) ? noCategories : found.mapper
    return { name, mapper, categories }
  }
  return { name, mapper: numericFeatureBins(feature.sampled, options), categories: null }
}

const noCategories: CategoricalBinMapper =
  { kind: 'categorical', codes: new Int32Array(0), nBins: 1 }

/** How the bins of a numeric feature are found. */
export function numericOptions(
  params: BinningParams & FeatureBins, nSampled: number, nRows: number,
): NumericFeatureOptions {
  const { maxBin, forcedBounds, minDataInBin, useMissing, zeroAsMissing } = params
  const filterCount = params.featurePreFilter
    ? preFilterCount(params.minDataInLeaf, nSampled, nRows)
    : null
  return { maxBin, minDataInBin, useMissing, zeroAsMissing, forcedBounds, filterCount }
}
