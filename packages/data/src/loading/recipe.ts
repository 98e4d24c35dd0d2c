import type { FeatureInfo } from '@coppice/engine'
import type { Scalar } from '@coppice/model'
import type { ColumnType, Format, PartitionPlan, TextOptions } from '../reader.js'
import type { JobColumn } from './job.js'

/**
 * All that is known of a data set once it is scanned: enough to bin any of its partitions
 * anywhere, alone, to the same bytes. Plain data.
 */
export interface DatasetRecipe {
  readonly nRows: number
  readonly textOptions: TextOptions
  readonly columns: readonly JobColumn[]
  readonly partitions: readonly RecipePartition[]
  /** Per column. */
  readonly types: readonly ColumnType[]
  readonly features: readonly FeatureInfo[]
  readonly classes: readonly Scalar[] | null
}

export interface RecipePartition {
  readonly name: string
  readonly format: Format
  /** Global row id of its first row. */
  readonly firstRow: number
  readonly plan: PartitionPlan
  /** Per column of the recipe: its index in the plan, or -1 where a sparse partition lacks it. */
  readonly columnIdx: readonly number[]
  /** What a manifest promises, or null. */
  readonly expected: { readonly rows: number, readonly hash: string } | null
}
