import { Worker } from 'node:worker_threads'
import { CoppiceError } from '@coppice/model'
import { throwIfAborted } from '../loading/inline-runner.js'
import type { JobContext, LoadTask, TaskResults } from '../loading/job.js'
import type { TaskRunner } from '../loading/options.js'
import type { Format } from '../reader.js'
import type { InputPartition } from './inputs.js'
import type { FromThread, PlainError, ToThread } from './pool-messages.js'

/** One call of `run`: its tasks are dealt in order to whoever is free. */
interface Batch {
  readonly tasks: readonly LoadTask[]
  readonly results: TaskResults[LoadTask['kind']][]
  readonly onDone: ((done: number) => void) | undefined
  nextIdx: number
  nDone: number
  nRunning: number
  failure: { readonly taskIdx: number; readonly error: Error } | null
  readonly settle: (error: Error | null) => void
}

/** Runs tasks on worker threads. Close it when done: threads keep the process alive. */
export class ThreadRunner implements TaskRunner {
  readonly nThreads: number
  readonly #threads: Worker[]
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.#fail(new CoppiceError('ABORTED', abortText))
  readonly #inline: TaskRunner
  readonly #hasQuickPlans: boolean
  #batch: Batch | null = null
  #broken: Error | null = null

  /**
   * @param inline - plans the formats whose plan is a footer or header, which takes less time
   *   than threads need to start
   */
  constructor(
    partitions: readonly InputPartition[],
    nThreads: number,
    inline: TaskRunner,
    signal?: AbortSignal,
  ) {
    this.nThreads = nThreads
    this.#inline = inline
    this.#hasQuickPlans = partitions.every(({ format }) => quickPlans.includes(format))
    this.#signal = signal
    this.#threads = Array.from({ length: nThreads }, () => this.#startThread(partitions))
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  setContext(context: JobContext): void {
    this.#inline.setContext(context)
    for (const thread of this.#threads) post(thread, { kind: 'context', context })
  }

  run<T extends LoadTask>(
    tasks: readonly T[],
    onDone?: (done: number) => void,
  ): Promise<TaskResults[T['kind']][]> {
    throwIfAborted(this.#signal)
    if (this.#broken !== null) return Promise.reject(this.#broken)
    if (tasks.length === 0) return Promise.resolve([])
    if (tasks[0]!.kind === 'plan' && this.#hasQuickPlans) return this.#inline.run(tasks, onDone)
    const results: TaskResults[T['kind']][] = []
    return new Promise((resolve, reject) => {
      this.#batch = {
        tasks,
        results,
        onDone,
        nextIdx: 0,
        nDone: 0,
        nRunning: 0,
        failure: null,
        settle: (error) => {
          this.#batch = null
          if (error === null) resolve(results)
          else reject(error)
        },
      }
      for (const thread of this.#threads) this.#deal(thread, this.#batch)
    })
  }

  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#broken ??= new CoppiceError('INTERNAL', 'internal error: the loading threads are closed')
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  #startThread(partitions: readonly InputPartition[]): Worker {
    const url = new URL('./load-worker.js', import.meta.url)
    const thread = new Worker(url, { workerData: { partitions } })
    thread.on('message', (message: FromThread) => this.#onMessage(thread, message))
    thread.on('error', (error) => this.#fail(threadError(error)))
    thread.on('exit', () => this.#fail(threadError(new Error('it ended early'))))
    return thread
  }

  #deal(thread: Worker, batch: Batch): void {
    if (batch.failure !== null || batch.nextIdx >= batch.tasks.length) return
    const taskIdx = batch.nextIdx++
    batch.nRunning++
    post(thread, { kind: 'task', taskIdx, task: batch.tasks[taskIdx]! })
  }

  #onMessage(thread: Worker, message: FromThread): void {
    const batch = this.#batch
    if (batch === null) return
    batch.nRunning--
    if (message.kind === 'failed') {
      const { taskIdx } = message
      // The first in order, so that the message does not depend on the timing of threads. All
      // earlier tasks were dealt already and are waited for.
      if (batch.failure === null || taskIdx < batch.failure.taskIdx) {
        batch.failure = { taskIdx, error: reviveError(message.error) }
      }
    } else {
      batch.results[message.taskIdx] = message.result
      batch.nDone++
      if (batch.failure === null) batch.onDone?.(batch.nDone)
    }
    this.#deal(thread, batch)
    if (batch.nRunning > 0) return
    if (batch.failure !== null) batch.settle(batch.failure.error)
    else if (batch.nDone === batch.tasks.length) batch.settle(null)
  }

  #fail(error: Error): void {
    this.#broken ??= error
    this.#batch?.settle(error)
  }
}

const quickPlans: readonly Format[] = ['parquet', 'arrow', 'npy']

const abortText = 'loading was aborted by the caller'

function post(thread: Worker, message: ToThread): void {
  thread.postMessage(message)
}

function reviveError({ code, message, stack }: PlainError): Error {
  const error = code === null ? new Error(message) : new CoppiceError(code, message)
  if (stack !== undefined) error.stack = stack
  return error
}

function threadError(cause: Error): CoppiceError {
  const isMemory = (cause as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  return isMemory
    ? new CoppiceError(
        'MEMORY',
        'a loading thread ran out of memory; use fewer threads or smaller row groups',
        { cause },
      )
    : new CoppiceError('INTERNAL', `internal error: a loading thread failed: ${cause.message}`, {
        cause,
      })
}
