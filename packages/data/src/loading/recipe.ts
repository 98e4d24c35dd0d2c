import type { FeatureInfo, RowBits } from '@coppice/engine'
import type { Scalar } from '@coppice/model'
import type { ColumnType, Format, TextOptions } from '../reader.js'
import type { EncodePlan, JobColumn, JobPartition } from './job.js'
import { keptFeatures } from './raw-rows.js'

/**
 * All that is known of a data set once it is scanned: enough to bin any of its partitions
 * anywhere, alone, to the same bytes. Plain data.
 */
export interface DatasetRecipe {
  readonly nRows: number
  /**
   * Which of the rows are the data set's, where they are not all: the others were looked at for
   * bins, dictionaries and classes, and `nRows` and the partitions' plans count them, too.
   */
  readonly rows: RowBits | null
  readonly textOptions: TextOptions
  readonly columns: readonly JobColumn[]
  readonly partitions: readonly RecipePartition[]
  /** Per column. */
  readonly types: readonly ColumnType[]
  readonly features: readonly FeatureInfo[]
  readonly classes: readonly Scalar[] | null
  /** Values of numeric features are kept beside their bins: BinnedBlock.raw. */
  readonly keepsRaw?: true
}

/** A planned partition. `columnIdx` is per column of the recipe. */
export interface RecipePartition extends JobPartition {
  readonly format: Format
  /** What a manifest promises, or null. */
  readonly expected: { readonly rows: number; readonly hash: string } | null
}

/** How many label columns a data set has. */
export function labelColumnsOf({ columns }: Pick<DatasetRecipe, 'columns'>): number {
  return columns.filter(({ role }) => role === 'label').length
}

/** How the rows of a data set are binned. */
export function encodePlanOf(
  { columns, types, features, classes, keepsRaw }: DatasetRecipe,
): EncodePlan {
  return {
    // A column that is text anywhere is read as text everywhere.
    types: columns.map(({ forced }, i) => (types[i] === 'string' ? 'string' : forced)),
    features,
    classes,
    keepsRaw: keepsRaw === true,
  }
}

/** Values that are kept of a row; null where they are not to be. */
export function nRawValues({ keepsRaw, features }: DatasetRecipe): number | null {
  return keepsRaw === true ? keptFeatures(features).length : null
}
