import assert from 'node:assert/strict'
import type { CoordinatorEffect, CoordinatorEvent } from '../../src/coordinator/events.js'
import { CoordinatorMachine } from '../../src/coordinator/machine.js'
import { RETURN_MS } from '../../src/coordinator/muster.js'
import type { WorkerState } from '../../src/protocol/messages.js'

const idle: WorkerState = {
  job: null, view: 0, hasSetup: false, iteration: 0, nRequests: 0, digest: '', mark: '', stores: [],
  tasks: [], isDraining: false, rssBytes: 0,
}
const names = ['w0', 'w1', 'w2', 'w3']
const lastCallMs = 1000

/** Four workers that have loaded four partitions each, of a job that needs all four to begin. */
class Mustered {
  readonly machine = new CoordinatorMachine({
    build: 'b', term: 3, heartbeatMs: 500, leaseMs: 3000, graceMs: 300, minWorkers: 4, lastCallMs,
    stallMs: Infinity, makeReducer: () => assert.fail('nothing is trained'),
  })
  /** What each of them has. */
  readonly states = new Map<string, WorkerState>()
  #now = 0
  #link = 0

  constructor() {
    for (const name of names) this.come(name, idle)
    this.pass(lastCallMs)
    this.step({ kind: 'job', job: 'a' })
    this.step({ kind: 'train', order: {
      recipes: [], sources: [], shape: { objective: 'regression', nClasses: 0, nOutputs: 1 },
      infos: null,
      partitions: Array.from({ length: 16 }, (_, p) =>
        ({ name: `part-${p}`, dataset: 0, nRows: 10, weight: 10, source: null })),
      makeTrainer: () => assert.fail('not all is said to be loaded'),
    } })
    for (const name of names) {
      this.states.set(name, { ...idle, job: 'a', stores: this.#board.heldBy(name)
        .map(({ id, partitions }) => ({ store: id, partitions, phase: 'loaded' as const,
          iteration: 0, nRequests: 0, hasAnswered: false })) })
    }
  }

  get #board() {
    return this.machine.training!.board
  }

  step(event: CoordinatorEvent): CoordinatorEffect[] {
    return this.machine.step(event, this.#now)
  }

  pass(ms: number): CoordinatorEffect[] {
    this.#now += ms
    return this.step({ kind: 'tick' })
  }

  /** @returns the stores that it is told to hold */
  come(worker: string, state = this.states.get(worker)!): number[] {
    const effects = this.step({ kind: 'message', link: this.#link++, message: {
      type: 'hello', protocol: 1, build: 'b', worker, incarnation: worker, nThreads: 1,
      memoryBytes: 1e9, state,
    } })
    return effects.flatMap((effect) => effect.kind === 'send' && effect.message.type === 'hold'
      ? effect.message.stores.map(({ store }) => store) : [])
  }

  linkOf(worker: string): number {
    return this.machine.members.find(({ name }) => name === worker)!.link!
  }

  beat(worker: string): void {
    this.step({ kind: 'message', link: this.linkOf(worker),
      message: { type: 'beat', state: this.states.get(worker)! } })
  }

  /** The connections of all break. */
  breakAll(): void {
    for (const { link } of this.machine.members) {
      if (link !== null) this.step({ kind: 'closed', link, reason: 'reset' })
    }
  }

  /** Ids of the stores of a worker. */
  heldBy(worker: string): number[] {
    return this.#board.heldBy(worker).map(({ id }) => id)
  }

  get nOrphans(): number {
    return this.#board.orphans().length
  }

  /** Ids of the stores that a worker has. */
  hasLoaded(worker: string): number[] {
    return this.states.get(worker)!.stores.map(({ store }) => store)
  }
}

