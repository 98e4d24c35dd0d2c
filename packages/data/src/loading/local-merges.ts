import { mergeSampledValues } from '@coppice/engine'
import { throwIfAborted } from './inline-runner.js'
import type { LoadTask, TaskResults } from './job.js'
import type { TaskRunner } from './options.js'

/**
 * A runner that merges samples itself and leaves everything else to another: what is merged is
 * here already and would take longer to send than to merge.
 *
 * @param pause - waited for after each merge, to let other events through (setImmediate)
 */
export function withLocalMerges(
  runner: TaskRunner,
  pause: () => Promise<void>,
  signal?: AbortSignal,
): TaskRunner {
  return {
    nThreads: runner.nThreads,
    setContext: (context) => runner.setContext(context),
    async run<T extends LoadTask>(
      tasks: readonly T[],
      onDone?: (done: number) => void,
    ): Promise<TaskResults[T['kind']][]> {
      if (tasks[0]?.kind !== 'merge') return runner.run(tasks, onDone)
      const results: TaskResults['merge'][] = []
      for (const task of tasks as readonly Extract<LoadTask, { kind: 'merge' }>[]) {
        throwIfAborted(signal)
        results.push(mergeSampledValues(task.parts))
        onDone?.(results.length)
        await pause()
      }
      return results as TaskResults[T['kind']][]
    },
  }
}
