import { CoppiceError } from '@coppice/model'
import type { Encoding, JobContext, LocalResults, LocalTask } from './job.js'
import type { LocalRunner } from './options.js'
import { type PartitionAccess, TaskWorker } from './tasks.js'

/** Runs all tasks one after the other in this thread. */
export class InlineRunner implements LocalRunner {
  readonly nThreads = 1
  readonly #worker: TaskWorker
  readonly #signal: AbortSignal | undefined

  constructor(access: PartitionAccess, signal?: AbortSignal) {
    this.#worker = new TaskWorker(access)
    this.#signal = signal
  }

  setContext(context: JobContext): void {
    this.#worker.setContext(context)
  }

  setEncoding(encoding: Encoding | null): void {
    this.#worker.setEncoding(encoding)
  }

  async run<T extends LocalTask>(
    tasks: readonly T[],
    onDone?: (done: number) => void,
  ): Promise<LocalResults[T['kind']][]> {
    const results: LocalResults[T['kind']][] = []
    for (const task of tasks) {
      throwIfAborted(this.#signal)
      results.push(await this.#worker.run(task))
      onDone?.(results.length)
    }
    return results
  }
}

/** Throws CoppiceError 'ABORTED' once the caller has given up. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new CoppiceError('ABORTED', 'loading was aborted by the caller', { cause: signal.reason })
}
