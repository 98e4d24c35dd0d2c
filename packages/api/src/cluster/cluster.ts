import type { ClusterStatus, FollowHandlers, PredictHandlers } from '@coppice/cluster/node'
import type { LoadProgress, PredictionType } from '@coppice/data'
import type { TrainingCallback, TrainingEvent, TrainResult } from '@coppice/engine'
import { CoppiceError, type EarlyStop, type IterationRange, type Model } from '@coppice/model'
import type { NamedDataset, Recipe } from '../training/recipe.js'
import type { Dataset } from '../data/dataset.js'

/** Machines (or processes) that train together: what `connect` and `LocalCluster.start` give. */
export interface Cluster {
  /** Where its coordinator listens. */
  readonly url: string
  /** What was told of it since the connection was made, oldest first: the last thousand lines. */
  readonly notices: readonly string[]
  /** What it is doing: plain data, as `coppice status --json` prints it. */
  status(): Promise<ClusterStatus>
  /**
   * The model of a training that another program brought; waits for it where it is under way.
   * `new Booster(model)` predicts with it.
   *
   * @param job - as `status` names it
   * @throws CoppiceError with the code and message that the job ended with; 'PARAMETER' for a job
   *   that is not known, or a prediction; 'ABORTED' by the signal, which leaves the job alone
   */
  fetch(job: string, options?: FetchOptions): Promise<Model>
  /** Ends the connection; a `LocalCluster` ends its processes too. */
  close(): Promise<void>
  /** Trains a model: the business of `train` and `fit`. */
  train(training: ClusterTraining): Promise<TrainResult>
  /** Predicts rows: the business of `predict`. */
  predict(prediction: ClusterPrediction): Promise<void>
}

/** Options of `fetch` of a cluster: what is told meanwhile, and a signal that ends the waiting. */
export type FetchOptions = FollowHandlers

/** A prediction as it is handed to a cluster. */
export interface ClusterPrediction extends PredictHandlers {
  readonly model: Model
  /** In files that the workers can read. */
  readonly dataset: Dataset
  readonly type: PredictionType
  readonly iterations: IterationRange | undefined
  readonly earlyStop: EarlyStop | undefined
  /** Columns whose values come with the predictions. */
  readonly keep: readonly string[]
}

/** A training as it is handed to a cluster. */
export interface ClusterTraining {
  readonly recipe: Recipe
  readonly dataset: Dataset
  readonly evalSets: readonly NamedDataset[]
  readonly resumeFrom: Model | undefined
  /** What the training begins with, of `initialModel`. */
  readonly initModel: Model | undefined
  /** Their answers are checked. */
  readonly callbacks: readonly TrainingCallback[]
  readonly signal: AbortSignal | undefined
  readonly onEvent: (event: TrainingEvent) => void
  readonly onLoad: ((progress: LoadProgress & { readonly dataset: string }) => void) | undefined
  readonly onNotice: ((text: string) => void) | undefined
  readonly onJob: ((job: string) => void) | undefined
  /** Loads the data in this process, for the error that a training here would end with. */
  readonly check: () => Promise<void>
}

/** @throws CoppiceError 'PARAMETER' where the argument is no cluster */
export function requireCluster(value: unknown): Cluster {
  const cluster = value as Partial<Cluster> | null
  if (typeof cluster === 'object' && typeof cluster?.train === 'function') return value as Cluster
  const hint = value instanceof Promise ? '; await it first' : ''
  throw new CoppiceError('PARAMETER', `cluster must be what connect(url) or ` +
    `LocalCluster.start() gives, got ${hint === '' ? typeof value : 'a promise'}${hint}`)
}
