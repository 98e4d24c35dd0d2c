import { collectGarbage } from '@coppice/engine/threads'
import type { Encoding, JobContext, LocalResults, LocalTask } from '../loading/job.js'
import { throwIfAborted } from '../loading/inline-runner.js'
import type { LocalRunner } from '../loading/options.js'
import type { Format } from '../reader.js'
import type { SourceRef } from './source-ref.js'
import { ThreadPool } from './thread-pool.js'
import { isLocalUri } from './uri.js'

/** Runs the tasks of one load on threads. Close it when done. */
export class ThreadRunner implements LocalRunner {
  readonly nThreads: number
  readonly #pool: ThreadPool
  readonly #sourcesId: number
  readonly #inline: LocalRunner
  readonly #hasQuickPlans: boolean
  readonly #signal: AbortSignal | undefined
  #context: JobContext | null = null
  #encoding: Encoding | null = null
  /** What the threads know it as; null before they do. */
  #contextId: number | null = null

  /**
   * @param inline - plans the formats whose plan is a footer or header, which takes less time
   *   than threads need to start
   */
  constructor(
    sources: readonly SourceRef[],
    nThreads: number,
    inline: LocalRunner,
    signal?: AbortSignal,
  ) {
    this.nThreads = nThreads
    this.#inline = inline
    this.#hasQuickPlans = sources.every(
      ({ uri, format }) => quickPlans.includes(format) && isLocalUri(uri),
    )
    this.#signal = signal
    this.#pool = new ThreadPool(nThreads, { idleMs: Infinity })
    this.#sourcesId = this.#pool.addSources(sources)
    this.#pool.start()
  }

  setContext(context: JobContext): void {
    this.#inline.setContext(context)
    this.#context = context
    this.#forget()
  }

  setEncoding(encoding: Encoding | null): void {
    this.#encoding = encoding
    this.#forget()
    // The samples that bins were found from would stay beside the rows that are binned now.
    if (encoding !== null) collectGarbage()
  }

  async run<T extends LocalTask>(
    tasks: readonly T[],
    onDone?: (done: number) => void,
  ): Promise<LocalResults[T['kind']][]> {
    throwIfAborted(this.#signal)
    if (tasks.length === 0) return []
    if (tasks[0]!.kind === 'plan' && this.#hasQuickPlans) return this.#inline.run(tasks, onDone)
    this.#contextId ??= this.#pool.addContext(this.#sourcesId, this.#context!, this.#encoding)
    return this.#pool.run(this.#contextId, tasks, { onDone, signal: this.#signal })
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  #forget(): void {
    if (this.#contextId !== null) this.#pool.drop(this.#contextId)
    this.#contextId = null
  }
}

const quickPlans: readonly Format[] = ['parquet', 'arrow', 'npy']
