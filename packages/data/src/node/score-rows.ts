/** Scores rows in memory, on threads. */
import { setImmediate } from 'node:timers/promises'
import type { PackedRows, PredictInput, Predictor, RowPacker } from '@coppice/model'
import type { JobContext } from '../loading/job.js'
import { defaultTextOptions } from '../readers.js'
import { modelBytes } from './model-bytes.js'
import { ThreadPool } from './thread-pool.js'

/** Rows of a task: no more than keep all threads busy, no fewer than are worth a message. */
const taskRowsMax = 8192
const taskRowsMin = 256
/** Values of a task; there is a copy of each in the thread. */
const taskValuesMax = 1 << 19
/** Tasks in work or waiting, per thread, while there are rows for several each. */
const tasksPerThread = 2
/** A task is such a part of a thread's share of the rows left: all end at about one time. */
const taskShare = 4
/**
 * Rows times trees and values that the calling thread does in one go, about half a millisecond: so
 * long a thread waits for its next task at most, and so do the caller's own timers and sockets.
 */
const ownWork = 40_000
const ownRowsMin = 64

/** Rows of the next task. */
function taskRowsOf(nRowsLeft: number, nValues: number, nThreads: number): number {
  const share = Math.ceil(nRowsLeft / (nThreads * taskShare))
  const rows = Math.min(taskRowsMax, Math.max(taskRowsMin, share))
  return Math.max(1, Math.min(rows, Math.floor(taskValuesMax / nValues)))
}

/** Threads that are kept for the next predictions. */
interface KeptThreads {
  readonly pool: ThreadPool
  /** How many have answered since they were started. */
  nReady: number
}

/** By number of threads that are started. They end after a while; no process waits for them. */
const kept = new Map<number, KeptThreads>()

function threadsOf(nThreads: number): KeptThreads {
  let threads = kept.get(nThreads)
  if (threads === undefined) {
    threads = { pool: new ThreadPool(nThreads, { mayExit: true }), nReady: 0 }
    kept.set(nThreads, threads)
  }
  if (!threads.pool.isRunning) threads.nReady = 0
  return threads
}

/** Rows in memory that a thread can be given: a copy of those in an array of the caller's. */
function ownRows(rows: PackedRows): PackedRows {
  const isOwn = !rows.isView || rows.values.buffer instanceof SharedArrayBuffer
  return isOwn ? rows : { ...rows, values: rows.values.slice(), isView: false }
}

/**
 * Raw scores, rows x outputs: those of `predictRaw`, for any number of threads. The calling thread
 * is one of them. It copies numbers and looks up categories for all, and scores a few rows at a
 * time besides: all of them, where it is done before others have started.
 *
 * @param input - must not change until the promise is settled
 * @throws CoppiceError 'DATA' for values that do not fit the model
 */
export async function scoreRows(
  predictor: Predictor,
  input: PredictInput,
  nThreads: number,
): Promise<Float64Array> {
  const packer = predictor.packer(input)
  const { nRows, nValues } = packer
  const leastRows = taskRowsOf(0, nValues, nThreads)
  const nOthers = Math.min(nThreads, Math.ceil(nRows / leastRows)) - 1
  if (nOthers < 1) return predictor.predictRaw(input)
  const threads = threadsOf(nThreads - 1)
  const { pool } = threads
  const sourcesId = pool.addSources([])
  const contextId = pool.addContext(sourcesId, scoringContext(predictor), null)
  const run = async (rows: PackedRows): Promise<Float64Array> => {
    const task = { kind: 'score' as const, rows: ownRows(rows) }
    const [part] = await pool.run(contextId, [task])
    return part!
  }
  try {
    const deal = new Deal(predictor, packer, nThreads)
    let nReady = Math.min(nOthers, threads.nReady)
    for (let i = nReady; i < nOthers; i++) {
      // If it never starts, others do its part, and it has lost nothing.
      run(packer.pack(0, 0)).then(() => {
        threads.nReady = Math.max(threads.nReady, ++nReady)
        deal.join(run)
      }, () => undefined)
    }
    for (let i = nReady; i > 0; i--) deal.join(run)
    await deal.workOff()
    return deal.scores
  } finally {
    // Those that have not started yet are not waited for.
    pool.drop(contextId)
    pool.drop(sourcesId)
  }
}

function scoringContext({ model, iterations, earlyStop }: Predictor): JobContext {
  return {
    textOptions: defaultTextOptions,
    columns: [],
    partitions: [],
    scan: null,
    prediction: {
      ...modelBytes(model), iterations, ...(earlyStop === null ? {} : { earlyStop }),
      type: 'raw', types: [], kept: [],
    },
  }
}

/** Rows that are dealt out, in order, to whoever has time. */
class Deal {
  readonly scores: Float64Array
  readonly #predictor: Predictor
  readonly #packer: RowPacker
  readonly #nThreads: number
  /** The first row that nobody has. */
  #next = 0
  readonly #underWay = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  constructor(predictor: Predictor, packer: RowPacker, nThreads: number) {
    this.#predictor = predictor
    this.#packer = packer
    this.#nThreads = nThreads
    this.scores = new Float64Array(packer.nRows * predictor.nOutputs)
  }

  /** Gives rows to a thread that is ready. */
  join(run: (rows: PackedRows) => Promise<Float64Array>): void {
    const work = async (): Promise<void> => {
      for (let task = this.#takeTask(); task !== null; task = this.#takeTask()) {
        const { start, rows } = task
        const done = run(rows)
          .then((part) => this.#put(part, start), (error: unknown) => this.#fail(error))
        this.#underWay.add(done)
        await done
        this.#underWay.delete(done)
      }
    }
    for (let i = 0; i < tasksPerThread; i++) void work()
  }

  /**
   * Scores rows here until none are left, and resolves when others have done theirs. Rejects with
   * the error of the first row that does not fit, or the first in time of a thread.
   */
  async workOff(): Promise<void> {
    const rowWork = this.#predictor.nTrees + this.#packer.nValues
    const rowsAtOnce = Math.max(ownRowsMin, Math.floor(ownWork / rowWork))
    const take = (): TakenRows | null => this.#take(Math.min(rowsAtOnce, this.#taskRows()))
    for (let task = take(); task !== null; task = take()) {
      this.#put(this.#predictor.predictPacked(task.rows), task.start)
      // messages of threads come in between
      await setImmediate()
    }
    await Promise.all(this.#underWay)
    if (this.#failure !== null) throw this.#failure.error
  }

  #taskRows(): number {
    const { nRows, nValues } = this.#packer
    return taskRowsOf(nRows - this.#next, nValues, this.#nThreads)
  }

  #takeTask(): TakenRows | null {
    return this.#take(this.#taskRows())
  }

  #take(nRowsMax: number): TakenRows | null {
    const start = this.#next
    if (start >= this.#packer.nRows) return null
    const end = this.#next = Math.min(this.#packer.nRows, start + nRowsMax)
    try {
      return { start, rows: this.#packer.pack(start, end) }
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  #put(part: Float64Array, firstRow: number): void {
    this.scores.set(part, firstRow * this.#predictor.nOutputs)
  }

  /** Others need not go on where one failed. */
  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#next = this.#packer.nRows
  }
}

interface TakenRows {
  readonly start: number
  readonly rows: PackedRows
}
