import type { Objective } from '@coppice/model'
import type { CodeRef } from '../custom/types.js'
import type { EventTimes } from '../survival/event-times.js'
import type { HazardRange } from '../survival/hazard-sums.js'
import type { RiskTables } from '../survival/risk-tables.js'
import type { RankingSpec } from './ranking.js'

/** Exact facts about labels and weights that decide base scores, scales and class weights. */
export interface LabelStatistics {
  readonly nRows: number
  /** Sum of weights (nRows without weights), rounded once. */
  readonly sumWeight: number
  /** Sum of label x weight, rounded once. */
  readonly sumWeightedLabel: number
  /** Sum of weights of each class; empty where labels are numbers. */
  readonly classWeights: readonly number[]
  /** Rows of each class; empty where labels are numbers. */
  readonly classCounts: readonly number[]
  /** With reg_sqrt of the labels' roots, as is `sumWeightedLabel`. */
  readonly maxAbsLabel: number
  /** Largest weight, 1 without weights. */
  readonly maxWeight: number
  readonly hasWeight: boolean
  /** Of each label column, where rows have several; `maxAbsLabel` is that of all. */
  readonly targets?: readonly TargetStatistics[]
  /** Of cox. */
  readonly events?: EventTimes
}

/** Of one of several label columns. */
export interface TargetStatistics {
  /** Sum of label x weight, rounded once. */
  readonly sumWeightedLabel: number
  readonly maxAbsLabel: number
  /** Of the score's init scores, 0 without them. */
  readonly maxAbsInitScore: number
}

/** Plain data from which each thread makes its objective; crosses threads by copy. */
export interface ObjectiveSpec {
  readonly objective: Objective
  /** Of each binary output: factors of the gradients of its negative and its positive rows. */
  readonly binaryWeights: readonly number[]
  /** Proven bound of |gradient|, or null: the exact maximum is found in each iteration. */
  readonly gradientBound: number | null
  /** Proven bound of the hessian, or what is added to that by the gradients: hessian-bound.ts. */
  readonly hessianBound: number
  /** The exact maximum of the hessians is found in each iteration, too. */
  readonly measuresHessian?: boolean
  /** A loss of the user's own, whose largest hessian is looked for too. */
  readonly custom?: CodeRef | null
  /** Of objectives of rankings only. */
  readonly ranking?: RankingSpec
  /** Of cox only: those of the training rows. */
  readonly events?: EventTimes
}

/** What a training needs to know of its objective, from parameters and the labels' statistics. */
export interface ObjectivePlan {
  readonly spec: ObjectiveSpec
  readonly nOutputs: number
  /** Scores to start from, nOutputs values, not yet on the grid. */
  readonly baseScores: readonly number[]
  /** Magnitude of the scores, for the leaf grid. */
  readonly scoreScale: number
  /** Of each score, with its init scores, where `hasOwnScales`. */
  readonly scoreScales?: readonly number[]
}

/** Where a thread keeps what gradients are computed from; offsets into its memory. */
export interface GradientInputs {
  readonly memory: WebAssembly.Memory
  readonly nRows: number
  /** nOutputs planes of f64 scores. */
  readonly scores: number
  readonly scorePlaneBytes: number
  /** Planes of a label column each, at scorePlaneBytes from one to the next. */
  readonly labels: number
  /** 0 where all weights are 1. */
  readonly weights: number
  /** nOutputs planes of pairs (gradient i32, hessian i32), or with one output the records. */
  readonly gradients: number
  /** Bytes from a row's pair to the next. */
  readonly gradientStride: number
  readonly gradientPlaneBytes: number
  /** Scores are whole multiples of it. */
  readonly quantum: number
  /** `softmaxWorkBytes(nOutputs)` bytes. */
  readonly work: number
}

/**
 * An objective over the rows of one thread. `draw` is that of the requests, where there are draws;
 * so are the `biases` of positions, and the sums over `risks`.
 */
export interface ObjectiveKernel {
  /** Exact max |gradient| over the rows; 0 for objectives with a proven bound. */
  maxGradient(draw?: number, biases?: readonly number[], risks?: RiskTables): number
  /** Exact largest hessian, of objectives of the user's own and where `measuresHessian`. */
  maxHessian?(): number
  /** Fixed-point gradients and hessians of all outputs. */
  gradients(
    gradientScale: number, hessianScale: number, draw?: number, biases?: readonly number[],
    risks?: RiskTables,
  ): void
  /** Of cox: the largest `scoreKey` of the rows; 0 without rows. */
  maxScoreKey?(): number
  /** Of cox: sums of the hazards of rows, see `hazardSums`. */
  hazards?(range: HazardRange): Float64Array
  /** The loss of one of the scores, where they are several. */
  output?(output: number): ObjectiveKernel
  /** Is told that scores have changed, where it keeps what it made of them. */
  onScores?(): void
}
