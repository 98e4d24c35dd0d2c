import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { problemCount, problemOf } from './problem.js'
import { quiet } from './quiet.js'
import { World } from './world.js'

describe('a coordinator that starts again and again in the middle of iterations', () => {
  it('goes on with one worker whose log is longer than the journal', async () => {
    let nLonger = 0
    let nHalf = 0
    for (let seed = 1; seed <= 150; seed++) {
      const random = new TestRandom(seed)
      const isOrdered = random.below(2) === 0
      const problem = await problemOf(random.below(problemCount))
      const world = new World(seed, {
        ...quiet, nWorkers: 1, minWorkers: 1, isOrdered,
        latency: random.pick([0.1, 5, 40]), jitter: random.pick([0, 10]),
        loss: isOrdered ? 0 : 0.05, duplication: isOrdered ? 0 : 0.2,
        computeMs: random.pick([2, 20, 60]), fsyncMs: random.pick([50, 2000]),
      }, problem, null, null)
      let nKills = 0
      world.onHello = ({ state: { iteration, nRequests } }) => {
        nLonger += Number(iteration > world.disk.iterations.length)
        nHalf += Number(nRequests > 1)
        if (++nKills <= 4) {
          world.clock.after(50 + random.below(900), () => world.coordinators[0]!.kill(100))
        }
      }
      assert.equal(world.run().failure, null, `seed ${seed}`)
    }
    // witnesses
    assert.ok(nLonger > 20 && nHalf > 100, `${nLonger} longer logs, ${nHalf} half-built trees`)
  })
})
