import assert from 'node:assert/strict'
import { problemOf } from './problem.js'
import { quiet } from './quiet.js'
import { World } from './world.js'

describe('a request that no worker survives', () => {
  const ends = {
    dies: /^5 workers in a row were lost while they worked at iteration 2 on partition \d \(w/,
    breaks: new RegExp('^5 times in a row a worker could not go on at iteration 2 ' +
      '\\(w0(, w1)?\\), with nothing done in between: it cannot count; the journal'),
  }
  for (const poison of ['dies', 'breaks'] as const) {
    for (const nWorkers of [1, 2]) {
      it(`ends the job: of ${nWorkers} workers each ${poison}`, async () => {
        const world = new World(
          nWorkers, { ...quiet, nWorkers, poison }, await problemOf(quiet.problem), null, null)
        const { failure, endedAt } = world.run()
        assert.match(failure!, ends[poison])
        assert.ok(endedAt < 20_000, `${endedAt} ms`)
        assert.equal(world.disk.iterations.length, 1)
        assert.equal(world.mayResume, true)
      })
    }
  }
})
