import assert from 'node:assert/strict'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { InlineStores } from '../../src/execution/inline-stores.js'
import { ReducerPool } from '../../src/threads/index.js'
import { recordIteration, reducerContract } from '../execution/reducer-contract.js'
import { randomDeal, StoresExecutor } from '../execution/stores-executor.js'
import { storesTrainings } from '../execution/stores-trainings.js'
import { digest, trainWatched } from '../support/trainings.js'

for (const nThreads of [1, 2, 3, 9]) {
  // nine threads are more than there are features
  describe(`ReducerPool of ${nThreads} threads`, () => {
    let pool: ReducerPool
    before(async () => { pool = await ReducerPool.open(nThreads) })
    after(() => pool.close())

    reducerContract((setup) => pool.reducer(setup))
  })
}

describe('ReducerPool', () => {
  it('grows the trees of one process', async () => {
    const pool = await ReducerPool.open(3)
    const stores = new InlineStores()
    for (const { options } of storesTrainings) {
      const expected = await trainWatched(options, new InlineExecutor())
      const { model } = await trainWatched(options, new StoresExecutor({
        pools: [stores], deal: randomDeal(2, 8), makeReducer: (setup) => pool.reducer(setup),
      }))
      assert.equal(digest(model), digest(expected.model))
    }
    await pool.close()
  })

  it('refuses a number of threads that is none', async () => {
    for (const n of [0, -1, 1.5, NaN]) {
      await assert.rejects(ReducerPool.open(n), { code: 'PARAMETER' })
    }
  })

  it('is of no use once it is closed', async () => {
    const { setup } = await recordIteration()
    const pool = await ReducerPool.open(2)
    const reducer = pool.reducer(setup)
    await pool.close()
    await pool.close()
    assert.throws(() => reducer.setUnits(1, 1), { code: 'ABORTED' })
    assert.throws(() => pool.reducer(setup), { code: 'ABORTED' })
  })
})
