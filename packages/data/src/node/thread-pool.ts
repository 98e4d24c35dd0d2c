import { Worker } from 'node:worker_threads'
import { workerOptions } from '@coppice/engine/threads'
import { assert, CoppiceError } from '@coppice/model'
import { throwIfAborted } from '../loading/inline-runner.js'
import type { Encoding, JobContext } from '../loading/job.js'
import type { CacheNotice } from './cached-reader.js'
import { DefiniteError } from './definite-error.js'
import type {
  FromThread,
  PlainError,
  PoolResults,
  PoolTask,
  SharedMessage,
  TaskAnswer,
  ToThread,
} from './pool-messages.js'
import type { SourceRef } from './source-ref.js'

/** One call of `run`: its tasks are dealt in order to whoever is free. */
interface Batch {
  readonly contextId: number
  readonly tasks: readonly PoolTask[]
  readonly results: PoolResults[PoolTask['kind']][]
  readonly onDone: ((done: number) => void) | undefined
  nextIdx: number
  nDone: number
  nRunning: number
  failure: { readonly taskIdx: number; readonly error: Error } | null
  readonly settle: (error: Error | null) => void
}

interface PoolThread {
  readonly worker: Worker
  /** Sources and contexts that it was sent: a thread gets those it needs, when it needs them. */
  readonly known: Set<number>
  /** What it works on; its batch may have been given up. */
  current: { readonly batch: Batch; readonly taskIdx: number } | null
}

export interface RunOptions {
  readonly onDone?: ((done: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ThreadPoolOptions {
  /**
   * Threads end when there was nothing to do for so long; default 5000. As long as they live they
   * may keep arrays that nobody else has any more: memory that is shared is freed when the last
   * thread has collected its garbage, and a thread that waits collects none (measured: eight
   * times as much memory as was in use).
   */
  readonly idleMs?: number | undefined
  /** Threads keep the process alive only while there is something to do; default false. */
  readonly mayExit?: boolean | undefined
  /** What threads run. */
  readonly module?: URL | undefined
  /** See SourceOptions. */
  readonly onCacheNotice?: ((notice: CacheNotice) => void) | undefined
}

/**
 * Threads that load. Several calls of `run` share them: their tasks are dealt in turns. A thread
 * that dies takes the tasks under way with it. Threads are started when they are needed. Close
 * the pool when done: threads keep the process alive.
 */
export class ThreadPool {
  readonly nThreads: number
  #threads: PoolThread[] = []
  readonly #shared = new Map<number, SharedMessage>()
  #nextId = 1
  #batches: Batch[] = []
  #isClosed = false
  readonly #module: URL
  readonly #idleMs: number
  readonly #mayExit: boolean
  readonly #onNotice: (notice: CacheNotice) => void
  #idleTimer: NodeJS.Timeout | null = null

  constructor(nThreads: number, options: ThreadPoolOptions = {}) {
    this.nThreads = nThreads
    this.#module = options.module ?? new URL('./load-worker.js', import.meta.url)
    this.#idleMs = options.idleMs ?? 5000
    this.#mayExit = options.mayExit ?? false
    this.#onNotice = options.onCacheNotice ?? (() => undefined)
  }

  /** Whether there are threads now. */
  get isRunning(): boolean {
    return this.#threads.length > 0
  }

  /** Starts all threads, where they are not running; `run` starts those that it has tasks for. */
  start(): void {
    this.#startUpTo(this.nThreads)
  }

  #startUpTo(nThreads: number): void {
    if (this.#isClosed) return
    while (this.#threads.length < nThreads) this.#threads.push(this.#startThread())
  }

  /** Makes files known that contexts refer to. */
  addSources(sources: readonly SourceRef[]): number {
    return this.#share({ kind: 'sources', id: this.#nextId++, sources })
  }

  /** Makes known what tasks share. */
  addContext(sourcesId: number, context: JobContext, encoding: Encoding | null): number {
    return this.#share({ kind: 'context', id: this.#nextId++, sourcesId, context, encoding })
  }

  /**
   * Forgets sources or a context; no later task may refer to them. Runs that are not done are
   * given up, with 'ABORTED'.
   */
  drop(id: number): void {
    this.#shared.delete(id)
    for (const batch of [...this.#batches]) {
      if (batch.contextId !== id) continue
      batch.settle(new CoppiceError('ABORTED', 'loading was given up: its files were closed'))
    }
    const message: ToThread = { kind: 'drop', id }
    for (const { worker, known } of this.#threads) {
      if (known.delete(id)) worker.postMessage(message)
    }
  }

  /**
   * Runs tasks; results are in their order. Rejects with the error of the first (in order) that
   * failed, or with 'ABORTED' as soon as the signal says so.
   */
  async run<T extends PoolTask>(
    contextId: number,
    tasks: readonly T[],
    { onDone, signal }: RunOptions = {},
  ): Promise<PoolResults[T['kind']][]> {
    throwIfAborted(signal)
    if (this.#isClosed) throw closedError()
    if (tasks.length === 0) return []
    const results: PoolResults[T['kind']][] = []
    let onAbort = (): void => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        const batch: Batch = {
          contextId, tasks, results, onDone, nextIdx: 0, nDone: 0, nRunning: 0, failure: null,
          settle: (error) => {
            this.#batches = this.#batches.filter((other) => other !== batch)
            this.#awaitWork()
            if (error === null) resolve()
            else reject(error)
          },
        }
        onAbort = () => batch.settle(abortError(signal))
        signal?.addEventListener('abort', onAbort, { once: true })
        this.#batches.push(batch)
        try {
          this.#begin()
        } catch (error) {
          // No thread could be started, or what tasks share was forgotten.
          batch.settle(error as Error)
        }
      })
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
    return results
  }

  /** Has threads for all tasks that are open, as far as there may be any, and deals them out. */
  #begin(): void {
    const nOpen = this.#batches.reduce((sum, open) => sum + open.tasks.length - open.nDone, 0)
    this.#startUpTo(Math.min(this.nThreads, nOpen))
    this.#awaitWork()
    for (const thread of this.#threads) this.#deal(thread)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#shared.clear()
    await this.#stop(closedError())
  }

  /** Ends the threads after a while without work. */
  #awaitWork(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = null
    const isIdle = this.#batches.length === 0 && this.#threads.length > 0
    if (this.#mayExit) {
      for (const { worker } of this.#threads) {
        if (isIdle) worker.unref()
        else worker.ref()
      }
    }
    if (!isIdle || this.#idleMs === Infinity) return
    this.#idleTimer = setTimeout(() => void this.#stop(closedError()), this.#idleMs).unref()
  }

  #share(message: SharedMessage): number {
    this.#shared.set(message.id, message)
    return message.id
  }

  #startThread(): PoolThread {
    const worker = new Worker(this.#module, workerOptions(process.execArgv))
    const thread: PoolThread = { worker, known: new Set(), current: null }
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'notice') this.#onNotice(message.notice)
      else this.#onMessage(thread, message)
    })
    worker.on('error', (error) => this.#onDeath(thread, error))
    worker.on('exit', () => this.#onDeath(thread, new Error('it ended early')))
    return thread
  }

  #deal(thread: PoolThread): void {
    if (thread.current !== null) return
    const at = this.#batches.findIndex(
      ({ failure, nextIdx, tasks }) => failure === null && nextIdx < tasks.length,
    )
    if (at < 0) return
    const [batch] = this.#batches.splice(at, 1) as [Batch]
    this.#batches.push(batch)
    const taskIdx = batch.nextIdx++
    batch.nRunning++
    thread.current = { batch, taskIdx }
    const { contextId, tasks } = batch
    this.#tell(thread, contextId)
    const task = tasks[taskIdx]!
    const message: ToThread = { kind: 'task', contextId, task }
    thread.worker.postMessage(message, moved(task))
  }

