import type { Model } from '@coppice/model'
import type { BinnedDataset } from '../dataset.js'

/** A named data set on which metrics are computed while training. */
export interface EvalSet {
  readonly name: string
  readonly data: BinnedDataset
}

/** One value of one metric on one evaluation set. */
export interface MetricValue {
  readonly dataset: string
  readonly metric: string
  readonly value: number
  readonly higherIsBetter: boolean
}

/**
 * What `train` tells while it works. Iterations are 0-based, and of the whole model: those of a
 * model that the training began with come before its own.
 */
export type TrainingEvent =
  | {
      readonly kind: 'started'
      readonly nRows: number
      readonly nFeatures: number
      readonly nIterations: number
      /** First iteration to be trained: 0, or the number of iterations resumed from. */
      readonly firstIteration: number
      readonly nThreads: number
    }
  | IterationEvent
  | {
      readonly kind: 'stopped'
      readonly reason: StopReason
      readonly nIterations: number
      readonly bestIteration: number | null
    }

/** An iteration is committed. */
export interface IterationEvent {
  readonly kind: 'iteration'
  readonly iteration: number
  readonly nIterations: number
  /** Empty in iterations without evaluation (`metric_freq`). */
  readonly metrics: readonly MetricValue[]
  /** Leaves of the iteration's trees, one number per class. */
  readonly nLeaves: readonly number[]
}

/** Why a training ended. */
export type StopReason = 'completed' | 'early-stopping' | 'no-split' | 'aborted' | 'callback'

/**
 * Called after each iteration, before the next begins. Return 'stop' to end the training there.
 * `model()` builds the model of the trees committed so far: a checkpoint.
 */
export type TrainingCallback = (
  event: IterationEvent,
  state: { readonly model: () => Model },
) => undefined | void | 'stop' | Promise<undefined | void | 'stop'>

/**
 * Arguments of `train` in `training/train.ts`:
 * `train(options: TrainOptions): Promise<TrainResult>`.
 */
export interface TrainOptions {
  /** Raw parameters, LightGBM names and aliases, snake_case or camelCase; `train` validates. */
  readonly params: Readonly<Record<string, unknown>>
  readonly train: BinnedDataset
  readonly evalSets?: readonly EvalSet[]
  /** Ends the training after the current iteration (within the tree on threads). */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: TrainingEvent) => void
  readonly callbacks?: readonly TrainingCallback[]
  /** Bytes of memory that training may take besides the data; without it, any number. */
  readonly memoryLimitBytes?: number
  /**
   * Whether threads grow whole trees, where an iteration has several: see `paysToGrowApart`, which
   * decides where this is absent. The model is the same.
   */
  readonly growsApart?: boolean
  /**
   * The rows of all data sets are of no further use to the caller: once engines have copies, they
   * are taken out of the data sets (`releaseRows`), and their memory is given back.
   */
  readonly releasesRows?: boolean
  /** A model of the same data and parameters with fewer iterations: training goes on after it. */
  readonly resumeFrom?: Model
  /**
   * A model to begin with, of `initialModel`: all data sets come with its raw scores of their rows
   * as init scores, and its trees come first in the model that is made.
   */
  readonly initModel?: Model
}

export interface TrainResult {
  readonly model: Model
  readonly stoppedBy: StopReason
}
