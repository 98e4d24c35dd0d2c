/** Predicts the rows of files, unit by unit, on threads. */
import { defaultThreads } from '@coppice/engine/threads'
import type { Predictor } from '@coppice/model'
import type { WantedType } from '../column-types.js'
import type { JobContext, LoadTask } from '../loading/job.js'
import { TaskWorker } from '../loading/tasks.js'
import { packedWidth } from '../prediction/packed-prediction.js'
import type { PredictedRows } from '../prediction/plan.js'
import type { PredictionType } from '../prediction/predict-columns.js'
import { predictionUnits } from '../prediction/prediction-units.js'
import { UnitPredictor } from '../prediction/predict-unit.js'
import { modelBytes } from './model-bytes.js'
import type { RawTable } from './read-raw.js'
import { SharedContexts } from './shared-contexts.js'
import { ThreadPool } from './thread-pool.js'

/** What is predicted. */
export interface FilesPrediction {
  readonly predictor: Predictor
  readonly type: PredictionType
  /** Columns to read, the model's features first. */
  readonly wanted: readonly string[]
  /** Types to read them in, by name; others are inferred. */
  readonly types: Readonly<Record<string, WantedType>>
  /** Of the columns, those that go with the predictions, by index. */
  readonly kept: readonly number[]
}

type PredictTask = Extract<LoadTask, { kind: 'predict' }>

/** Predicts a unit of a partition. */
type UnitRunner = (task: PredictTask) => Promise<PredictedRows>

/** Units in work or waiting for their turn, per thread. */
const unitsPerThread = 2
/** Their predictions take no more than this, unless one unit does. */
const aheadBytesMax = 256 << 20

/**
 * Yields the predictions of all units that have rows, in row order, the same for any number of
 * threads. Throws the error of the first unit, in order, that cannot be predicted.
 *
 * @param nThreads - 1 for the calling thread
 */
export async function* predictFiles(
  raw: RawTable,
  job: FilesPrediction,
  nThreads: number,
): AsyncGenerator<PredictedRows> {
  const { predictor, type, wanted, types, kept } = job
  for (const name of wanted) raw.indexOf(name)
  const isInline = nThreads === 1
  const prediction = {
    ...(isInline ? { model: new Uint8Array(0), modelHash: '' } : modelBytes(predictor.model)),
    iterations: predictor.iterations,
    ...(predictor.earlyStop === null ? {} : { earlyStop: predictor.earlyStop }),
    type,
    types: wanted.map((name) => types[name] ?? null),
    kept,
  }
  const context: JobContext = { ...raw.context(wanted), prediction }
  const plans = context.partitions.map(({ plan }, i) =>
    ({ plan, format: raw.partitions[i]!.format }))
  const tasks = predictionUnits(predictor.model, plans).map(({ partitionIdx, unit }) =>
    ({ kind: 'predict' as const, partitionIdx, unit, start: 0, end: unit.nRows }))
  if (isInline) {
    const worker = new TaskWorker(raw.files, new UnitPredictor(predictor))
    worker.setContext(context)
    for (const task of tasks) yield await worker.run(task)
    return
  }
  const { nNumbers, numberBytes } = packedWidth(predictor, type)
  const bytesOf = ({ unit }: PredictTask): number => unit.nRows * nNumbers * numberBytes
  const pool = new ThreadPool(Math.min(nThreads, Math.max(1, tasks.length)), { idleMs: Infinity })
  try {
    yield* inOrder(tasks, bytesOf, pool.nThreads * unitsPerThread,
      threadRunner(pool, new SharedContexts(pool, raw.refs), context))
  } finally {
    await pool.close()
  }
}

function threadRunner(
  pool: ThreadPool, contexts: SharedContexts, context: JobContext,
): UnitRunner {
  return async (task) => {
    const open = contexts.openPartition(context, task.partitionIdx)
    try {
      const [rows] = await pool.run(open.contextId, [{ ...task, partitionIdx: 0 }])
      return rows!
    } finally {
      open.close()
    }
  }
}

/** Runs tasks some ahead of whoever takes their results, in the order of the tasks. */
async function* inOrder(
  tasks: readonly PredictTask[],
  bytesOf: (task: PredictTask) => number,
  aheadMax: number,
  run: UnitRunner,
): AsyncGenerator<PredictedRows> {
  const ahead: { readonly result: Promise<PredictedRows>; readonly nBytes: number }[] = []
  let aheadBytes = 0
  let next = 0
  while (next < tasks.length || ahead.length > 0) {
    while (next < tasks.length && ahead.length < aheadMax) {
      const nBytes = bytesOf(tasks[next]!)
      if (ahead.length > 0 && aheadBytes + nBytes > aheadBytesMax) break
      const result = run(tasks[next++]!)
      // Its turn comes, or an earlier one failed.
      result.catch(() => undefined)
      ahead.push({ result, nBytes })
      aheadBytes += nBytes
    }
    const { result, nBytes } = ahead.shift()!
    const rows = await result
    aheadBytes -= nBytes
    yield rows
  }
}

/** Work that takes less is done in the calling thread: threads have to start and get the model. */
const inlineMsMax = 300
/** Rough figures: of a value that is read and encoded, and of a row in a tree. */
const valueMs = 1e-4
const treeMs = 1e-5
const contributionMs = 5e-3

/**
 * Threads to predict with.
 * @param numThreads - as asked for; 0 for all cores, where that pays
 */
export function predictionThreads(
  numThreads: number,
  { nRows, nColumns, nTrees, type }: {
    readonly nRows: number; readonly nColumns: number; readonly nTrees: number
    readonly type?: PredictionType
  },
): number {
  if (numThreads > 0) return numThreads
  const ms = nRows * (nColumns * valueMs +
    nTrees * (type === 'contribution' ? contributionMs : treeMs))
  return ms < inlineMsMax ? 1 : defaultThreads()
}
