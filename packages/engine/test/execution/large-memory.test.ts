import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { Arena } from '../../src/kernels/arena.js'
import { Booster } from '../../src/training/iteration.js'
import { Lockstep } from '../support/lockstep.js'
import { mixedFeatures, trainWatched } from '../support/trainings.js'

/** Offsets from here on are negative as signed numbers of 32 bits. */
const HALF = 2 ** 31

describe('a thread with more than 2 GiB', () => {
  // one record a row; and rows in tiles
  for (const nFeatures of [6, 80]) {
    it(`has the same trees and metrics: ${nFeatures} features`, async () => {
      const features = Array.from({ length: nFeatures }, (_, f) => mixedFeatures[f % 7]!)
      const { data } = makeDataset({
        seed: 21, nRows: 2500, features, label: { classes: 3 }, weights: 'any',
      })
      const params = {
        objective: 'multiclass', numClass: 3, numIterations: 1, numLeaves: 10, speculation: 3,
        baggingFraction: 0.8, baggingFreq: 1, minDataPerGroup: 10, isProvideTrainingMetric: true,
      }
      const evalSets = [{ name: 'valid', data }]
      const options = { params, train: data, evalSets }
      const { watched } = await trainWatched(options, new InlineExecutor())
      const job = watched.job!
      const iterations = [0, HALF].map((below) => {
        const arenas = [new Arena(), new Arena()]
        // not touched, so the system gives no memory for it
        for (const arena of arenas) arena.reserve(below)
        let next = 0
        const engines = new Lockstep(job, arenas.length, Infinity, () => arenas[next++]!)
        const record = engines.run(new Booster(job.plan).iterate(0, true))
        for (const { memory } of arenas) assert.ok(memory.buffer.byteLength > below)
        return record
      })
      assert.equal(iterations[0]!.trees.length, 3)
      assert.equal(iterations[0]!.metricParts.length, 4)
      assert.deepEqual(iterations[1], iterations[0])
    })
  }
})
