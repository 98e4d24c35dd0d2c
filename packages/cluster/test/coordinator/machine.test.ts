import assert from 'node:assert/strict'
import type { CoordinatorEffect, CoordinatorEvent, TrainOrder }
  from '../../src/coordinator/events.js'
import { CoordinatorMachine } from '../../src/coordinator/machine.js'
import type { FromWorker, Hello, WorkerState } from '../../src/protocol/messages.js'

const idle: WorkerState = {
  job: null, view: 0, hasSetup: false, iteration: 0, nRequests: 0, digest: '', mark: '', stores: [],
  tasks: [], isDraining: false, rssBytes: 0,
}

function helloOf(worker: string): Hello {
  return {
    type: 'hello', protocol: 1, build: 'b', worker, incarnation: worker, nThreads: 1,
    memoryBytes: 1e9, state: idle,
  }
}

/** A training that waits for its rows. */
function orderOf(nPartitions: number): TrainOrder {
  return {
    recipes: [], sources: [], shape: { objective: 'regression', nClasses: 0, nOutputs: 1 },
    infos: null,
    partitions: Array.from({ length: nPartitions }, (_, p) =>
      ({ name: `part-${p}`, dataset: 0, nRows: 10, weight: 10, source: null })),
    makeTrainer: () => assert.fail('nothing is loaded'),
  }
}

function storesIn(effects: readonly CoordinatorEffect[]): number[] {
  return effects.flatMap((effect) =>
    (effect.kind === 'send' && effect.message.type === 'hold' ? effect.message.stores : []))
    .map(({ store }) => store)
}

/** Links to which tasks are sent. */
function tasksIn(effects: readonly CoordinatorEffect[]): number[] {
  return effects.flatMap((effect) =>
    (effect.kind === 'send' && effect.message.type === 'task' ? [effect.link] : []))
}

function errorsIn(effects: readonly CoordinatorEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'failed' || effect.kind === 'task-error'
    ? [`${effect.error.code} ${effect.error.message}`] : []))
}

/** A coordinator whose workers are in; link i is that of the i-th. */
class Driven {
  readonly machine: CoordinatorMachine
  #now = 0

  constructor(workers: readonly string[], minWorkers = 1) {
    this.machine = new CoordinatorMachine({
      build: 'b', term: 3, heartbeatMs: 500, leaseMs: 3000, graceMs: 300, minWorkers,
      lastCallMs: 0, stallMs: Infinity, makeReducer: () => assert.fail('nothing is trained'),
      vigilance: { hangWarnMs: 2000, hangTimeoutMs: 5000 },
    })
    for (const [link, worker] of workers.entries()) this.hear(link, helloOf(worker))
  }

