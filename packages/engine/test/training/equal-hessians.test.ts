import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { train } from '../../src/training/train.js'
import { digest } from '../support/trainings.js'

/**
 * Where all hessians are equal, histograms are summed in cells of half the size; weights that are
 * all 1 change nothing but that.
 */
describe('trainings whose hessians are equal', () => {
  const shapes = [[6, 200], [28, 250], [150, 60], [9, 300]] as const
  for (const [nFeatures, bins] of shapes) {
    it(`have the trees of whole cells: ${nFeatures} features of ${bins} bins`, async () => {
      const { data } = makeDataset({
        seed: nFeatures, nRows: 5000, label: 'regression',
        features: Array.from({ length: nFeatures }, () => ({ kind: 'numeric', bins })),
      })
      const weighted = { ...data, weight: new Float64Array(5000).fill(1) }
      for (const own of [
        { objective: 'regression' }, { objective: 'huber', boosting: 'dart' },
        { objective: 'regression', boosting: 'rf', baggingFraction: 0.6, baggingFreq: 1 },
      ]) {
        const params = { ...own, numIterations: 3, numLeaves: 20, minDataInLeaf: 3 }
        const half = await train({ params, train: data }, new InlineExecutor())
        const whole = await train({ params, train: weighted }, new InlineExecutor())
        assert.ok(half.model.trees.length === 3)
        assert.equal(digest(half.model), digest(whole.model), own.objective)
        const threads = await train({ params, train: data }, new ThreadExecutor(2))
        assert.equal(digest(half.model), digest(threads.model), own.objective)
      }
    })
  }
})
