/**
 * What a training must know of rows that somebody else holds. Summaries of disjoint rows merge
 * exactly, in any order. Plain data.
 */
export interface RowSummary {
  readonly nRows: number
  readonly hasWeight: boolean
  readonly hasInitScore: boolean
  /** State of an ExactSum over the weights. */
  readonly sumWeight: readonly number[]
  /** State of an ExactSum over weight x label; empty for classes. */
  readonly sumWeightedLabel: readonly number[]
  /** One ExactSum state per class. */
  readonly classWeights: readonly (readonly number[])[]
  readonly classCounts: readonly number[]
  readonly maxAbsLabel: number
  readonly maxWeight: number
  readonly maxAbsInitScore: number
}
