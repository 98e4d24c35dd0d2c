import type { RowNames } from './training/row-names.js'
import type { MissingType, Scalar } from '@coppice/model'

/**
 * Bin edges of an ordered feature.
 *
 * Value x falls into the first bin b with `x <= upperBounds[b]`. With missing 'nan' there is one
 * more bin, the last, for NaN; with 'zero', NaN falls into the bin of zero; with 'none', NaN is
 * read as 0. Matches LightGBM's `BinMapper` (src/io/bin.cpp).
 */
export interface NumericBinMapper {
  readonly kind: 'numeric'
  readonly missing: MissingType
  /** Ascending upper bounds of the value bins; the last is +Infinity. */
  readonly upperBounds: Float64Array
  /** upperBounds.length, + 1 when missing is 'nan'. At most 65,536. */
  readonly nBins: number
  /** The bin of the value 0. */
  readonly zeroBin: number
  /** The bin whose rows are missing, or -1 when missing is 'none'. */
  readonly missingBin: number
}

/**
 * Bins of an unordered feature. Bin 0 holds missing, unseen and dropped (rare) categories; bin
 * b >= 1 holds the category with code `codes[b - 1]`, by descending frequency in the sample.
 */
export interface CategoricalBinMapper {
  readonly kind: 'categorical'
  /** Category code of bins 1, 2, ...: an index into `FeatureInfo.categories`. */
  readonly codes: Int32Array
  /** codes.length + 1. At most 65,536. */
  readonly nBins: number
}

export type BinMapper = NumericBinMapper | CategoricalBinMapper

/** A feature of a data set: its name, its bins and, where categorical, its dictionary. */
export interface FeatureInfo {
  readonly name: string
  readonly mapper: BinMapper
  /** Ascending dictionary (strings by UTF-8 bytes, numbers by value); null where numeric. */
  readonly categories: readonly string[] | readonly number[] | null
}

/**
 * Consecutive rows of a data set, binned. All arrays may sit on SharedArrayBuffers, so that
 * threads read them without copies; they are never changed after loading.
 */
export interface BinnedBlock {
  /** Global row id of the first row; blocks are consecutive and cover [0, nRows). */
  readonly firstRow: number
  readonly nRows: number
  /** nRows x bytes of a row (`rowBytes`), row-major; with a packing nRows x nColumns. */
  readonly bins: Uint8Array
  /** Absent where every feature has its own bytes. */
  readonly packing?: Packing
  /**
   * Of rows that linear leaves are fitted on: nRows x the number of numeric features with two bins
   * or more, in their order, row-major; the values as they come, NaN for missing.
   */
  readonly raw?: Float64Array
}

/**
 * How rows of many features are in fewer bytes: features of which one at most is off its most
 * frequent bin in any row of the block share one, which is 0 where none is. Nothing is lost, and
 * every block has a packing of its own. Made by `packRows`. What is a feature here is a byte of the
 * rows, as `rowBytes` says: of one of more than 256 bins each byte by itself.
 */
export interface Packing {
  /** Bytes of a row. */
  readonly nColumns: number
  /** Of each feature, which of the bytes. */
  readonly columnOf: Int32Array
  /** Of each feature its most frequent bin, or -1 where the byte is its bin. */
  readonly defaultBin: Int16Array
  /** Of each feature that shares a byte, the value for its first other bin; the others follow. */
  readonly base: Uint8Array
  /** Of each feature. */
  readonly nBins: Uint16Array
}

/**
 * A data set ready for training: binned features by block, everything else by row.
 */
export interface BinnedDataset {
  readonly nRows: number
  readonly features: readonly FeatureInfo[]
  readonly blocks: readonly BinnedBlock[]
  /**
   * nRows numbers: the target, or for classifiers the class index 0 .. nClasses - 1. With several
   * label columns nRows x nLabels numbers, row-major.
   */
  readonly label: Float64Array | null
  /** Class values in class order where the label was encoded, else null. */
  readonly classes: readonly Scalar[] | null
  /** nRows non-negative finite numbers, or null for all 1. */
  readonly weight: Float64Array | null
  /** nRows x nOutputs raw scores to start from, row-major, or null. */
  readonly initScore: Float64Array | null
  /** Row counts of the query groups, in row order, or null. */
  readonly groupSizes: Uint32Array | null
  /**
   * At which position of its query each row was shown when its label came about: nRows
   * whole numbers from 0 to POSITION_MAX; absent or null where that is not known.
   */
  readonly shownAt?: Float64Array | null
  /** For messages; absent where nothing but numbers is known. */
  readonly names?: RowNames
}

/**
 * Takes the rows out of a data set, so that their memory can be collected whoever still holds it.
 * Only what is known of its features and classes is left.
 */
export function releaseRows(data: BinnedDataset): void {
  const own: { -readonly [Key in keyof BinnedDataset]: BinnedDataset[Key] } = data
  own.blocks = []
  own.label = null
  own.weight = null
  own.initScore = null
  own.groupSizes = null
}
