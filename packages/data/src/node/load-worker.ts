/** The module of a loading thread: takes sources, contexts and tasks, gives back results. */
import { parentPort } from 'node:worker_threads'
import { assert, CoppiceError } from '@coppice/model'
import type { Encoding } from '../loading/job.js'
import { TaskWorker } from '../loading/tasks.js'
import type { PredictionPlan } from '../prediction/plan.js'
import { UnitPredictor } from '../prediction/predict-unit.js'
import { DefiniteError } from './definite-error.js'
import { digestRows } from './digest.js'
import { SourcePartitions } from './source-partitions.js'
import type {
  FromThread,
  PlainError,
  PoolResults,
  PoolTask,
  SharedMessage,
  ToThread,
} from './pool-messages.js'

assert(parentPort !== null, 'this module runs in a worker thread')
const port = parentPort

interface Context {
  readonly sources: SourcePartitions
  readonly worker: TaskWorker
  readonly encoding: Encoding | null
  readonly prediction: PredictionPlan | null
}

const sources = new Map<number, SourcePartitions>()
const contexts = new Map<number, Context>()
const units = new UnitPredictor()

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'sources':
      sources.set(message.id, new SourcePartitions(message.sources, (notice) =>
        port.postMessage({ kind: 'notice', notice } satisfies FromThread)))
      break
    case 'context':
      contexts.set(message.id, makeContext(message))
      break
    case 'drop':
      contexts.delete(message.id)
      // What cannot be closed was not needed any more.
      void sources.get(message.id)?.close().catch(() => undefined)
      sources.delete(message.id)
      break
    case 'task':
      void runTask(message.contextId, message.task)
      break
  }
})

function makeContext(message: Extract<SharedMessage, { kind: 'context' }>): Context {
  const own = sources.get(message.sourcesId)!
  const worker = new TaskWorker(own, units)
  worker.setContext(message.context)
  worker.setEncoding(message.encoding)
  const { context: { prediction }, encoding } = message
  return { sources: own, worker, encoding, prediction }
}

async function runTask(contextId: number, task: PoolTask): Promise<void> {
  let reply: FromThread
  try {
    reply = { kind: 'done', result: await resultOf(contexts.get(contextId)!, task) }
  } catch (error) {
    reply = { kind: 'failed', error: plainError(error) }
  }
  port.postMessage(reply)
}

async function resultOf(
  { sources: own, worker, encoding, prediction }: Context,
  task: PoolTask,
): Promise<PoolResults[PoolTask['kind']]> {
  if (task.kind === 'copy') return own.copy(task.partitionIdx, task.path)
  if (task.kind === 'score') {
    assert(prediction !== null, 'scores are of a model')
    return units.score(prediction, task.rows)
  }
  if (task.kind !== 'digest') return worker.run(task)
  assert(encoding !== null, 'what is hashed was encoded')
  return digestRows(encoding.targets[task.targetIdx]!, task)
}

function plainError(error: unknown): PlainError {
  const isDefinite = error instanceof DefiniteError
  if (!(error instanceof Error)) {
    return { code: null, isDefinite, message: String(error), stack: undefined }
  }
  const code = error instanceof CoppiceError ? error.code : null
  return { code, isDefinite, message: error.message, stack: error.stack }
}
