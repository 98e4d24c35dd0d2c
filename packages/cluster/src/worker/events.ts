import type { EngineRequest, EngineSetup } from '@coppice/engine'
import type {
  Answer, AnswerPayload, Context, FromWorker, Job, LoadedPartitionInfo, Task, TaskResult, ToWorker,
  WireError,
} from '../protocol/messages.js'

/** What happens to a worker. */
export type WorkerEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected', readonly reason: string }
  | { readonly kind: 'message', readonly message: ToWorker }
  /** Time passed; to be given at least as often as heartbeats are due. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'task-done', readonly job: string, readonly task: number,
    readonly result: TaskResult }
  | { readonly kind: 'task-failed', readonly job: string, readonly task: number,
    readonly isFinal: boolean, readonly error: WireError }
  | { readonly kind: 'loaded', readonly job: string, readonly store: number,
    readonly partitions: readonly LoadedPartitionInfo[] }
  | { readonly kind: 'load-failed', readonly job: string, readonly store: number,
    readonly partition: number | null, readonly isFinal: boolean, readonly error: WireError }
  /** A chunk of the answer of the work under way. */
  | { readonly kind: 'engine-part', readonly ticket: number, readonly chunk: number,
    readonly payload: AnswerPayload }
  /** The work is done, and all of its answer was given. */
  | { readonly kind: 'engine-done', readonly ticket: number }
  | { readonly kind: 'digest-done', readonly ticket: number, readonly digest: string }
  | { readonly kind: 'engine-failed', readonly ticket: number, readonly error: WireError }
  /** SIGTERM, a spot notice. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'memory', readonly rssBytes: number }

/** What a worker does. Effects are carried out in order. */
export type WorkerEffect =
  | { readonly kind: 'send', readonly message: FromWorker }
  /** Drop the link, if there is one, and dial again. */
  | { readonly kind: 'reconnect', readonly reason: string }
  | { readonly kind: 'exit', readonly code: number, readonly reason: string }
  | { readonly kind: 'notice', readonly text: string }
  /** A new job: what tasks, loads and engines refer to from now on; null: forget all. */
  | { readonly kind: 'job', readonly job: Job | null }
  | { readonly kind: 'context', readonly context: Context }
  | { readonly kind: 'task', readonly task: Task }
  /** Bin partitions; ends in 'loaded' or 'load-failed'. */
  | { readonly kind: 'load', readonly job: string, readonly store: number,
    readonly partitions: readonly number[] }
  /** Free a store's rows, stop its loading. Its engines were dropped before. */
  | { readonly kind: 'unload', readonly store: number }
  /** Engine work: one piece at a time; ends in an event with its ticket. */
  | { readonly kind: 'engine', readonly ticket: number, readonly work: EngineWork }

export type EngineWork =
  | { readonly kind: 'open', readonly store: number, readonly setup: EngineSetup }
  | { readonly kind: 'run', readonly store: number, readonly apply: readonly EngineRequest[],
    readonly answer: EngineRequest | null, readonly isApplied: boolean }
  | { readonly kind: 'drop', readonly store: number }
  /** SHA-256 of a partition's hash and its scores now. */
  | { readonly kind: 'digest', readonly store: number, readonly partition: number }

/** An answer without its place: the shell cuts it into payloads. */
export type AnswerPlace = Pick<Answer, 'job' | 'store' | 'iteration' | 'seq' | 'mark'>
