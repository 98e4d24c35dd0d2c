import type { CodeModule } from '../custom/types.js'
import type { EngineRows, EngineSetup, MetricPart } from '../execution/protocol.js'
import type { MomentsPart } from '../linear/moments.js'
import type { SelectPart } from '../selection/answer.js'
import type { ThreadFailure } from './failure.js'

/** What a thread of a StorePool is started with. */
export interface StoreThreadStart {
  readonly thread: number
  readonly nThreads: number
  readonly control: SharedArrayBuffer
  /** One double per thread: its answer to a prepare request. */
  readonly maxima: SharedArrayBuffer
  /** Modules of the user's, loaded before anything else. */
  readonly modules: readonly CodeModule[]
  /** TALLY_COUNTS_MAX doubles per thread. */
  readonly tallies: SharedArrayBuffer
}

/** Memory that all calls share; grows with the largest store. */
export interface StoreBuffers {
  /** A StoreCommand in COMMAND_BYTES and a request (`encodeRequest`). */
  readonly mailbox: SharedArrayBuffer
  /** Histograms of a request, of all features, one after the other. */
  readonly output: SharedArrayBuffer
  /** Sums on their way between the threads, see Exchange. */
  readonly sums: SharedArrayBuffer
}

/**
 * The first i32 of the mailbox. The second is the store; the third says after how many more
 * histograms the caller wants to hear, 0: never; the fourth is 0.
 */
export const StoreCommand = { carryOut: 0, answer: 1 } as const

/** Bytes of the mailbox before the request. */
export const COMMAND_BYTES = 16

/** To every thread of a pool: what does not come through the mailbox. */
export type ToStoreThread =
  | { readonly kind: 'build', readonly store: number, readonly setup: EngineSetup,
    readonly train: EngineRows, readonly evalSets: readonly EngineRows[],
    readonly buffers: StoreBuffers, readonly batchSize: number }
  | { readonly kind: 'apply', readonly store: number, readonly requests: SharedArrayBuffer }
  | { readonly kind: 'digest', readonly store: number, readonly set: number,
    readonly first: number, readonly nRows: number, readonly chunkRows: number,
    /** chunkRows x nOutputs doubles. */
    readonly scores: SharedArrayBuffer, readonly nOutputs: number }
  | { readonly kind: 'drop', readonly store: number }

/** About the call that runs. */
export type FromStoreThread =
  /** From the thread that was last to finish: this many other messages were sent before. */
  | { readonly kind: 'done', readonly nReports: number }
  | { readonly kind: 'parts', readonly parts: readonly MetricPart[] }
  | { readonly kind: 'selected', readonly thread: number, readonly part: SelectPart }
  | { readonly kind: 'moments', readonly part: MomentsPart }
  /** So many histograms are in the output. */
  | { readonly kind: 'sums', readonly nHistograms: number }
  | { readonly kind: 'digest', readonly digest: string }
  | { readonly kind: 'failed' } & ThreadFailure
