/**
 * Every message between coordinator and workers, in the order of a training. Both ends stand side
 * by side: what is sent, then what answers it.
 *
 * The protocol is level-triggered. The coordinator tells a worker what to *hold* and what the
 * *log* of the job is (trees committed, requests of the current iteration); the worker brings
 * itself there, and its beats say how far it is. Whatever got lost is seen in a beat and sent
 * again, so any message may arrive late, twice, never, or after another one sent later.
 *
 * Numbers: partitions are numbered over all data sets of a job, training partitions first. A
 * *store* is a set of partitions held by one worker and built in one go; ids are unique within
 * a job. A *position* in the log is (iteration, number of requests of it).
 */
import type { DatasetRecipe, JobContext, LoadTask, TaskResults } from '@coppice/data'
import type {
  BinnedTree, EngineSetup, ErrorCode, MetricPart, RowSummary, TargetShape,
} from '@coppice/engine'

/** Version of this protocol; both ends must have the same. */
export const PROTOCOL_VERSION = 1

// ---- a worker arrives

/** Worker: who I am and what I have. First message of a connection. */
export interface Hello {
  readonly type: 'hello'
  readonly protocol: number
  /** Hash of what decides bytes: versions, kernels and programs. Must be the coordinator's. */
  readonly build: string
  /** Stable name, unique in the cluster. */
  readonly worker: string
  /** Random; a new process of the same name has another. */
  readonly incarnation: string
  readonly nThreads: number
  readonly memoryBytes: number
  readonly state: WorkerState
}

/** Coordinator: you are in. */
export interface Welcome {
  readonly type: 'welcome'
  /** Starts of this coordinator's journal; tells restarts apart, decides nothing. */
  readonly term: number
  readonly heartbeatMs: number
  readonly leaseMs: number
}

/** Coordinator: go away. `retry` says whether coming back may help. */
export interface Reject {
  readonly type: 'reject'
  readonly code: 'version' | 'build' | 'superseded' | 'name' | 'full'
  readonly reason: string
  readonly retry: boolean
}

// ---- being alive

/** What a worker holds and how far it is: the whole of what the coordinator needs to know. */
export interface WorkerState {
  /** The job it works for, or null. */
  readonly job: string | null
  /** Version of the list of stores it follows, within the connection. */
  readonly view: number
  readonly hasSetup: boolean
  /** Position in the log. */
  readonly iteration: number
  readonly nRequests: number
  /** Of the trees of all committed iterations it knows; equal iterations have equal digests. */
  readonly digest: string
  /** Of those trees and the requests; equal logs have equal marks (`LogMarks`). */
  readonly mark: string
  readonly stores: readonly StoreState[]
  /** Tasks that it has and has not answered. */
  readonly tasks: readonly number[]
  /** Asked to leave: give it nothing new, take what it has. */
  readonly isDraining: boolean
  readonly rssBytes: number
}

export interface StoreState {
  readonly store: number
  readonly partitions: readonly number[]
  /** loading -> loaded (rows are binned) -> open (takes part in the log). */
  readonly phase: 'loading' | 'loaded' | 'open'
  /** Position up to which it has carried out the log. */
  readonly iteration: number
  readonly nRequests: number
  /** It has sent its answer to the last of these requests. */
  readonly hasAnswered: boolean
}

/** Worker, every heartbeat and whenever a phase changes. Renews the lease. */
export interface Beat {
  readonly type: 'beat'
  readonly state: WorkerState
}

/** Coordinator, on every beat. Renews the worker's lease on its coordinator. */
export interface BeatAck {
  readonly type: 'beat-ack'
}

// ---- reading

/** Coordinator: what the tasks that follow share. */
export interface Context {
  readonly type: 'context'
  readonly job: string
  /** Counts up with every new context. */
  readonly context: number
  readonly sources: readonly SourcePartition[]
  readonly body: JobContext
}

/** Where a partition is. */
export interface SourcePartition {
  /** Path, file:, http:, https: or s3: uri. */
  readonly uri: string
  readonly format: string
  readonly expected: { readonly rows: number, readonly hash: string } | null
}

