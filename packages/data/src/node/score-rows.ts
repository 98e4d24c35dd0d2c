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
/** Tasks in work or waiting, per thread. */
const tasksPerThread = 2
/**
 * Rows times trees and values that the calling thread does in one go, about a millisecond: so long
 * a thread waits for its next task at most, and so do the caller's own timers and sockets.
 */
const ownWork = 100_000
const ownRowsMin = 64

function taskRowsOf(nRows: number, nValues: number, nThreads: number): number {
  const share = Math.ceil(nRows / (nThreads * tasksPerThread))
  const rows = Math.min(taskRowsMax, Math.max(taskRowsMin, share))
  return Math.max(1, Math.min(rows, Math.floor(taskValuesMax / nValues)))
}

/** By number of threads that are started. They end after a while; no process waits for them. */
const pools = new Map<number, ThreadPool>()

function poolOf(nThreads: number): ThreadPool {
  let pool = pools.get(nThreads)
  if (pool === undefined) pools.set(nThreads, pool = new ThreadPool(nThreads, { mayExit: true }))
  return pool
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
  const taskRows = taskRowsOf(nRows, nValues, nThreads)
  const nOthers = Math.min(nThreads, Math.ceil(nRows / taskRows)) - 1
  if (nOthers < 1) return predictor.predictRaw(input)
  const pool = poolOf(nThreads - 1)
  const sourcesId = pool.addSources([])
  const contextId = pool.addContext(sourcesId, scoringContext(predictor), null)
  try {
    const deal = new Deal(predictor, packer)
    const run = async (rows: PackedRows): Promise<Float64Array> => {
      const task = { kind: 'score' as const, rows: ownRows(rows) }
      const [part] = await pool.run(contextId, [task])
      return part!
    }
    for (let i = 0; i < nOthers; i++) deal.join(run, taskRows)
    await deal.workOff(taskRows)
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
  /** The first row that nobody has. */
  #next = 0
  readonly #underWay = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  constructor(predictor: Predictor, packer: RowPacker) {
    this.#predictor = predictor
    this.#packer = packer
    this.scores = new Float64Array(packer.nRows * predictor.nOutputs)
  }

  /** Gives rows to a thread, from the time on when it has started and knows the model. */
  join(run: (rows: PackedRows) => Promise<Float64Array>, taskRows: number): void {
    const fail = (error: unknown): void => this.#fail(error)
    const work = async (): Promise<void> => {
      for (let task = this.#take(taskRows); task !== null; task = this.#take(taskRows)) {
        const { start, rows } = task
        const done = run(rows).then((part) => this.#put(part, start), fail)
        this.#underWay.add(done)
        await done
        this.#underWay.delete(done)
      }
    }
    run(this.#packer.pack(0, 0))
      .then(() => Promise.all(Array.from({ length: tasksPerThread }, work)))
      .catch(fail)
  }

  /**
   * Scores rows here until none are left, and resolves when others have done theirs. Rejects with
   * the error of the first rows, in order, that do not fit; of threads with the first in time.
   */
  async workOff(taskRows: number): Promise<void> {
    const rowWork = this.#predictor.nTrees + this.#packer.nValues
    const nRows = Math.min(taskRows, Math.max(ownRowsMin, Math.floor(ownWork / rowWork)))
    for (let task = this.#take(nRows); task !== null; task = this.#take(nRows)) {
      this.#put(this.#predictor.predictPacked(task.rows), task.start)
      // messages of threads come in between
      await setImmediate()
    }
    await Promise.all(this.#underWay)
    if (this.#failure !== null) throw this.#failure.error
  }

  #take(nRowsMax: number): { readonly start: number, readonly rows: PackedRows } | null {
    const start = this.#next
    if (start >= this.#packer.nRows) return null
    this.#next = Math.min(this.#packer.nRows, start + nRowsMax)
    try {
      return { start, rows: this.#packer.pack(start, this.#next) }
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
