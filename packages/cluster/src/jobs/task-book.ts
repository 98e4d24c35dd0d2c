import { assert, CoppiceError } from '@coppice/model'
import type { CoordinatorEvent, TaskOrder } from '../coordinator/events.js'
import type { Context, TaskBody, TaskResult, WireError } from '../protocol/messages.js'

/** A task without its number. */
export interface PlannedTask {
  /** Number of its context, or 0 for none. */
  readonly context: number
  /** Number of the source it reads, over all data sets of the job, or null. */
  readonly source: number | null
  readonly body: TaskBody
}

interface Batch {
  readonly results: (TaskResult | undefined)[]
  readonly errors: Map<number, WireError>
  readonly onDone: ((done: number) => void) | undefined
  readonly resolve: (results: TaskResult[]) => void
  readonly reject: (error: Error) => void
  nDone: number
  /** All tasks before it are done. */
  nSettled: number
}

/** The tasks of a job: numbers them and brings their results to whoever waits for them. */
export class TaskBook {
  readonly #job: string
  readonly #step: (event: CoordinatorEvent) => void
  readonly #open = new Map<number, { readonly batch: Batch, readonly index: number }>()
  #nTasks = 0
  #nContexts = 0
  #failure: CoppiceError | null = null

  /** @param step - gives the coordinator's machine an event */
  constructor(job: string, step: (event: CoordinatorEvent) => void) {
    this.#job = job
    this.#step = step
  }

  /** Makes a context known. @returns its number; tasks of earlier ones must be done */
  addContext(context: Pick<Context, 'sources' | 'body'>): number {
    const number = ++this.#nContexts
    this.#step({ kind: 'context', context: {
      type: 'context', job: this.#job, context: number, ...context,
    } })
    return number
  }

  /**
   * Has tasks done, anywhere.
   *
   * @returns their results, in order
   * @throws CoppiceError of the first task, in order, that failed
   */
  run(tasks: readonly PlannedTask[], onDone?: (done: number) => void): Promise<TaskResult[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (tasks.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      const batch: Batch = {
        results: new Array<TaskResult | undefined>(tasks.length), errors: new Map(), onDone,
        resolve, reject, nDone: 0, nSettled: 0,
      }
      const orders = tasks.map((task, index): TaskOrder => {
        const number = ++this.#nTasks
        this.#open.set(number, { batch, index })
        return { task: number, ...task }
      })
      this.#step({ kind: 'tasks', tasks: orders })
    })
  }

  /** A task is done. */
  done(task: number, result: TaskResult): void {
    const place = this.#take(task)
    if (place === undefined) return
    const { batch, index } = place
    batch.results[index] = result
    batch.nDone++
    batch.onDone?.(batch.nDone)
    settle(batch)
  }

  /** Nobody can do a task. */
  failed(task: number, error: WireError): void {
    const place = this.#take(task)
    if (place === undefined) return
    place.batch.errors.set(place.index, error)
    settle(place.batch)
  }

  /** Gives up on all tasks, and on those to come. */
  abandon(error: CoppiceError): void {
    this.#failure = error
    const batches = new Set([...this.#open.values()].map(({ batch }) => batch))
    this.#open.clear()
    for (const { reject } of batches) reject(error)
  }

  #take(task: number): { readonly batch: Batch, readonly index: number } | undefined {
    const place = this.#open.get(task)
    this.#open.delete(task)
    return place
  }
}

/** Ends a batch when all is done, or when nothing before the first failure is open any more. */
function settle(batch: Batch): void {
  const { results, errors } = batch
  while (batch.nSettled < results.length && results[batch.nSettled] !== undefined) batch.nSettled++
  if (batch.nSettled === results.length) {
    return batch.resolve(results.map((result) => {
      assert(result !== undefined, 'every task has a result')
      return result
    }))
  }
  const error = errors.get(batch.nSettled)
  if (error !== undefined) batch.reject(new CoppiceError(error.code, error.message))
}