/** Coordinator: do this. Tasks are pure: done twice, they give the same. */
export interface Task {
  readonly type: 'task'
  readonly job: string
  readonly task: number
  /** The context it needs, or 0 for none. */
  readonly context: number
  readonly body: TaskBody
}

export type TaskBody =
  | { readonly kind: 'load', readonly task: LoadTask }
  /** Files, folders, patterns or a manifest to a list of partitions. */
  | { readonly kind: 'resolve', readonly inputs: readonly string[], readonly format: string | null }

export type TaskResult =
  | { readonly kind: 'load', readonly result: TaskResults[LoadTask['kind']] }
  | { readonly kind: 'resolve', readonly partitions: readonly SourcePartition[] }

/** Worker: it is done. */
export interface TaskDone {
  readonly type: 'task-done'
  readonly job: string
  readonly task: number
  readonly result: TaskResult
}

/** Worker: it cannot be done here. */
export interface TaskFailed {
  readonly type: 'task-failed'
  readonly job: string
  readonly task: number
  /** Nor by any other worker: the job ends with this. */
  readonly isFinal: boolean
  readonly error: WireError
}

export interface WireError {
  readonly code: ErrorCode
  readonly message: string
}

// ---- holding rows

/** Coordinator: what the job is about. */
export interface Job {
  readonly type: 'job'
  readonly job: string
  /** Training data first, then the evaluation sets. */
  readonly recipes: readonly DatasetRecipe[]
  readonly sources: readonly (readonly SourcePartition[])[]
  readonly shape: TargetShape
  /** A model whose raw scores are the init scores of all rows, as UTF-8 JSON. */
  readonly initModel?: Uint8Array | undefined
}

/** Coordinator: the stores you are to have; all others are to be dropped. */
export interface Hold {
  readonly type: 'hold'
  readonly job: string
  /** Counts up; within a connection an older list is ignored. */
  readonly view: number
  readonly stores: readonly HeldStore[]
}

export interface HeldStore {
  readonly store: number
  readonly partitions: readonly number[]
  /** Answers requests; the others only follow the log, to take over later. */
  readonly isActive: boolean
}

/** Worker: a store's rows are binned. */
export interface Loaded {
  readonly type: 'loaded'
  readonly job: string
  readonly store: number
  readonly partitions: readonly LoadedPartitionInfo[]
}

export interface LoadedPartitionInfo {
  readonly partition: number
  readonly nRows: number
  /** SHA-256 of all that is trained on (bins, labels, ...): equal wherever it is loaded. */
  readonly hash: string
  readonly summary: RowSummary
}

/** Worker: a store cannot be had. `partition` where one is to blame. */
export interface StoreFailed {
  readonly type: 'store-failed'
  readonly job: string
  readonly store: number
  readonly partition: number | null
  /** No other worker can have it either: the job ends with this. */
  readonly isFinal: boolean
  readonly error: WireError
}

/** Coordinator: what engines are built from; loaded stores open themselves when they have it. */
export interface Setup {
  readonly type: 'setup'
  readonly job: string
  readonly setup: EngineSetup
}

// ---- the log

/**
 * A tree that adds to the scores of an output; trees that could not split add to none. An iteration
 * of DART also takes trees of earlier iterations out, and adds them with other values.
 */
export interface CommittedTree {
  readonly output: number
  readonly tree: BinnedTree
}

/** Coordinator: trees of committed iterations, from iteration `from` on (one list each). */
export interface Trees {
  readonly type: 'trees'
  readonly job: string
  readonly from: number
  readonly iterations: readonly (readonly CommittedTree[])[]
}

/**
 * Coordinator: the next request of an iteration. Request 0 also says how many requests the
 * iteration before had, so that whoever has them all knows its trees; 0 where only its trees are
 * known.
 */
