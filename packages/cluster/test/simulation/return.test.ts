import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { defaultVigilance } from '../../src/coordinator/vigilance.js'
import { problemCount, problemOf } from './problem.js'
import { quiet } from './quiet.js'
import { World } from './world.js'

describe('workers that are all cut off for longer than their lease', () => {
  it('come back to the rows that they hold, wherever the training is', async () => {
    let nCut = 0
    let nStarted = 0
    for (let seed = 1; seed <= 30; seed++) {
      const random = new TestRandom(seed)
      const problem = await problemOf(random.below(problemCount))
      const world = new World(seed, {
        ...quiet, nWorkers: 4, minWorkers: 4, isOrdered: random.below(2) === 0,
        latency: random.pick([0.1, 5, 40]), computeMs: random.pick([2, 20, 60]),
        // they dial again and again, with up to 5 s in between
        lastCallMs: random.pick([300, 1000]), calmAt: 300_000,
        vigilance: { ...defaultVigilance, auditEvery: 0, slowRatio: 0 },
      }, problem, null, null)
      const cut = (): void => {
        if (world.isDone) return
        nCut++
        nStarted += Number(world.disk.iterations.length > 0)
        const forMs = random.pick([quiet.leaseMs + 500 + random.below(3000), 10_000])
        for (const worker of world.workers) worker.cut(forMs, true, true)
      }
      const cutAfter = random.below(1500)
      const watch = (): void => {
        if (world.nLoads > 0) world.clock.after(cutAfter, cut)
        else world.clock.after(10, watch)
      }
      watch()
      assert.equal(world.run().failure, null, `seed ${seed}`)
      assert.equal(world.nLoads, problem.partitions.length, `seed ${seed}`)
    }
    // witnesses
    assert.ok(nCut > 12 && nStarted > 6, `${nCut} were cut off, ${nStarted} had trees`)
  })
})
