import assert from 'node:assert/strict'
import { encodeRequest } from '@coppice/engine'
import { TreeLog } from '../../src/log/tree-log.js'
import type { Job, Task, ToWorker } from '../../src/protocol/messages.js'
import type { WorkerEffect, WorkerEvent } from '../../src/worker/events.js'
import { WorkerMachine } from '../../src/worker/machine.js'

class Driven {
  readonly machine = new WorkerMachine({
    name: 'w', incarnation: 'i', build: 'b', nThreads: 1, memoryBytes: 1e9,
  })

  constructor() {
    this.step({ kind: 'connected' })
    this.hear({ type: 'welcome', term: 1, heartbeatMs: 500, leaseMs: 3000 })
  }

  step(event: WorkerEvent): WorkerEffect[] {
    return this.machine.step(event, 0)
  }

  hear(message: ToWorker): WorkerEffect[] {
    return this.step({ kind: 'message', message })
  }

  /** A store that is loaded, and its engines being built. */
  openStore(job: string, store: number): WorkerEffect[] {
    this.hear(jobOf(job))
    this.hear({ type: 'hold', job, view: 1, stores: [{ store, partitions: [0], isActive: true }] })
    this.hear({ type: 'setup', job, setup: {} as Extract<ToWorker, { type: 'setup' }>['setup'] })
    return this.step({ kind: 'loaded', job, store, partitions: [] })
  }
}

function jobOf(job: string): Job {
  return {
    type: 'job', job, recipes: [], sources: [],
    shape: { objective: 'regression', nClasses: 0, nOutputs: 1 },
  }
}

function taskOf(job: string, task: number): Task {
  return { type: 'task', job, task, context: 0,
    body: { kind: 'resolve', inputs: [], format: null } }
}

function kinds(effects: readonly WorkerEffect[]): string[] {
  return effects.map((effect) => (effect.kind === 'send' ? effect.message.type
    : effect.kind === 'engine' ? effect.work.kind : effect.kind))
}

const failure = { code: 'ABORTED', message: 'the stores were closed' } as const

