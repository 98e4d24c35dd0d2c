import assert from 'node:assert/strict'
import { makeDataset, TestRandom } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { STRIPE_ROWS } from '../../src/execution/row-dealing.js'
import { Booster } from '../../src/training/iteration.js'
import { Lockstep } from '../support/lockstep.js'
import { trainWatched } from '../support/trainings.js'

const POOL_BYTES = 2 ** 30

/**
 * 24 features of 120 bins. Those from 12 on are mostly 0; of the rows of the first engine never two
 * in the same row, so that it bundles what the others cannot.
 */
function dataset(
  nRows: number, nEngines: number, label: 'binary' | 'regression',
): BinnedDataset {
  const { data } = makeDataset({
    seed: 31, nRows, label,
    features: Array.from({ length: 24 }, () => ({ kind: 'numeric', bins: 120 })),
  })
  const random = new TestRandom(7)
  const bins = Uint8Array.from(data.blocks[0]!.bins)
  for (let row = 0; row < nRows; row++) {
    const kept = 12 + random.below(12)
    for (let f = 12; f < 24; f++) {
      const isOff = Math.floor(row / STRIPE_ROWS) % nEngines === 0
        ? f === kept && row % 3 > 0
        : random.below(20) === 0
      if (!isOff) bins[row * 24 + f] = 60
    }
  }
  return { ...data, blocks: [{ ...data.blocks[0]!, bins }] }
}

const params = { objective: 'binary', numIterations: 1, numLeaves: 40, minDataInLeaf: 3 }

describe('rows of small leaves between threads', () => {
  // with hessians that differ and with equal ones, for which there are half cells
  for (const [nEngines, objective] of [
    [2, 'binary'], [3, 'binary'], [3, 'regression'], [7, 'binary'], [7, 'regression'],
  ] as const) {
    it(`gives the trees of one engine, with rows, sums and both: ${nEngines} engines, ${objective}`,
    async () => {
      const train = dataset(STRIPE_ROWS * 4 + 77, nEngines, objective)
      const { watched } = await trainWatched(
        { params: { ...params, objective }, train }, new InlineExecutor())
      const job = watched.job!
      const engines = new Lockstep(job, nEngines, POOL_BYTES)
      const record = engines.run(new Booster(job.plan).iterate(0, false))
      assert.deepEqual(
        record.trees.map(({ binned }) => binned),
        watched.records[0]!.trees.map(({ binned }) => binned))
      // the first engine has bundled its rows and hands over sums
      const { rows, mixed } = engines.handedOver
      assert.equal(rows, 0)
      assert.ok(mixed > 10, `${mixed} mixed`)
    })
  }

  /** Records, sides apart from the bins, tiles that shares cut, bins of two bytes among others. */
  const shapes = [[10, 200], [6, 200], [150, 200], [9, 300], [150, 300]] as const
  for (const [i, [nFeatures, most]] of shapes.entries()) {
    it(`hands over all small leaves without bundles: ${nFeatures} features of ${most} bins`,
      async () => {
        await checkAllRows(nFeatures, most, 'regression')
        if (i < 2) await checkAllRows(nFeatures, most, 'fair')
      })
  }

  const checkAllRows = async (
    nFeatures: number, most: number, objective: 'regression' | 'fair',
  ): Promise<void> => {
    const { data } = makeDataset({
      seed: 32, nRows: STRIPE_ROWS * 3, label: 'regression',
      features: Array.from({ length: nFeatures }, (_, f) =>
        ({ kind: 'numeric', bins: f % 3 === 0 ? most : 200 })),
    })
    const { watched } = await trainWatched(
      { params: { ...params, objective }, train: data }, new InlineExecutor())
    const job = watched.job!
    const engines = new Lockstep(job, 3, POOL_BYTES)
    const record = engines.run(new Booster(job.plan).iterate(0, false))
    assert.deepEqual(
      record.trees.map(({ binned }) => binned),
      watched.records[0]!.trees.map(({ binned }) => binned))
    const { rows, sums } = engines.handedOver
    assert.ok(rows > 20 && sums > 0, `${rows} of rows, ${sums} of sums`)
  }
})
