import assert from 'node:assert/strict'
import type { TrainingEvent } from '@coppice/engine'
import { PhaseTimes } from '../src/training/phase-times.js'

describe('PhaseTimes', () => {
  it('gives every millisecond to one part, of several data sets together', () => {
    let now = 1000
    const phases = new PhaseTimes(() => now)
    const after = (ms: number, tell: () => void): void => {
      now += ms
      tell()
    }
    for (const factor of [1, 100]) {
      after(0, () => phases.onDataset())
      after(factor, () => phases.onLoad({ phase: 'plan', done: 1, total: 1 }))
      after(2 * factor, () => phases.onLoad({ phase: 'scan', done: 1, total: 2 }))
      after(3 * factor, () => phases.onLoad({ phase: 'scan', done: 2, total: 2 }))
      after(4 * factor, () => phases.onLoad({ phase: 'bin', done: 1, total: 1 }))
    }
    after(10_000, () => phases.onEvent({ kind: 'started' } as TrainingEvent))
    after(20_000, () => phases.onEvent({ kind: 'stopped' } as TrainingEvent))
    now += 30_000
    const times = phases.times()
    assert.deepEqual(times, { readMs: 606, binMs: 10_404, trainMs: 50_000 })
    assert.equal(times.readMs + times.binMs + times.trainMs, now - 1000)
    assert.deepEqual(phases.times(), times)
  })
})
