/**
 * Every message between a client, who brings a job, and the coordinator, in the order of a job.
 * A client that lost its connection says `submit` again with the same job: it is attached to the
 * job under way, or given its end.
 */
import type { RoleOptions } from '@coppice/data'
import type { CommittedIteration, IterationEvent, StopReason, TrainingEvent }
  from '@coppice/engine'
import type { ModelHeader } from '@coppice/model'
import type { WireError } from './messages.js'

/** Where a data set is and how it is read; nothing of it has been looked at. */
export interface DataSpec {
  /** Absolute paths, folders, patterns, a manifest, or uris; resolved where workers are. */
  readonly inputs: readonly string[]
  readonly format: string | null
  readonly header: boolean | 'auto'
  readonly missingValues: readonly string[] | null
  readonly roles: RoleOptions
  readonly schema: Readonly<Record<string, string>> | null
}

/** A training, as a client asks for it. Plain data: it is journaled as it is. */
export interface JobSpec {
  /** Raw parameters under canonical names, checked as far as that can be done without the data. */
  readonly params: Readonly<Record<string, unknown>>
  readonly labelKind: 'number' | 'binary' | 'class'
  /** `num_class` is to be found in the labels. */
  readonly infersClasses: boolean
  readonly train: DataSpec
  readonly evalSets: readonly { readonly name: string, readonly data: DataSpec }[]
  /** JSON of a model to go on from, or null. */
  readonly resumeFrom: string | null
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

/** Coordinator: it is in the queue, behind so many others. */
export interface Accepted {
  readonly type: 'accepted'
  readonly job: string
  readonly nBefore: number
}

/** Coordinator: the data are being read. */
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

/** Coordinator: the training started, or stopped. */
export interface Told {
  readonly type: 'told'
  readonly job: string
  readonly event: Exclude<TrainingEvent, IterationEvent>
}

/** Coordinator: an iteration is committed. Answered by `go` where the job wants it. */
export interface Announced {
  readonly type: 'announced'
  readonly job: string
  readonly event: IterationEvent
  readonly record: CommittedIteration
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

/** Coordinator: it failed; what was committed is in the journal. */
export interface Failed {
  readonly type: 'failed'
  readonly job: string
  readonly error: WireError
}

/** Either side, now and then: I am here. */
export interface Alive {
  readonly type: 'alive'
}

export type FromClient = Submit | Go | Abort | Alive
export type ToClient =
  | Accepted | Loading | Opened | Told | Announced | Notice | Done | Failed | Alive