  /** Sends a context, or sources, to a thread that does not have them. */
  #tell({ worker, known }: Pick<PoolThread, 'worker' | 'known'>, id: number): void {
    if (known.has(id)) return
    const message = this.#shared.get(id)
    assert(message !== undefined, `what tasks share, ${id}, is forgotten before they are done`)
    if (message.kind === 'context') this.#tell({ worker, known }, message.sourcesId)
    worker.postMessage(message)
    known.add(id)
  }

  #onMessage(thread: PoolThread, message: TaskAnswer): void {
    // A thread that was stopped meanwhile gets no more work: nobody would hear of it.
    if (!this.#threads.includes(thread)) return
    const { batch, taskIdx } = thread.current!
    thread.current = null
    batch.nRunning--
    // A batch that was given up is no longer among those that run.
    if (this.#batches.includes(batch)) {
      if (message.kind === 'done') {
        batch.results[taskIdx] = message.result
        batch.nDone++
        if (batch.failure === null) batch.onDone?.(batch.nDone)
      } else if (batch.failure === null || taskIdx < batch.failure.taskIdx) {
        // The first in order, so that the message does not depend on the timing of threads. All
        // earlier tasks were dealt already and are waited for.
        batch.failure = { taskIdx, error: reviveError(message.error) }
      }
    }
    this.#deal(thread)
    if (batch.nRunning > 0) return
    if (batch.failure !== null) batch.settle(batch.failure.error)
    else if (batch.nDone === batch.tasks.length) batch.settle(null)
  }

  #onDeath(thread: PoolThread, cause: Error): void {
    if (this.#threads.includes(thread)) void this.#stop(threadError(cause))
  }

  async #stop(error: Error): Promise<void> {
    const threads = this.#threads
    this.#threads = []
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    for (const batch of [...this.#batches]) batch.settle(error)
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }
}

/** What a task takes with it. */
function moved(task: PoolTask): ArrayBuffer[] {
  if (task.kind !== 'score') return []
  const { buffer } = task.rows.values
  return buffer instanceof ArrayBuffer ? [buffer] : []
}

function reviveError({ code, isDefinite, message, stack }: PlainError): Error {
  const error = isDefinite ? new DefiniteError(message)
    : code === null ? new Error(message) : new CoppiceError(code, message)
  if (stack !== undefined) error.stack = stack
  return error
}

function closedError(): CoppiceError {
  return new CoppiceError('INTERNAL', 'internal error: the loading threads are closed')
}

function abortError(signal: AbortSignal | undefined): CoppiceError {
  return new CoppiceError('ABORTED', 'loading was aborted by the caller', {
    cause: signal?.reason as unknown,
  })
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
