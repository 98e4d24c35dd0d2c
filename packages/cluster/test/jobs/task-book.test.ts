import assert from 'node:assert/strict'
import { CoppiceError } from '@coppice/model'
import type { LoadTask } from '@coppice/data'
import type { CoordinatorEvent, TaskOrder } from '../../src/coordinator/events.js'
import { ClusterTaskRunner } from '../../src/jobs/cluster-task-runner.js'
import { type PlannedTask, TaskBook } from '../../src/jobs/task-book.js'
import type { TaskResult } from '../../src/protocol/messages.js'

/** A book whose events are kept. */
function makeBook(): { book: TaskBook, events: CoordinatorEvent[], tasks: () => TaskOrder[] } {
  const events: CoordinatorEvent[] = []
  return {
    book: new TaskBook('job', (event) => events.push(event)),
    events,
    tasks: () => events.flatMap((event) => event.kind === 'tasks' ? [...event.tasks] : []),
  }
}

const look: PlannedTask = {
  context: 0, source: null, body: { kind: 'resolve', inputs: ['/x'], format: null },
}
const result = (uri: string): TaskResult =>
  ({ kind: 'resolve', partitions: [{ uri, format: 'csv', expected: null }] })

describe('TaskBook', () => {
  it('gives results in the order of the tasks, whenever they come', async () => {
    const { book, tasks } = makeBook()
    const done: number[] = []
    const all = book.run([look, look, look], (n) => done.push(n))
    const [first, second, third] = tasks().map(({ task }) => task)
    book.done(third!, result('c'))
    book.done(first!, result('a'))
    book.done(first!, result('again'))
    book.done(second!, result('b'))
    assert.deepEqual(await all, [result('a'), result('b'), result('c')])
    assert.deepEqual(done, [1, 2, 3])
  })

  it('numbers tasks over all calls', async () => {
    const { book, tasks } = makeBook()
    void book.run([look, look])
    void book.run([look])
    assert.deepEqual(tasks().map(({ task }) => task), [1, 2, 3])
  })

  it('rejects with the first error in the order of the tasks', async () => {
    const orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [3, 1, 2, 0]]
    for (const order of orders) {
      const { book, tasks } = makeBook()
      const all = book.run([look, look, look, look])
      let isRejected = false
      all.catch(() => { isRejected = true })
      const numbers = tasks().map(({ task }) => task)
      for (const i of order) {
        // tasks 1 and 3 fail; until 0 and 1 are known, nothing may be said
        if (i % 2 === 0) book.done(numbers[i]!, result('x'))
        else book.failed(numbers[i]!, { code: 'DATA', message: `task ${i}` })
        await Promise.resolve()
        const nKnown = order.indexOf(i) + 1
        const known = new Set(order.slice(0, nKnown))
        assert.equal(isRejected, known.has(0) && known.has(1), `${order.join()} after ${nKnown}`)
      }
      await assert.rejects(all, (error) =>
        error instanceof CoppiceError && error.code === 'DATA' && error.message === 'task 1')
    }
  })

  it('gives up on everything at once', async () => {
    const { book, tasks } = makeBook()
    const open = [book.run([look]), book.run([look])]
    const gone = new CoppiceError('ABORTED', 'gone')
    book.abandon(gone)
    for (const promise of [...open, book.run([look])]) await assert.rejects(promise, gone)
    book.done(tasks()[0]!.task, result('late'))
  })
})

describe('ClusterTaskRunner', () => {
  const context = { textOptions: { header: true, missingValues: [] }, columns: [], partitions: [],
    scan: null, prediction: null } as const
  const sources = { sources: [{ uri: '/a', format: 'csv', expected: null }], firstSource: 5 }
  const plan: LoadTask = { kind: 'plan', partitionIdx: 2 }
  const hash: LoadTask = { kind: 'hash', partitionIdx: 1 }

  it('makes a context known once, and only when a task needs it', async () => {
    const { book, events, tasks } = makeBook()
    const runner = new ClusterTaskRunner(book, sources, 4)
    runner.setContext(context)
    runner.setContext({ ...context, columns: [] })
    assert.deepEqual(events, [])
    void runner.run([hash])
    void runner.run([plan])
    assert.deepEqual(events.map(({ kind }) => kind), ['context', 'tasks', 'tasks'])
    runner.setContext(context)
    void runner.run([plan])
    assert.deepEqual(tasks().map((task) => [task.context, task.source]), [[1, 6], [1, 7], [2, 7]])
  })

  it('refuses a result of another kind than was asked for', async () => {
    const { book, tasks } = makeBook()
    const runner = new ClusterTaskRunner(book, sources, 4)
    runner.setContext(context)
    const right = runner.run([hash])
    book.done(tasks().at(-1)!.task, { kind: 'load', result: 'abc' })
    assert.deepEqual(await right, ['abc'])
    for (const wrong of [{ kind: 'load', result: null } as const, result('x')]) {
      const hashes = runner.run([hash])
      book.done(tasks().at(-1)!.task, wrong)
      await assert.rejects(hashes, /answered a "hash" task with the result of another kind/)
    }
  })
})