export interface Request {
  readonly type: 'request'
  readonly job: string
  readonly iteration: number
  readonly seq: number
  readonly nBefore: number
  /** `encodeRequest` of the engine. */
  readonly body: Uint8Array
}

/** Coordinator: forget everything from this iteration on (its journal ends there). */
export interface Rewind {
  readonly type: 'rewind'
  readonly job: string
  readonly iteration: number
}

/** Worker: I have the log up to this position only, and what came does not continue it. */
export interface Need {
  readonly type: 'need'
  readonly job: string
  readonly iteration: number
  readonly nRequests: number
}

/**
 * Worker: a part of a store's answer to a request. A store's answer covers all of its partitions;
 * chunks are cut alike everywhere, and each is counted once per partition.
 */
export interface Answer {
  readonly type: 'answer'
  readonly job: string
  readonly store: number
  readonly iteration: number
  readonly seq: number
  /** Of the log up to that request: what another log made of the rows does not count. */
  readonly mark: string
  readonly chunk: number
  readonly payload: AnswerPayload
}

/** All have a checksum: in their bytes, or beside what they say (wire/sealed-numbers.ts). */
export type AnswerPayload =
  | { readonly kind: 'maximum', readonly value: number, readonly checksum: string }
  /** Whole numbers of 0 or more, of a tally: rows, or sums by position. */
  | { readonly kind: 'counts', readonly values: Float64Array, readonly checksum: string }
  /** Packed sums, see wire/. */
  | { readonly kind: 'sums', readonly bytes: Uint8Array }
  | { readonly kind: 'parts', readonly parts: readonly MetricPart[], readonly checksum: string }
  /** A packed selection, see wire/pack-selection.ts. */
  | { readonly kind: 'selected', readonly bytes: Uint8Array }
  /** Packed sums of linear leaves, see wire/pack-moments.ts. */
  | { readonly kind: 'moments', readonly bytes: Uint8Array }

/** Coordinator: answer the last request again. */
export interface Again {
  readonly type: 'again'
  readonly job: string
  readonly store: number
  readonly iteration: number
  readonly seq: number
}

/**
 * Worker: a store's engines failed while carrying out the log. Others try what it held; where none
 * can, the job ends with the first error.
 */
export interface EngineFailed {
  readonly type: 'engine-failed'
  readonly job: string
  readonly store: number
  readonly error: WireError
}

// ---- the audit

/**
 * Coordinator: the digest of a partition's scores after so many iterations. A holder reads it
 * from its live store; an auditor builds the partition anew, replays the trees, and drops it.
 */
export interface Audit {
  readonly type: 'audit'
  readonly job: string
  readonly audit: number
  readonly partition: number
  readonly iteration: number
  /** Digest of the trees so far: whoever has other ones is to say nothing of its scores. */
  readonly trees: string
  readonly isHolder: boolean
}

/**
 * Worker: SHA-256 of the rows' hash and scores; null when it is at another iteration, or has other
 * trees.
 */
export interface Audited {
  readonly type: 'audited'
  readonly job: string
  readonly audit: number
  readonly digest: string | null
}

// ---- leaving

/**
 * Worker: I cannot go on with what you sent, and this is why. Its connection ends with this
 * message, or its process does; it may come back.
 */
export interface Broken {
  readonly type: 'broken'
  readonly reason: string
}

/** Worker: I was asked to leave; take my partitions and let me go. */
export interface Drain {
  readonly type: 'drain'
}

/** Coordinator: go, with this exit code. */
export interface Leave {
  readonly type: 'leave'
  readonly reason: string
  readonly exitCode: number
}

/** Coordinator: the job is over; drop what belongs to it. */
export interface Finished {
  readonly type: 'finished'
  readonly job: string
}

export type ToWorker =
  | Welcome | Reject | BeatAck | Context | Task | Job | Hold | Setup | Trees | Request | Rewind
  | Again | Audit | Leave | Finished

export type FromWorker =
  | Hello | Beat | TaskDone | TaskFailed | Loaded | StoreFailed | Need | Answer | EngineFailed
  | Audited | Broken | Drain