  step(event: CoordinatorEvent): CoordinatorEffect[] {
    return this.machine.step(event, this.#now)
  }

  hear(link: number, message: FromWorker): CoordinatorEffect[] {
    return this.step({ kind: 'message', link, message })
  }

  /** Time passes in which all workers live. */
  wait(
    ms: number, links: readonly number[], stateOf: (link: number) => WorkerState,
  ): CoordinatorEffect[] {
    const effects: CoordinatorEffect[] = []
    for (const end = this.#now + ms; this.#now < end;) {
      this.#now += 100
      for (const link of links) {
        effects.push(...this.hear(link, { type: 'beat', state: stateOf(link) }))
      }
      effects.push(...this.step({ kind: 'tick' }))
    }
    return effects
  }

  /** Its connection breaks, and the grace period passes. */
  lose(link: number): CoordinatorEffect[] {
    this.step({ kind: 'closed', link, reason: 'reset' })
    this.#now += 400
    return this.step({ kind: 'tick' })
  }
}

describe('CoordinatorMachine', () => {
  it('gives stores other ids in every run of a job: workers may hold those of the last', () => {
    const machine = new Driven(['w1', 'w2'])
    const ids: number[] = []
    for (let run = 0; run < 3; run++) {
      machine.step({ kind: 'job', job: 'again' })
      const given = storesIn(machine.step({ kind: 'train', order: orderOf(4) }))
      assert.equal(given.length, 2)
      ids.push(...given)
      machine.step({ kind: 'cancel' })
    }
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.every((id) => id > 3_000_000 && id < 4_000_000))
  })

  it('ends a job for which a worker sees another file, whoever was to hold it', () => {
    const coordinator = new Driven(['w1', 'w2'])
    coordinator.step({ kind: 'job', job: 'a' })
    const [store] = storesIn(coordinator.step({ kind: 'train', order: orderOf(4) }))
    const own = coordinator.machine.training!.board.get(store!)!
    const partition = [0, 1, 2, 3].find((p) => !own.partitions.includes(p))!
    const effects = coordinator.hear(0, {
      type: 'store-failed', job: 'a', store: store!, partition, isFinal: true,
      error: { code: 'DATA', message: 'x has 1 bytes on worker w1, but had 2' },
    })
    assert.deepEqual(errorsIn(effects),
      ['DATA x has 1 bytes on worker w1, but had 2 (tried by w1)'])
    assert.equal(coordinator.machine.job, null)
  })

  const unreadable = { code: 'IO', message: 'cannot read the file' } as const

  it('asks again who could not load a partition when the other one who could have is gone', () => {
    const coordinator = new Driven(['w1', 'w2'])
    coordinator.step({ kind: 'job', job: 'a' })
    const [store] = storesIn(coordinator.step({ kind: 'train', order: orderOf(2) }))
    const fails = (id: number): CoordinatorEffect[] => coordinator.hear(0, {
      type: 'store-failed', job: 'a', store: id, partition: 0, isFinal: false,
      error: unreadable,
    })
    assert.equal(storesIn(fails(store!)).length, 2)
    coordinator.lose(1)
    assert.deepEqual(coordinator.machine.training!.board.orphans(), [])
    const holder = coordinator.machine.training!.board.stores('active')
      .find(({ partitions }) => partitions.includes(0))!
    assert.deepEqual(errorsIn(fails(holder.id)), ['IO cannot read the file (on worker w1; paths ' +
      'are those of the workers)'])
    assert.equal(coordinator.machine.job, null)
  })

  it('asks again who could not do a task when the other one who could have is gone', () => {
    const coordinator = new Driven(['w1', 'w2'])
    coordinator.step({ kind: 'job', job: 'a' })
    const tasks = [{ task: 1, context: 0, source: null,
      body: { kind: 'resolve' as const, inputs: [], format: null } }]
    coordinator.step({ kind: 'tasks', tasks })
    const fails = (): CoordinatorEffect[] => coordinator.hear(0,
      { type: 'task-failed', job: 'a', task: 1, isFinal: false, error: unreadable })
    assert.deepEqual(tasksIn(fails()), [1])
    assert.deepEqual(tasksIn(coordinator.lose(1)), [0])
    assert.deepEqual(errorsIn(fails()), ['IO cannot read the file (on worker w1; paths are ' +
      'those of the workers)'])
  })

  it('ends a task at once that no worker can do, with the cause that is the same for all', () => {
    const coordinator = new Driven(['w1', 'w2', 'w3'])
    coordinator.step({ kind: 'job', job: 'a' })
    const tasks = [1, 2].map((task) => ({ task, context: 0, source: null,
      body: { kind: 'resolve' as const, inputs: [], format: null } }))
    coordinator.step({ kind: 'tasks', tasks })
    const fails = (task: number, link: number, message: string, isFinal: boolean) =>
      errorsIn(coordinator.hear(link, {
        type: 'task-failed', job: 'a', task, isFinal, error: { code: 'IO', message },
      }))
    const gone = 'cannot read https://h/x: 404'
    assert.deepEqual(fails(1, 0, gone, true), [`IO ${gone} (on worker w1)`])
    assert.deepEqual(fails(2, 0, 'cannot read https://h/x: timeout', false), [])
    assert.deepEqual(fails(2, 1, gone, true), [`IO ${gone} (on worker w2)`])
  })

  it('ends a training at once whose partition no worker can load', () => {
    const coordinator = new Driven(['w1', 'w2', 'w3'])
    coordinator.step({ kind: 'job', job: 'a' })
    const [store] = storesIn(coordinator.step({ kind: 'train', order: orderOf(3) }))
    const [partition] = coordinator.machine.training!.board.get(store!)!.partitions
    const effects = coordinator.hear(0, {
      type: 'store-failed', job: 'a', store: store!, partition: partition!, isFinal: true,
      error: { code: 'IO', message: 'cannot read https://h/x: 410' },
    })
    assert.deepEqual(errorsIn(effects), ['IO cannot read https://h/x: 410 (on worker w1)'])
    assert.equal(coordinator.machine.job, null)
  })

  it('names all workers that could not read, and says of paths whose they are', () => {
    const cases = [
      ['cannot read /x', 'IO cannot read /x (on workers w1, w2; paths are those of the workers)'],
      ['cannot read https://h/x: 404', 'IO cannot read https://h/x: 404 (on workers w1, w2)'],
    ] as const
    for (const [message, told] of cases) {
      const coordinator = new Driven(['w1', 'w2'])
      coordinator.step({ kind: 'job', job: 'a' })
      coordinator.step({ kind: 'tasks', tasks: [{ task: 1, context: 0, source: null,
        body: { kind: 'resolve', inputs: [], format: null } }] })
      const fails = (link: number): string[] => errorsIn(coordinator.hear(link, {
        type: 'task-failed', job: 'a', task: 1, isFinal: false, error: { code: 'IO', message },
      }))
      assert.deepEqual([fails(0), fails(1)], [[], [told]])
    }
  })

  describe('workers that cannot go on', () => {
    const tasks = [1, 2].map((task) => ({ task, context: 0, source: null,
      body: { kind: 'resolve' as const, inputs: ['a.csv'], format: null } }))
    const reason = 'it cannot understand what the coordinator sent: message "task": no'

    /** Both come and complain in turn. */
    function complain(coordinator: Driven, nTimes: number, text = reason): string[] {
      for (let times = 0; times < nTimes; times++) {
        const link = times % 2
        coordinator.hear(link, helloOf(`w${link}`))
        const effects = coordinator.hear(link, { type: 'broken', reason: text })
        coordinator.step({ kind: 'closed', link, reason: 'closed (1002)' })
        const errors = errorsIn(effects)
        if (errors.length > 0) return [`${times + 1}`, ...errors]
      }
      return []
    }

    it('end the job when they say the same again and again and nothing is done', () => {
      const coordinator = new Driven(['w0', 'w1'])
      coordinator.step({ kind: 'job', job: 'a' })
      coordinator.step({ kind: 'tasks', tasks })
      assert.deepEqual(complain(coordinator, 10), ['5', 'INTERNAL 5 times in a row a worker ' +
        'could not go on while the data were surveyed (w0, w1), with nothing done in between: ' +
        `${reason}; the journal keeps what was trained`])
      assert.equal(coordinator.machine.job, null)
    })

    it('do not when something is done in between, or they say other things', () => {
      const coordinator = new Driven(['w0', 'w1'])
      coordinator.step({ kind: 'job', job: 'a' })
      coordinator.step({ kind: 'tasks', tasks })
      assert.deepEqual(complain(coordinator, 4), [])
      coordinator.hear(0, helloOf('w0'))
      coordinator.hear(0, { type: 'task-done', job: 'a', task: 1,
        result: { kind: 'resolve', partitions: [] } })
      assert.deepEqual(complain(coordinator, 4), [])
      assert.deepEqual(complain(coordinator, 4, 'another reason'), [])
      assert.deepEqual(complain(coordinator, 1).slice(0, 1), ['1'])
    })

    it('are told of with their own words when they are lost', () => {
      const coordinator = new Driven(['w0'])
      const told = coordinator.hear(0, { type: 'broken', reason })
      assert.ok(told.some((effect) => effect.kind === 'notice' &&
        effect.text === `worker w0 cannot go on: ${reason}`))
      assert.ok(coordinator.lose(0).some((effect) => effect.kind === 'notice' &&
        effect.text === `worker w0 lost: ${reason}`))
    })
  })

  describe('the least number of workers', () => {
    /** Who holds partitions. */
    function holders({ machine }: Driven): string[] {
      return [...new Set(machine.training!.board.stores('active').map(({ worker }) => worker))]
        .sort()
    }

    it('is waited for before a training begins, and not after', () => {
      const coordinator = new Driven(['w0', 'w1'], 3)
      coordinator.step({ kind: 'job', job: 'a' })
      coordinator.step({ kind: 'train', order: orderOf(6) })
      coordinator.step({ kind: 'tick' })
      assert.deepEqual(holders(coordinator), [])
      coordinator.hear(2, helloOf('w2'))
      coordinator.step({ kind: 'tick' })
      assert.deepEqual(holders(coordinator), ['w0', 'w1', 'w2'])
      coordinator.lose(0)
      assert.deepEqual(holders(coordinator), ['w1', 'w2'])
      coordinator.lose(1)
      assert.deepEqual(holders(coordinator), ['w2'])
      assert.deepEqual(coordinator.machine.training!.board.orphans(), [])
      // the next job begins anew
      coordinator.step({ kind: 'cancel' })
      coordinator.step({ kind: 'job', job: 'b' })
      coordinator.step({ kind: 'train', order: orderOf(6) })
      coordinator.step({ kind: 'tick' })
      assert.deepEqual(holders(coordinator), [])
    })
  })

  it('tells of a worker that lives and does not read, and has others do it in the end', () => {
    const coordinator = new Driven(['w0', 'w1'])
    coordinator.step({ kind: 'job', job: 'a' })
    const body = { kind: 'resolve' as const, inputs: [], format: null }
    const [first, second] = tasksIn(coordinator.step({ kind: 'tasks', tasks: [1, 2].map((task) =>
      ({ task, context: 0, source: null, body })) }))
    assert.deepEqual(new Set([first, second]), new Set([0, 1]))
    // the one that got the second task does it
    coordinator.hear(second!,
      { type: 'task-done', job: 'a', task: 2, result: { kind: 'resolve', partitions: [] } })
    const effects = coordinator.wait(6000, [0, 1], (link) =>
      ({ ...idle, job: 'a', tasks: link === first ? [1] : [] }))
    assert.deepEqual(effects.flatMap((effect) => effect.kind === 'notice' ? [effect.text] : []), [
      `waiting for over 2 s for w${first} to read`, `waiting for over 2 s for w${first} to read`,
      `w${first} have not answered for 5 s; others try`,
    ])
    assert.deepEqual(tasksIn(effects), [second])
  })

  describe('a worker that breaks off while it reads', () => {
    const tasks = [{ task: 1, context: 0, source: null,
      body: { kind: 'resolve' as const, inputs: ['a.csv'], format: null } }]

    /** Loses the worker again and again while it holds a store, or has a task, of its own. */
    function loseAgain(isSameProcess: boolean, isTask: boolean): string[] {
      const coordinator = new Driven([])
      coordinator.step({ kind: 'job', job: 'a' })
      coordinator.step(isTask ? { kind: 'tasks', tasks } : { kind: 'train', order: orderOf(1) })
      for (let times = 1; times <= 20; times++) {
        const incarnation = isSameProcess ? 'same' : `${times}`
        coordinator.hear(times, { ...helloOf('w1'), incarnation })
        coordinator.step({ kind: 'tick' })
        const errors = errorsIn(coordinator.lose(times))
        if (errors.length > 0) return [`${times}`, ...errors]
      }
      return []
    }

    for (const isTask of [false, true]) {
      const what = isTask ? 'task' : 'partition'

      it(`ends the job when one process after the other died of the ${what}`, () => {
        const [times, error] = loseAgain(false, isTask)
        assert.equal(times, '5')
        assert.match(error!, /^MEMORY 5 workers in a row were lost while they (read a.csv|loaded)/)
      })

      it(`is not dead when the same process comes back for the ${what}`, () => {
        assert.deepEqual(loseAgain(true, isTask), [])
      })
    }
  })
})
