/** Scores rows in memory, on threads. */
import type { PackedRows, PredictInput, Predictor } from '@coppice/model'
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

function taskRowsOf(nRows: number, nValues: number, nThreads: number): number {
  const share = Math.ceil(nRows / (nThreads * tasksPerThread))
  const rows = Math.min(taskRowsMax, Math.max(taskRowsMin, share))
  return Math.max(1, Math.min(rows, Math.floor(taskValuesMax / nValues)))
}

/** By number of threads. They end after a while, and no process waits for them. */
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
 * copies numbers and looks up categories, others do the rest.
 *
 * @param input - must not change until the promise is settled
 * @throws CoppiceError 'DATA' for values that do not fit the model
 */
export async function scoreRows(
  predictor: Predictor,
  input: PredictInput,
  nThreads: number,
): Promise<Float64Array> {
  const { nOutputs, iterations, earlyStop } = predictor
  const packer = predictor.packer(input)
  const { nRows, nValues } = packer
  const taskRows = taskRowsOf(nRows, nValues, nThreads)
  if (nRows <= taskRows) return predictor.predictRaw(input)
  const pool = poolOf(nThreads)
  const context: JobContext = {
    textOptions: defaultTextOptions,
    columns: [],
    partitions: [],
    scan: null,
    prediction: {
      ...modelBytes(predictor.model), iterations, ...(earlyStop === null ? {} : { earlyStop }),
      type: 'raw', types: [], kept: [],
    },
  }
  const sourcesId = pool.addSources([])
  const contextId = pool.addContext(sourcesId, context, null)
  const scores = new Float64Array(nRows * nOutputs)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < nRows) {
      const start = next
      next = Math.min(nRows, start + taskRows)
      const rows = ownRows(packer.pack(start, next))
      const [part] = await pool.run(contextId, [{ kind: 'score' as const, rows }])
      scores.set(part!, start * nOutputs)
    }
  }
  try {
    await Promise.all(Array.from({ length: nThreads * tasksPerThread }, work))
    return scores
  } finally {
    // Others may go on where one failed.
    next = nRows
    pool.drop(contextId)
    pool.drop(sourcesId)
  }
}
