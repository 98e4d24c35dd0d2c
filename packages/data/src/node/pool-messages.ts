import type { ErrorCode, PackedRows } from '@coppice/model'
import type { Encoding, JobContext, LocalResults, LocalTask } from '../loading/job.js'
import type { CacheNotice } from './cached-reader.js'
import type { DigestTask } from './digest.js'
import type { SourceRef } from './source-ref.js'

/** Copies a file to a path of this machine. */
export interface CopyTask {
  readonly kind: 'copy'
  readonly partitionIdx: number
  readonly path: string
}

/** Walks encoded rows down the forest of the context's prediction. */
export interface ScoreTask {
  readonly kind: 'score'
  /** What is in memory of their own goes to the thread, and is nobody else's from then on. */
  readonly rows: PackedRows
}

/** What threads do: tasks of loading, and what else workers need done. */
export type PoolTask = LocalTask | CopyTask | DigestTask | ScoreTask

export interface PoolResults extends LocalResults {
  /** SHA-256 of the bytes that were copied, in lower-case hex. */
  readonly copy: string
  /** SHA-256 of the target, in lower-case hex. */
  readonly digest: string
  /** Raw scores, rows x outputs. */
  readonly score: Float64Array
}

/** What tasks share, under numbers that are never used again. */
export type SharedMessage =
  | { readonly kind: 'sources'; readonly id: number; readonly sources: readonly SourceRef[] }
  | {
      readonly kind: 'context'
      readonly id: number
      readonly sourcesId: number
      readonly context: JobContext
      readonly encoding: Encoding | null
    }

/** What the pool sends to its threads. */
export type ToThread =
  | SharedMessage
  | { readonly kind: 'drop'; readonly id: number }
  | { readonly kind: 'task'; readonly contextId: number; readonly task: PoolTask }

/** An error as plain data. */
export interface PlainError {
  readonly code: ErrorCode | null
  /** A DefiniteError. */
  readonly isDefinite: boolean
  readonly message: string
  readonly stack: string | undefined
}

/** What threads send back: one answer to each task, one task at a time. */
export type TaskAnswer =
  | { readonly kind: 'done'; readonly result: PoolResults[PoolTask['kind']] }
  | { readonly kind: 'failed'; readonly error: PlainError }

/** What threads send. */
export type FromThread = TaskAnswer | { readonly kind: 'notice'; readonly notice: CacheNotice }
