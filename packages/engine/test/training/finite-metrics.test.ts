import assert from 'node:assert/strict'
import type { CoppiceError } from '@coppice/model'
import { makeDataset } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { requireFiniteMetrics } from '../../src/training/finite-metrics.js'
import { train } from '../../src/training/train.js'
import { mixedFeatures } from '../support/trainings.js'

describe('requireFiniteMetrics', () => {
  const of = (value: number) => ({ dataset: 'valid', metric: 'l1', value, higherIsBetter: false })

  it('names metric, data set, value and iteration', () => {
    requireFiniteMetrics([], 1)
    requireFiniteMetrics([of(0), of(-1e308)], 1)
    for (const value of [NaN, Infinity, -Infinity]) {
      assert.throws(() => requireFiniteMetrics([of(1), of(value)], 1), (error: CoppiceError) => {
        assert.equal(error.code, 'DATA')
        assert.ok(error.message.startsWith(
          `metric "l1" of data set "valid" is ${value} after 1 iteration; it must be a finite`))
        return true
      })
      assert.throws(() => requireFiniteMetrics([of(value)], 12), /after 12 iterations; .*leave/)
    }
  })

  it('ends a training at the first iteration of whose rows a metric overflows', async () => {
    const { data } = makeDataset({
      seed: 5, nRows: 300, features: mixedFeatures, label: 'counts', initScore: true,
    })
    const startAt = (score: number): BinnedDataset =>
      ({ ...data, initScore: new Float64Array(data.nRows).fill(score) })
    const run = async (score: number, metricFreq: number): Promise<number> => {
      let n = 0
      await train({
        params: {
          objective: 'poisson', metric: ['l1', 'poisson'], numIterations: 4, metricFreq,
          earlyStoppingRound: 1,
        },
        train: startAt(0),
        evalSets: [{ name: 'near', data: startAt(0) }, { name: 'far', data: startAt(score) }],
        callbacks: [() => { n++ }],
      }, new InlineExecutor())
      return n
    }
    assert.ok(await run(1, 1) > 0)
    await assert.rejects(run(1000, 1),
      /^CoppiceError: metric "l1" of data set "far" is Infinity after 1 iteration;/)
    await assert.rejects(run(1000, 3), /"far" is Infinity after 3 iterations;/)
  })
})
