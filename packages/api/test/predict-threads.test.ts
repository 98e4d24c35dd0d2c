import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { type Booster, Dataset, train } from '../src/index.js'
import { rejects } from './support.js'

const colours = ['red', 'green', 'blue']
const params = { numLeaves: 7, numIterations: 4, minDataPerGroup: 10 }

/** More rows than a thread gets at a time. */
const nRows = 20_000

describe('predict on threads', () => {
  const random = new TestRandom(6)
  const x = Float64Array.from({ length: nRows }, () =>
    random.below(9) === 0 ? NaN : random.normal())
  const colour = Array.from(x, () => colours[random.below(3)]!)
  const rows = { x, colour }
  let multi: Booster
  let regression: Booster

  before(async () => {
    const some = { x: x.subarray(0, 500), colour: colour.slice(0, 500) }
    const labels = colour.slice(0, 500).map((name, r) => (name === 'red' ? 2 : x[r]! > 0 ? 1 : 0))
    multi = await train({ ...params, objective: 'multiclass', numClass: 3 },
      Dataset.from(some, labels))
    regression = await train({ ...params, objective: 'regression' }, Dataset.from(some, labels))
  })

  for (const type of ['probability', 'class', 'raw', 'leaf'] as const) {
    it(`gives the same for 1, 2 and 3 threads: ${type}`, async () => {
      const one = await multi.predict(rows, { type, numThreads: 1 })
      assert.deepEqual(one, await multi.predict(rows, { type, numThreads: 2 }))
      assert.deepEqual(one, await multi.predict(rows, { type, numThreads: 3 }))
    })
  }

  it('serves several models at a time', async () => {
    const both = await Promise.all([multi, regression, multi].map((booster) =>
      booster.predict(rows, { type: 'raw', numThreads: 2 })))
    const wanted = await Promise.all([multi, regression, multi].map((booster) =>
      booster.predict(rows, { type: 'raw', numThreads: 1 })))
    assert.deepEqual(both, wanted)
  })

  it('says the same of what does not fit', async () => {
    for (const numThreads of [1, 2]) {
      await rejects(regression.predict(rows, { type: 'class', numThreads }), 'PARAMETER',
        'a regression model has no classes')
      await rejects(multi.predict({ x }, { numThreads }), 'DATA', 'colour')
    }
    for (const numThreads of [-1, 1.5, 1025, NaN]) {
      await rejects(multi.predict(rows, { numThreads }), 'PARAMETER', 'numThreads', '1024')
    }
  })
})
