import type { Model, ModelHeader, Scalar, Tree } from '@coppice/model'
import type { FeatureInfo } from '../dataset.js'
import type { BinnedTree } from '../execution/protocol.js'
import type { ResolvedParams } from '../params/index.js'
import type { Rescale } from './dart.js'
import type { ExecutorTraits } from './executor-traits.js'
import type { IterationRecord } from './iteration.js'
import type { TrainingPlan } from './plan.js'
import type { RowSummary } from './summary.js'
import type { IterationEvent, MetricValue, TrainingEvent, TrainResult } from './types.js'

/** What the trainer knows of a data set. The rows are wherever they are. */
export interface TrainingData {
  /** The summary's. */
  readonly nRows: number
  readonly features: readonly FeatureInfo[]
  /** Class values in class order where the label was encoded, else null. */
  readonly classes: readonly Scalar[] | null
  /** Of all rows, checked. */
  readonly summary: RowSummary
}

/** A data set on which metrics are computed; its features have the mappers of the training set. */
export interface NamedTrainingData {
  readonly name: string
  readonly data: TrainingData
}

/** What a training is decided from. */
export interface TrainingInputs {
  readonly params: ResolvedParams
  readonly train: TrainingData
  readonly evalSets: readonly NamedTrainingData[]
  readonly executor: ExecutorTraits
  /** A model of the same data and parameters with fewer iterations: training goes on after it. */
  readonly resumeFrom?: Model
  /**
   * A model to begin with, of `initialModel`: its raw scores are the init scores of all rows, its
   * trees come first. Iterations of requests and records count from 0 all the same.
   */
  readonly initModel?: Model
}

/** A committed iteration: what a journal keeps of it. Plain data; JSON holds it exactly. */
export interface CommittedIteration {
  readonly iteration: number
  /** One per output, in class order. */
  readonly trees: readonly Tree[]
  /** What the iteration did to trees of earlier ones, or null. */
  readonly rescale: Rescale | null
  /** Empty in iterations without evaluation. */
  readonly metrics: readonly MetricValue[]
  /** Of positions, after this iteration; absent where rows have none, or these are not known. */
  readonly positionBiases?: readonly number[]
  /** Of the model up to here, see `recordChain`. */
  readonly chainHash: string
}

/**
 * What the trainer asks of whoever runs it, in this order:
 *
 *   center (where base scores are percentiles) -> open -> replay (of a resumed training)
 *     -> tell started -> (iterate -> announce) per iteration -> tell stopped
 */
export type TrainerRequest =
  | CenterRequest | OpenRequest | ReplayRequest | TellRequest | IterateRequest | AnnounceRequest

/**
 * Build engines, and find the base scores that only the rows can tell (`Booster.center`). Answered
 * with them, one per output. 'open' follows, with the same plan for the same engines, once the
 * header can be known.
 */
export interface CenterRequest {
  readonly kind: 'center'
  readonly plan: TrainingPlan
}

/** Build engines, unless 'center' has. Answered null. */
export interface OpenRequest {
  readonly kind: 'open'
  readonly plan: TrainingPlan
  /** Of the model to be; its chain hash (`startChain`) tells trainings apart. */
  readonly header: ModelHeader
}

/**
 * Bring the scores to where they were after these trees, one list per iteration: what
 * `Booster.replay` takes. Null.
 */
export interface ReplayRequest {
  readonly kind: 'replay'
  readonly iterations: readonly (readonly BinnedTree[])[]
}

/** Let people know. Null. */
export interface TellRequest {
  readonly kind: 'tell'
  readonly event: Exclude<TrainingEvent, IterationEvent>
}

/** One boosting iteration, as `Booster.iterate` does it. Answered with its record. */
export interface IterateRequest {
  readonly kind: 'iterate'
  readonly iteration: number
  readonly evaluates: boolean
  /**
   * Whether the next iteration evaluates; null: there is none. It may be begun before it is asked
   * for, and come to nothing should the training end here.
   */
  readonly next: boolean | null
}

/** An iteration is committed. 'go', or 'stop' when a callback asked for the end. */
export interface AnnounceRequest {
  readonly kind: 'announce'
  readonly event: IterationEvent
  readonly record: CommittedIteration
  /** Builds the model of all iterations that are committed when it is called: a checkpoint. */
  readonly model: () => Model
}

/**
 * The answer to a request is of the type that the request's kind says; null is 'done'.
 *
 * 'aborted' may answer any request and ends the training with the model of the committed
 * iterations. An iteration that is aborted was not committed; one that is announced was.
 */
export type TrainerAnswer =
  IterationRecord | readonly number[] | 'go' | 'stop' | 'aborted' | null

/** The boosting loop: requests out, answers in, the result at the end. */
export type TrainingDialogue = Generator<TrainerRequest, TrainResult, TrainerAnswer>
