import { ceilPowerOfTwo, powerOfTwo } from '../numeric/exact-sum.js'
import type { PercentileTarget } from '../selection/percentile-search.js'
import { selectPercentiles, type Selection } from '../selection/select-percentiles.js'
import { percentileObjective } from '../objectives/percentile-objectives.js'
import type { GrownTree } from '../grower/grown-tree.js'
import type { LabelStatistics, ObjectivePlan } from '../objectives/objective.js'

/** How leaves that are percentiles are found. Plain data. */
export interface PercentilePlan {
  /** Of each score. */
  readonly alphas: readonly number[]
  /** Of weights as whole numbers, see SelectRequest; 0 where rows count alike. */
  readonly weightScale: number
  /** All training rows. */
  readonly nRows: number
  /** The scores start from the percentile of the labels. */
  readonly isCentered: boolean
}

/** @returns null for objectives whose leaves are no percentiles */
export function planPercentiles(
  { spec: { objective } }: ObjectivePlan, { nRows, hasWeight, maxWeight }: LabelStatistics,
  isCentered: boolean,
): PercentilePlan | null {
  const percentile = percentileObjective(objective)
  if (percentile === null) return null
  const { alphas, isRelative } = percentile
  const weightScale = hasWeight || isRelative ? wholeWeightScale(nRows, maxWeight) : 0
  return { alphas, weightScale, nRows, isCentered }
}

/**
 * Brings weights to whole numbers whose sum over all rows, rounded one by one, stays below 2^53:
 * doubles add them exactly in any order. A weight has 52 - log2(rows) bits then, at least 21.
 */
function wholeWeightScale(nRows: number, maxWeight: number): number {
  return powerOfTwo(52) / ceilPowerOfTwo(nRows) / ceilPowerOfTwo(maxWeight)
}

/**
 * The percentile of the residuals of each leaf's rows (of the bag), in quanta.
 *
 * @param output - whose scores they are of
 */
export function leafPercentiles(
  { alphas, weightScale }: PercentilePlan, output: number, tree: GrownTree,
): Selection<number[]> {
  const alpha = alphas[output]!
  return selectPercentiles(output, tree.leafNodes.map((node, leaf): PercentileTarget =>
    ({ node, nRows: tree.leafTotals[leaf]!.count, alpha, weightScale })))
}

/** The percentile of the residuals of all rows, in quanta: of the labels, while scores are 0. */
export function labelPercentile(
  { alphas, weightScale, nRows }: PercentilePlan, output: number,
): Selection<number[]> {
  return selectPercentiles(
    output, [{ node: -1, nRows, alpha: alphas[output]!, weightScale }])
}
