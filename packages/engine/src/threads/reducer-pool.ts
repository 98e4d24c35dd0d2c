import type { Worker } from 'node:worker_threads'
import { CoppiceError } from '../errors.js'
import { CentralReducer, type SumsReducer } from '../execution/central-reducer.js'
import { Exchange } from '../execution/exchange.js'
import { shareFeatures } from '../execution/feature-shares.js'
import { requestBytesMax } from '../execution/request-codec.js'
import { asOperatingError, errorOf, FAILURE_BYTES, failureOf } from './failure.js'
import { CONTROL_BYTES, Gate, PeerFailed } from './gate.js'
import {
  COMMAND_BYTES, TOTALS_BYTES, type ReducerBuffers, type ReducerThreadStart,
  type ToReducerThread,
} from './reducer-messages.js'
import { ReducerShare } from './reducer-share.js'
import { spawnThread } from './spawn.js'
import { ThreadedReducer, type ReducerSetup } from './threaded-reducer.js'

/**
 * Threads that help a coordinator to subtract and scan, each with its share of the features: at
 * 28 features and 255 leaves that is about as much work as a core's worth of summing rows, so it
 * must not be done by one thread while many workers wait.
 *
 * The caller is one of the threads and waits for the others while `finish...` runs (a millisecond
 * or less); between requests the helpers sleep.
 */
export class ReducerPool {
  readonly nThreads: number
  readonly #workers: readonly Worker[]
  readonly #gate: Gate
  #failure: Error | null = null

  private constructor(nThreads: number, gate: Gate, workers: readonly Worker[]) {
    this.nThreads = nThreads
    this.#gate = gate
    this.#workers = workers
    for (const worker of workers) worker.on('error', (error) => this.#fail(error))
  }

  /** @param nThreads - >= 1, the caller's included */
  static async open(nThreads: number): Promise<ReducerPool> {
    if (!Number.isInteger(nThreads) || nThreads < 1) {
      throw new CoppiceError('PARAMETER',
        `the number of threads must be an integer of at least 1, got ${nThreads}`)
    }
    const control = new SharedArrayBuffer(CONTROL_BYTES)
    const workers = Array.from({ length: nThreads - 1 }, (_, i) => {
      const start: ReducerThreadStart = { thread: i + 1, nThreads, control }
      return spawnThread('./reducer-thread.js', `coppice-reducer-${i + 1}`, start)
    })
    const pool = new ReducerPool(nThreads, new Gate(control, nThreads), workers)
    try {
      await Promise.all(workers.map((worker) => new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve())
        worker.once('error', reject)
      })))
    } catch (error) {
      await pool.close()
      throw error
    }
    return pool
  }

  /** A reducer for one training. The one before is of no more use then. */
  reducer(setup: ReducerSetup): SumsReducer {
    if (this.nThreads === 1) return new CentralReducer(setup)
    const buffers = this.#buffers(setup)
    const { features, scan, maxExpansions } = setup
    const message: ToReducerThread = { setup: { features, scan, maxExpansions }, buffers }
    for (const worker of this.#workers) worker.postMessage(message)
    this.#post(0)
    const own = new ReducerShare(setup, buffers, 0, this.nThreads)
    this.#await()
    return new ThreadedReducer(setup, buffers, own, {
      nThreads: this.nThreads,
      post: (length) => this.#post(length),
      await: () => this.#await(),
    })
  }

  #buffers({ features, maxLeaves, maxExpansions }: ReducerSetup): ReducerBuffers {
    const table = shareFeatures(features, this.nThreads)
    const sizes = Exchange.sizes(table, maxExpansions)
    const request = requestBytesMax(features.length, maxLeaves, maxExpansions)
    return {
      mailbox: new SharedArrayBuffer(COMMAND_BYTES + request),
      // the caller hands sums over, nobody else
      sums: new SharedArrayBuffer(sizes.sums / this.nThreads),
      candidates: new SharedArrayBuffer(sizes.candidates),
      rootTotals: new SharedArrayBuffer(TOTALS_BYTES),
      failures: new SharedArrayBuffer(this.nThreads * FAILURE_BYTES),
    }
  }

  #post(length: number): void {
    if (this.#failure !== null) throw this.#failure
    this.#gate.post(length)
  }

  #await(): void {
    try {
      this.#gate.awaitFinished(PATIENCE_MS)
    } catch (error) {
      if (error instanceof PeerFailed) {
        throw new CoppiceError('INTERNAL', 'a reducer thread failed; see its error')
      }
      throw error
    }
  }

  #fail(error: Error): void {
    this.#failure ??= errorOf(failureOf(asOperatingError(error)))
    this.#gate.fail()
  }

  /** Ends the threads. Safe to call twice, and after a failure. */
  async close(): Promise<void> {
    this.#fail(new CoppiceError('ABORTED', 'the reducer threads were closed'))
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

/** Longer than any request takes: a helper that died without a word ends the wait. */
const PATIENCE_MS = 60_000
