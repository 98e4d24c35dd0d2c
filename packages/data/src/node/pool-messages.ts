import type { ErrorCode } from '@coppice/model'
import type { JobContext, LoadTask, TaskResults } from '../loading/job.js'

/** What the pool sends to its threads. */
export type ToThread =
  | { readonly kind: 'context'; readonly context: JobContext }
  | { readonly kind: 'task'; readonly taskIdx: number; readonly task: LoadTask }

/** An error as plain data. */
export interface PlainError {
  readonly code: ErrorCode | null
  readonly message: string
  readonly stack: string | undefined
}

/** What threads send back. */
export type FromThread =
  | {
      readonly kind: 'done'
      readonly taskIdx: number
      readonly result: TaskResults[LoadTask['kind']]
    }
  | { readonly kind: 'failed'; readonly taskIdx: number; readonly error: PlainError }
