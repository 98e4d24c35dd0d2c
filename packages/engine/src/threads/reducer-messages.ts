import type { EngineSetup } from '../execution/protocol.js'
import type { LeafTotals } from '../kernels/candidate.js'

/** What a thread of a ReducerPool is started with. Thread 0 is the caller's own. */
export interface ReducerThreadStart {
  readonly thread: number
  readonly nThreads: number
  readonly control: SharedArrayBuffer
}

/** Memory of one reducer, shared by its threads. */
export interface ReducerBuffers {
  /** A ReducerCommand in two i32 and a request (`encodeRequest`). */
  readonly mailbox: SharedArrayBuffer
  /** Sums of a request's histograms, cut into shares, and candidates; see Exchange. */
  readonly sums: SharedArrayBuffer
  readonly candidates: SharedArrayBuffer
  /** Of a root request, see `writeTotals`. */
  readonly rootTotals: SharedArrayBuffer
  /** FAILURE_BYTES per thread, see failure.ts. */
  readonly failures: SharedArrayBuffer
}

/** Bytes of totals in shared memory. */
export const TOTALS_BYTES = 24

/** Writes a leaf's totals into TOTALS_BYTES. */
export function writeTotals(target: SharedArrayBuffer, totals: LeafTotals): void {
  new BigInt64Array(target).set([totals.gradient, totals.hessian, BigInt(totals.count)])
}

/** Reads what `writeTotals` wrote. */
export function readTotals(source: SharedArrayBuffer): LeafTotals {
  const [gradient, hessian, count] = new BigInt64Array(source)
  return { gradient: gradient!, hessian: hessian!, count: Number(count) }
}

/** First word of the mailbox. */
export const ReducerCommand = { carryOut: 0, restore: 1 } as const

/** Bytes of the mailbox before the request. */
export const COMMAND_BYTES = 8

/** To every helper: a new reducer takes the place of the one before. */
export interface ToReducerThread {
  readonly setup: Pick<EngineSetup, 'features' | 'scan' | 'maxExpansions'>
  readonly buffers: ReducerBuffers
}
