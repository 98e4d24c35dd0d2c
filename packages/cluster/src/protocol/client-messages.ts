/**
 * Every message between a client, who brings a job, and the coordinator, in the order of a job.
 * A client that lost its connection says `submit` again with the same job: it is attached to the
 * job under way, or given its end. One that did not bring the job says `follow`.
 */
import type {
  ColumnType, LabelKind, PredictedRows, PredictionType, RoleOptions, UnnamedColumns,
} from '@coppice/data'
import type {
  CommittedIteration, InferredParams, IterationEvent, RowBits, StopReason, TrainingEvent,
} from '@coppice/engine'
import type { EarlyStop, IterationRange, ModelHeader } from '@coppice/model'
import type { WireError } from './messages.js'

/** Where a data set is and how it is read; nothing of it has been looked at. */
export interface DataSpec {
  /** Absolute paths, folders, patterns, a manifest, or uris; resolved where workers are. */
  readonly inputs: readonly string[]
  readonly format: string | null
  readonly header: boolean | 'auto'
  readonly missingValues: readonly string[] | null
  readonly unnamed?: UnnamedColumns | undefined
  readonly roles: RoleOptions
  readonly schema: Readonly<Record<string, string>> | null
  /**
   * Which of the rows are meant (a bit each), or null for all. Bins, dictionaries and classes of
   * training data are those of all rows either way.
   */
  readonly rows: RowBits | null
}

/** A training, as a client asks for it. Plain data: it is journaled as it is. */
export interface JobSpec {
  /** Raw parameters under canonical names, checked as far as that can be done without the data. */
  readonly params: Readonly<Record<string, unknown>>
  readonly labelKind: LabelKind
  /** What is to be found in the labels, and not in the parameters. */
  readonly inferred: InferredParams
  readonly train: DataSpec
  readonly evalSets: readonly { readonly name: string, readonly data: DataSpec }[]
  /** A model to go on from, as UTF-8 JSON, or null. */
  readonly resumeFrom: Uint8Array | null
  /** A model to begin with, of the engine's `initialModel`, as UTF-8 JSON. */
  readonly initModel?: Uint8Array | undefined
  /** The client answers every iteration (callbacks); the training waits for it. */
  readonly wantsGo: boolean
}

/** Client: train this. */
export interface Submit {
  readonly type: 'submit'
  readonly protocol: number
  /** Unique for ever; the same again means the same job. */
  readonly job: string
  readonly spec: JobSpec
  /** Records of iterations before this one are known to the client already. */
  readonly fromIteration: number
}

/** Coordinator: it is in the queue, behind so many others. Told again when it moves up. */
export interface Accepted {
  readonly type: 'accepted'
  readonly job: string
  readonly nBefore: number
}

/** Coordinator: the data are being read. `dataset` is 'training' or an evaluation set's name. */
export interface Loading {
  readonly type: 'loading'
  readonly job: string
  readonly dataset: string
  readonly phase: 'plan' | 'verify' | 'scan' | 'bin'
  readonly done: number
  readonly total: number
}

/** Coordinator: the header of the model to be. */
export interface Opened {
  readonly type: 'opened'
  readonly job: string
  readonly header: ModelHeader
}

/** Coordinator: the training started, or stopped. Told again by a coordinator that restarted. */
export interface Told {
  readonly type: 'told'
  readonly job: string
  readonly event: Exclude<TrainingEvent, IterationEvent>
}

/**
 * Coordinator: an iteration is committed. Answered by `go` where the job wants it. Those that a
 * client missed are announced when it comes back, and the one whose answer is waited for again.
 */
export interface Announced {
  readonly type: 'announced'
  readonly job: string
  readonly event: IterationEvent
  readonly record: CommittedIteration
}

/**
 * Client: tell me of this training, which somebody brought, from now on; when it is over, its end.
 * Who brought it is told as before, and only they are asked.
 */
export interface Follow {
  readonly type: 'follow'
  readonly protocol: number
  readonly job: string
}

/** Client: go on, or stop after this iteration. */
export interface Go {
  readonly type: 'go'
  readonly job: string
  readonly iteration: number
  readonly answer: 'go' | 'stop'
}

/** Coordinator: something a person should know: who joined, who was lost and why. */
export interface Notice {
  readonly type: 'notice'
  readonly job: string
  readonly text: string
}

/** Client: end it, with the model of what is committed. */
export interface Abort {
  readonly type: 'abort'
  readonly job: string
}

/** Coordinator: the model, as JSON. */
export interface Done {
  readonly type: 'done'
  readonly job: string
  readonly stoppedBy: StopReason
  readonly model: Uint8Array
}

/**
 * Coordinator: it failed. `mayResume`: its journal is kept as it is; the same job submitted again
 * goes on from there.
 */
export interface Failed {
  readonly type: 'failed'
  readonly job: string
  readonly error: WireError
  readonly mayResume: boolean
}

// ---- predictions

/** Rows to be predicted, as a client asks for them. Plain data. */
export interface PredictionSpec {
  readonly data: DataSpec
  /** UTF-8 JSON. */
  readonly model: Uint8Array
  readonly type: PredictionType
  /** Default: up to the best iteration. */
  readonly iterations: IterationRange | null
  /** When the later trees of a row are left out; absent: never. */
  readonly earlyStop?: EarlyStop
  /** Columns whose values are to come with the predictions. */
  readonly keep: readonly string[]
}

/**
 * Client: predict these rows. They come in batches, in the order of the rows. Predictions are not
 * journaled: a client that lost its coordinator says this again to the one that takes its place.
 */
export interface Predict {
  readonly type: 'predict'
  readonly protocol: number
  /** Unique for ever. */
  readonly job: string
  readonly spec: PredictionSpec
  /** Batches before this one are known to the client already. */
  readonly fromBatch: number
}

/** Coordinator: what there is to predict. Told again to a client that comes back. */
export interface Planned {
  readonly type: 'planned'
  readonly job: string
  readonly nRows: number
  readonly nBatches: number
  /** Types of the columns to keep, over all rows. */
  readonly keptTypes: readonly ColumnType[]
  /** Of the files as they were planned: equal ones have equal batches. */
  readonly digest: string
}

/** Coordinator: the next batch. */
export interface Predicted {
  readonly type: 'predicted'
  readonly job: string
  readonly batch: number
  readonly rows: PredictedRows
}

/** Client: so many batches are written; there is room for more. With the last one the job ends. */
export interface Taken {
  readonly type: 'taken'
  readonly job: string
  readonly nBatches: number
}

export type FromClient = Submit | Follow | Go | Abort | Predict | Taken
export type ToClient =
  | Accepted | Loading | Opened | Told | Announced | Notice | Done | Failed | Planned | Predicted

