/** The module of a loading thread: takes contexts and tasks, gives back results. */
import { parentPort, workerData } from 'node:worker_threads'
import { assert, CoppiceError } from '@coppice/model'
import { TaskWorker } from '../loading/tasks.js'
import { FilePartitions } from './file-partitions.js'
import type { InputPartition } from './inputs.js'
import type { FromThread, PlainError, ToThread } from './pool-messages.js'

assert(parentPort !== null, 'this module runs in a worker thread')
const port = parentPort
const { partitions } = workerData as { partitions: readonly InputPartition[] }
const worker = new TaskWorker(new FilePartitions(partitions))

port.on('message', (message: ToThread) => {
  if (message.kind === 'context') worker.setContext(message.context)
  else void runTask(message)
})

async function runTask({ taskIdx, task }: Extract<ToThread, { kind: 'task' }>): Promise<void> {
  let reply: FromThread
  try {
    reply = { kind: 'done', taskIdx, result: await worker.run(task) }
  } catch (error) {
    reply = { kind: 'failed', taskIdx, error: plainError(error) }
  }
  port.postMessage(reply)
}

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { code: null, message: String(error), stack: undefined }
  const code = error instanceof CoppiceError ? error.code : null
  return { code, message: error.message, stack: error.stack }
}