describe('workers that were all lost', () => {
  let cluster: Mustered
  beforeEach(() => {
    cluster = new Mustered()
    assert.equal(cluster.nOrphans, 0)
  })

  /** They come one after the other, and are told to hold what they have. */
  function allComeBack(): void {
    for (const name of names) {
      cluster.pass(0.6 * lastCallMs)
      assert.deepEqual(cluster.come(name), cluster.hasLoaded(name), name)
    }
    assert.equal(cluster.nOrphans, 0)
    cluster.pass(lastCallMs)
    for (const name of names) assert.deepEqual(cluster.heldBy(name), cluster.hasLoaded(name), name)
  }

  it('come back to what they hold, when nothing was heard of them for a lease', () => {
    cluster.pass(4000)
    assert.equal(cluster.machine.members.length, 0)
    assert.equal(cluster.nOrphans, 16)
    allComeBack()
  })

  it('come back to what they hold, when their connections broke', () => {
    cluster.breakAll()
    allComeBack()
  })

  it('come back to what they hold, when one was only cut off for a moment', () => {
    cluster.breakAll()
    cluster.pass(200)
    assert.deepEqual(cluster.come('w2'), cluster.hasLoaded('w2'))
    cluster.pass(200)
    assert.equal(cluster.machine.members.length, 1)
    for (const name of ['w3', 'w0', 'w1']) {
      assert.deepEqual(cluster.come(name), cluster.hasLoaded(name), name)
    }
    assert.equal(cluster.nOrphans, 0)
  })

  it('come back to what they hold within five seconds of each other', () => {
    cluster.breakAll()
    cluster.pass(10_000)
    for (const name of names) {
      assert.deepEqual(cluster.come(name), cluster.hasLoaded(name), name)
      for (const other of names.slice(0, names.indexOf(name))) cluster.beat(other)
      if (name !== 'w3') cluster.pass(5000 / 3)
    }
    assert.equal(cluster.nOrphans, 0)
  })

  it('are waited for so long and no longer: whoever is back does the work', () => {
    cluster.breakAll()
    cluster.pass(5000)
    assert.deepEqual(cluster.come('w1'), cluster.hasLoaded('w1'))
    cluster.pass(2500)
    cluster.beat('w1')
    cluster.pass(RETURN_MS - 2500 - 100)
    assert.equal(cluster.nOrphans, 12)
    cluster.beat('w1')
    cluster.come('w3')
    cluster.pass(lastCallMs - 1)
    assert.equal(cluster.nOrphans, 8, 'the last call is one still')
    cluster.pass(1)
    assert.equal(cluster.nOrphans, 0)
    assert.deepEqual(cluster.heldBy('w0'), [])
    for (const name of ['w1', 'w3']) {
      assert.deepEqual(cluster.heldBy(name).slice(0, 1), cluster.hasLoaded(name))
    }
    assert.deepEqual(cluster.come('w0'), [], 'too late')
  })

  it('are waited for no longer when all are back, whatever process they are', () => {
    cluster.breakAll()
    cluster.pass(5000)
    for (const name of names) cluster.come(name, name === 'w2' ? idle : cluster.states.get(name)!)
    assert.equal(cluster.nOrphans, 4)
    cluster.pass(lastCallMs)
    assert.equal(cluster.nOrphans, 0)
  })

  it('are not waited for anew whenever one comes and goes', () => {
    cluster.breakAll()
    cluster.pass(5000)
    for (let times = 0; times < 4; times++) {
      cluster.come('w1')
      cluster.pass(lastCallMs + 1)
      assert.equal(cluster.nOrphans, 12)
      cluster.breakAll()
      cluster.pass(301)
    }
    cluster.come('w1')
    cluster.pass(lastCallMs)
    assert.equal(cluster.nOrphans, 0)
  })

  it('are not waited for where their rows were given to others before', () => {
    const left = names.slice(1)
    cluster.step({ kind: 'closed', link: cluster.linkOf('w0'), reason: 'reset' })
    cluster.pass(300)
    assert.equal(cluster.nOrphans, 0)
    for (let times = 0; times < 2; times++) {
      for (const name of left) cluster.beat(name)
      cluster.pass(2000)
    }
    cluster.breakAll()
    cluster.pass(5000)
    assert.equal(cluster.nOrphans, 16)
    for (const name of left) cluster.come(name)
    cluster.pass(lastCallMs)
    assert.equal(cluster.nOrphans, 0)
  })

  it('are not waited for while somebody is left', () => {
    for (const { name, link } of cluster.machine.members) {
      if (name !== 'w0') cluster.step({ kind: 'closed', link: link!, reason: 'reset' })
    }
    cluster.pass(300)
    assert.equal(cluster.nOrphans, 0)
    assert.ok(cluster.heldBy('w0').length > 1)
  })
})
