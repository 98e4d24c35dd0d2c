/** A runner like that of a coordinator: tasks go to several workers, as messages. */
import assert from 'node:assert/strict'
import { draw } from './sample-table.js'
import type { JobContext, LoadTask, TaskResults } from '../../src/loading/job.js'
import type { TaskRunner } from '../../src/loading/options.js'
import type { PartitionLoader } from '../../src/node/partition-loader.js'

/** Sends each task to some worker, one in four to two of them, and takes the later answer. */
export function wireRunner(workers: readonly PartitionLoader[], seed: number): TaskRunner {
  let contexts: readonly JobContext[] = []
  let nSent = 0
  const send = async <T extends LoadTask>(task: T): Promise<TaskResults[T['kind']]> => {
    const workerIdx = draw(seed, 1, nSent, workers.length)
    const context = contexts[workerIdx]!
    return overWire(await workers[workerIdx]!.runTask(context, overWire(task)))
  }
  return {
    nThreads: 2,
    setContext(context) {
      contexts = workers.map(() => overWire(context))
    },
    async run<T extends LoadTask>(tasks: readonly T[], onDone?: (done: number) => void) {
      let nDone = 0
      const results = tasks.map(async (task) => {
        const isTwice = draw(seed, 2, nSent++, 4) === 0
        const sent = isTwice ? [send(task), send(task)] : [send(task)]
        const answers = await Promise.all(sent)
        for (const answer of answers) assert.deepEqual(answer, answers[0])
        onDone?.(++nDone)
        return answers.at(-1)!
      })
      const settled = await Promise.allSettled(results)
      return settled.map((result) => {
        if (result.status === 'rejected') throw result.reason
        return result.value
      })
    },
  }
}

/** What arrives of a message, which must be plain: no class, map, function or undefined in it. */
export function overWire<T>(message: T): T {
  requirePlain(message, 'message')
  return structuredClone(message)
}

/** Asserts that JSON with typed arrays, NaN and infinities could hold a value. */
export function requirePlain(value: unknown, path: string): void {
  if (value === null || ['number', 'string', 'boolean'].includes(typeof value)) return
  assert.equal(typeof value, 'object', `${path} is ${typeof value}`)
  if (ArrayBuffer.isView(value)) {
    assert.ok(!(value instanceof DataView), path)
    assert.ok(!(value.buffer instanceof SharedArrayBuffer), `${path} is shared`)
    const isWhole = value.byteLength === value.buffer.byteLength
    assert.ok(isWhole || value.buffer.byteLength < 1 << 17, `${path} drags a large buffer along`)
    return
  }
  if (Array.isArray(value)) {
    value.forEach((item, i) => requirePlain(item, `${path}[${i}]`))
    return
  }
  assert.equal(Object.getPrototypeOf(value), Object.prototype, `${path} is of a class`)
  for (const [key, item] of Object.entries(value as object)) requirePlain(item, `${path}.${key}`)
}