describe('WorkerMachine, one job after the other', () => {
  it('does not take the end of a former job\'s engine work for that of this one', () => {
    const driven = new Driven()
    assert.deepEqual(kinds(driven.openStore('a', 7)), ['loaded', 'open'])
    driven.hear({ type: 'finished', job: 'a' })
    assert.deepEqual(kinds(driven.openStore('b', 7)), ['loaded'])
    // what was under way for "a" ends only now; its store is dropped, then that of "b" is opened
    assert.deepEqual(kinds(driven.step({ kind: 'engine-failed', ticket: 1, error: failure })),
      ['drop'])
    assert.equal(driven.machine.state().stores[0]!.phase, 'loaded')
    assert.deepEqual(kinds(driven.step({ kind: 'engine-done', ticket: 2 })),
      ['open'])
    driven.step({ kind: 'engine-done', ticket: 3 })
    assert.equal(driven.machine.state().stores[0]!.phase, 'open')
  })

  it('tells when the engines of its own store fail', () => {
    const driven = new Driven()
    driven.openStore('a', 7)
    assert.deepEqual(kinds(driven.step({ kind: 'engine-failed', ticket: 1, error: failure })),
      ['engine-failed', 'unload'])
  })

  describe('asked for the scores of a partition', () => {
    let driven: Driven
    const log = new TreeLog()
    for (let i = 0; i < 3; i++) log.append([])
    const question = (
      audit: number, iteration: number, partition = 0, trees = log.digestAfter(iteration)!,
    ): ToWorker => ({ type: 'audit', job: 'a', audit, partition, iteration, trees, isHolder: true })
    const ask = (...args: Parameters<typeof question>): string[] =>
      kinds(driven.hear(question(...args)))
    const iterate = (from: number): string[] =>
      kinds(driven.hear({ type: 'trees', job: 'a', from, iterations: [[]] }))
        .filter((kind) => kind !== 'beat')

    beforeEach(() => {
      driven = new Driven()
      driven.openStore('a', 7)
      driven.step({ kind: 'engine-done', ticket: 1 })
    })

    it('gives them once it knows that the iteration is over, before it goes on', () => {
      assert.deepEqual(ask(1, 1), [])
      assert.deepEqual(iterate(0), ['run'])
      assert.deepEqual(iterate(1), [])
      assert.deepEqual(kinds(driven.step({ kind: 'engine-done', ticket: 2 })), ['digest'])
      assert.deepEqual(kinds(driven.step({ kind: 'digest-done', ticket: 3, digest: 'd' })),
        ['audited', 'run'])
    })

    it('says when it has gone on, has no such partition, or other trees', () => {
      iterate(0)
      iterate(1)
      driven.step({ kind: 'engine-done', ticket: 2 })
      driven.step({ kind: 'engine-done', ticket: 3 })
      for (const asked of [
        question(2, 1), question(3, 2, 5), question(4, 2, 0, log.digestAfter(3)!),
      ]) {
        const effects = driven.hear(asked)
        assert.deepEqual(effects.map((effect) => effect.kind === 'send' &&
          effect.message.type === 'audited' && effect.message.digest), [null])
      }
    })

    it('forgets it when its connection is another: who asked may be gone', () => {
      ask(1, 1)
      driven.step({ kind: 'disconnected', reason: 'reset' })
      driven.step({ kind: 'connected' })
      iterate(0)
      assert.deepEqual(kinds(driven.step({ kind: 'engine-done', ticket: 2 })), [])
    })
  })

  it('refuses what asks for something that there is not, and tells why', () => {
    const driven = new Driven()
    driven.hear(jobOf('a'))
    const request = (feature: number): ToWorker => {
      const bits = new Uint8Array(32)
      const body = new Uint8Array(1000)
      const n = encodeRequest({ kind: 'commit', output: 0, leafNodes: null, tree: {
        feature: [feature], leftBins: [bits], leftChild: [-1], rightChild: [-2], leafValue: [1, 2],
      } }, body)
      return { type: 'request', job: 'a', iteration: 0, seq: 0, nBefore: 0, body: body.slice(0, n) }
    }
    assert.deepEqual(kinds(driven.hear(request(3))), ['need'], 'nothing without the setup')
    const layout = { nBins: 8, missingBin: -1, isCategorical: false }
    const limits = { features: [layout, layout], nOutputs: 1, maxLeaves: 4, maxExpansions: 2 }
    driven.hear({ type: 'setup', job: 'a',
      setup: limits as unknown as Extract<ToWorker, { type: 'setup' }>['setup'] })
    const effects = driven.hear(request(3))
    assert.deepEqual(kinds(effects), ['notice', 'broken'])
    assert.match(JSON.stringify(effects), /message \\"request\\": feature 3 is not one of 2/)
    assert.equal(driven.machine.state().nRequests, 0)
    assert.deepEqual(kinds(driven.hear(request(1))), [])
    assert.equal(driven.machine.state().nRequests, 1)
  })

  it('does the tasks of the next job though it did not hear that the one before is over', () => {
    const driven = new Driven()
    assert.deepEqual(kinds(driven.hear(taskOf('a', 1))), ['task'])
    assert.deepEqual(kinds(driven.hear(taskOf('a', 1))), [])
    driven.step({ kind: 'disconnected', reason: 'reset' })
    driven.step({ kind: 'connected' })
    assert.deepEqual(kinds(driven.hear(taskOf('b', 1))), ['task'])
    // the result for "a" is of no more use, and is not taken for that of "b"
    const result = { kind: 'resolve', partitions: [] } as const
    assert.deepEqual(kinds(driven.step({ kind: 'task-done', job: 'a', task: 1, result })), [])
    assert.deepEqual(driven.machine.state().tasks, [1])
    assert.deepEqual(kinds(driven.step({ kind: 'task-done', job: 'b', task: 1, result })),
      ['task-done'])
  })
})
