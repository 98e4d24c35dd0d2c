import { isRanking, log } from '@coppice/model'
import { powerOfTwo } from '../numeric/exact-sum.js'
import type { ResolvedParams } from '../params/index.js'

/** Labels that have a gain where none are given: 0 to 30, as in LightGBM. */
const DEFAULT_LABELS = 31
const LN2 = 0.6931471805599453

/** What gradients and metrics of rankings are computed from. Plain data; crosses threads. */
export interface RankingSpec {
  /** Of the labels 0, 1, ...; 0 or more, not descending. */
  readonly labelGain: readonly number[]
  /** Pairs without a row among the first so many do not count. LambdaRank only, as the next two. */
  readonly truncationLevel: number
  readonly isNormed: boolean
  readonly sigmoid: number
  /** Of the draws of rank_xendcg. */
  readonly seed: number
  /** Of lambdarank: rows have positions below it, whose biases are learnt; absent: none. */
  readonly nPositions?: number
}

/** Parameters that `rankingSpec` reads. */
export type RankingParams = Pick<ResolvedParams,
  'labelGain' | 'lambdarankTruncationLevel' | 'lambdarankNorm' | 'sigmoid' | 'objectiveSeed'>

/** The gains of labels: those given, or 2^label - 1. */
export function labelGains(given: readonly number[]): readonly number[] {
  if (given.length > 0) return given
  return Array.from({ length: DEFAULT_LABELS }, (_, label) => powerOfTwo(label) - 1)
}

/** The spec of a ranking objective. */
export function rankingSpec(params: RankingParams): RankingSpec {
  return {
    labelGain: labelGains(params.labelGain),
    truncationLevel: params.lambdarankTruncationLevel,
    isNormed: params.lambdarankNorm,
    sigmoid: params.sigmoid,
    seed: params.objectiveSeed,
  }
}

/** The largest label that there may be, or null where the objective does not rank. */
export function largestLabel(
  params: Pick<ResolvedParams, 'objective' | 'labelGain'>,
): number | null {
  return isRanking({ name: params.objective }) ? labelGains(params.labelGain).length - 1 : null
}

/** Discounts of the ranks 0 .. n - 1: 1 / log2(2 + rank). */
export function discounts(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, rank) => LN2 / log(2 + rank))
}

/** Rows of each label among some. @param counts - one per label, overwritten */
export function countLabels(
  labels: Float64Array, begin: number, end: number, counts: Uint32Array,
): void {
  counts.fill(0)
  for (let row = begin; row < end; row++) counts[labels[row]!]!++
}

/**
 * The best DCG of the first k rows: those with the largest labels first.
 * @param counts - rows of each label
 */
export function bestDcg(
  k: number, counts: Uint32Array, gains: readonly number[], discount: Float64Array,
): number {
  let dcg = 0
  let rank = 0
  for (let label = counts.length - 1; label >= 0 && rank < k; label--) {
    const end = Math.min(k, rank + counts[label]!)
    for (; rank < end; rank++) dcg += gains[label]! * discount[rank]!
  }
  return dcg
}
