import assert from 'node:assert/strict'
import type { CoordinatorEffect, TrainOrder } from '../../src/coordinator/events.js'
import { CoordinatorMachine } from '../../src/coordinator/machine.js'
import type { Hello, WorkerState } from '../../src/protocol/messages.js'

const idle: WorkerState = {
  job: null, view: 0, hasSetup: false, iteration: 0, nRequests: 0, digest: '', stores: [],
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

describe('CoordinatorMachine', () => {
  it('gives stores other ids in every run of a job: workers may hold those of the last', () => {
    const machine = new CoordinatorMachine({
      build: 'b', term: 3, heartbeatMs: 500, leaseMs: 3000, graceMs: 300, minWorkers: 1,
      lastCallMs: 0, stallMs: Infinity, makeReducer: () => assert.fail('nothing is trained'),
    })
    for (const [link, worker] of ['w1', 'w2'].entries()) {
      machine.step({ kind: 'message', link, message: helloOf(worker) }, 0)
    }
    const ids: number[] = []
    for (let run = 0; run < 3; run++) {
      machine.step({ kind: 'job', job: 'again' }, 0)
      const given = storesIn(machine.step({ kind: 'train', order: orderOf(4) }, 0))
      assert.equal(given.length, 2)
      ids.push(...given)
      machine.step({ kind: 'cancel' }, 0)
    }
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.every((id) => id > 3_000_000 && id < 4_000_000))
  })
})
