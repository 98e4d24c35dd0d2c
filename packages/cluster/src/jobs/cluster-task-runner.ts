import type { JobContext, LoadTask, TaskResults, TaskRunner } from '@coppice/data'
import { assert, CoppiceError } from '@coppice/model'
import type { SourcePartition, TaskResult } from '../protocol/messages.js'
import type { TaskBook } from './task-book.js'

/** What a runner reads. */
export interface RunnerSources {
  readonly sources: readonly SourcePartition[]
  /** Number of the first one among those of all data sets of the job. */
  readonly firstSource: number
}

/** Runs the tasks of the survey of one data set on workers. */
export class ClusterTaskRunner implements TaskRunner {
  readonly nThreads: number
  readonly #book: TaskBook
  readonly #sources: RunnerSources
  #context: JobContext | null = null
  /** Under which the workers know it; null before they do. */
  #number: number | null = null

  /** @param nThreads - of all workers; only a hint of how much goes on at a time */
  constructor(book: TaskBook, sources: RunnerSources, nThreads: number) {
    this.#book = book
    this.#sources = sources
    this.nThreads = nThreads
  }

  setContext(context: JobContext): void {
    this.#context = context
    this.#number = null
  }

  async run<T extends LoadTask>(
    tasks: readonly T[], onDone?: (done: number) => void,
  ): Promise<TaskResults[T['kind']][]> {
    if (tasks.length === 0) return []
    assert(this.#context !== null, 'tasks have a context')
    const { sources, firstSource } = this.#sources
    const context = this.#number ??= this.#book.addContext({ sources, body: this.#context })
    const planned = tasks.map((task) => ({
      context,
      source: task.kind === 'merge' ? null : firstSource + task.partitionIdx,
      body: { kind: 'load' as const, task },
    }))
    const results = await this.#book.run(planned, onDone)
    return results.map((result, i) => resultOf(tasks[i]!, result))
  }
}

/** The kind of a result is seen from its form, which was checked when it came in. */
function resultOf<T extends LoadTask>(task: T, answer: TaskResult): TaskResults[T['kind']] {
  if (answer.kind === 'load' && kindsOf(answer.result).includes(task.kind)) {
    return answer.result as TaskResults[T['kind']]
  }
  throw new CoppiceError('INTERNAL',
    `internal error: a worker answered a "${task.kind}" task with the result of another kind`)
}

function kindsOf(result: TaskResults[LoadTask['kind']]): readonly LoadTask['kind'][] {
  if (result === null) return ['parse']
  if (typeof result === 'string') return ['hash']
  if (Array.isArray(result)) return ['types']
  if ('plan' in result) return ['plan']
  if ('predictions' in result) return ['predict']
  return 'types' in result ? ['scan'] : ['merge']
}
