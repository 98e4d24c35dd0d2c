import type { BinnedRows, FloatBinner } from '../binning/bin-floats.js'
import type { NumericFeatureOptions } from '../binning/find-column-bins.js'
import type { NumberColumn } from '../binning/number-column.js'
import type { FloatLookup } from '../binning/number-table.js'
import { columnsSampledAtOnce } from '../binning/sample-columns.js'
import type { NumericBinMapper } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { rowBytes } from '../row-bytes.js'
import type { BinningTask, FoundColumns } from './binning-tasks.js'
import type { ComputeWorker } from './compute-worker.js'
import { asOperatingError, errorOf } from './failure.js'
import { keepWorkers, takeWorker } from './idle-workers.js'

/** Fewer values than this are binned sooner than threads start. */
const valuesMin = 1 << 21
/** Rows that a thread takes at a time. */
const rowsAtOnce = 1 << 14
/** Columns that a thread takes at a time: those of a matrix share cache lines. */
const columnsAtOnceMin = 8
/** Pieces of columns for each thread: all end at about one time. */
const piecesPerThread = 2
/** No piece has such a number. */
const noPiece = 1 << 30

/**
 * Compute threads that bin columns in shared memory, before a training that will find them. The
 * result is the same for any number of them. Close when done.
 */
export class BinningThreads implements FloatBinner {
  readonly #nThreads: number
  #workers: ComputeWorker[] = []
  #hasFailed = false

  /** @param nThreads - none is started for one; the calling thread is not among them */
  constructor(nThreads: number) {
    this.#nThreads = nThreads
  }

  takes(columns: readonly NumberColumn[], nRows: number): boolean {
    return this.#nThreads > 1 && nRows * columns.length >= valuesMin &&
      columns.every(({ data }) => data.buffer instanceof SharedArrayBuffer)
  }

  async find(
    columns: readonly NumberColumn[], options: readonly NumericFeatureOptions[], nRows: number,
    offsets: Int32Array | null, signal?: AbortSignal,
  ): Promise<NumericBinMapper[]> {
    const share = Math.ceil(columns.length / (this.#nThreads * piecesPerThread))
    const found = await this.#run({
      kind: 'find', columns, options, nRows, offsets: offsets && sharedCopy(offsets),
      next: newCounter(),
      atOnce: Math.min(
        Math.max(share, columnsAtOnceMin), columnsSampledAtOnce(offsets?.length ?? nRows)),
    }, signal)
    const mappers: NumericBinMapper[] = []
    for (const [column, mapper] of found.flat()) mappers[column] = mapper
    return mappers
  }

  async bin(
    lookups: readonly FloatLookup[], columns: readonly NumberColumn[],
    blocks: readonly BinnedRows[], signal?: AbortSignal,
  ): Promise<void> {
    await this.#run({
      kind: 'bin', lookups, columns, blocks, rowBytes: rowBytes(lookups.map(({ nBins }) => nBins)),
      next: newCounter(), atOnce: rowsAtOnce,
    }, signal)
  }

  /** Lets the threads go, to a next training where they are of use. */
  async close(): Promise<void> {
    const workers = this.#workers
    this.#workers = []
    if (!this.#hasFailed) keepWorkers(workers)
    else await Promise.all(workers.map((worker) => worker.terminate()))
  }

  /** What all threads have found, when they are done. */
  async #run(task: BinningTask, signal: AbortSignal | undefined): Promise<FoundColumns[]> {
    while (this.#workers.length < this.#nThreads) this.#workers.push(takeWorker())
    const stop = (): void => void Atomics.store(task.next, 0, noPiece)
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop)
    try {
      const found = await Promise.all(this.#workers.map((worker) => runOn(worker, task)))
      if (signal?.aborted !== true) return found
      throw new CoppiceError('ABORTED', 'loading was aborted by the caller', {
        cause: signal.reason,
      })
    } catch (error) {
      stop()
      if (signal?.aborted !== true) this.#hasFailed = true
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }
}

/** Resolves when a thread is done with its share of a task. */
function runOn(worker: ComputeWorker, task: BinningTask): Promise<FoundColumns> {
  return new Promise((resolve, reject) => {
    worker.take({
      hear(message) {
        if (message.kind === 'binned') resolve(message.found)
        else if (message.kind === 'failed') reject(errorOf(message))
      },
      lose(cause) {
        reject(cause instanceof Error ? asOperatingError(cause)
          : new CoppiceError('INTERNAL', `a thread that was binning ended with code ${cause}`))
      },
    })
    worker.post(task)
  })
}

function newCounter(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4))
}

function sharedCopy(values: Int32Array): Int32Array {
  const copy = new Int32Array(new SharedArrayBuffer(values.byteLength))
  copy.set(values)
  return copy
}
