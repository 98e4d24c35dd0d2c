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

  it('gives the same for numbers in any form, on 1 to 4 threads', async () => {
    const table = {
      a: x, b: Float32Array.from(x, (value) => value * 3), c: Int32Array.from(x, (value) => value),
    }
    const label = Float64Array.from(x, (value, r) => (value > 0 ? table.b[r]! : 0) + table.c[r]!)
    const booster = await train({ ...params, objective: 'regression' }, Dataset.from(table, label))
    const cells = Array.from(x, (value, r) => [value, table.b[r]!, table.c[r]!])
    const wanted = await booster.predict(cells, { numThreads: 1 })
    const doubles = Float64Array.from(cells.flat())
    const shared = new Float64Array(new SharedArrayBuffer(doubles.byteLength))
    shared.set(doubles)
    const shape = [nRows, 3] as const
    for (let numThreads = 1; numThreads <= 4; numThreads++) {
      for (const data of [doubles, shared, cells.flat()]) {
        assert.deepEqual(await booster.predict({ data, shape }, { numThreads }), wanted)
      }
      assert.deepEqual(await booster.predict(table, { numThreads }), wanted)
      assert.deepEqual(await booster.predict({ ...table, b: [...table.b] }, { numThreads }), wanted)
      const data = Float32Array.from(doubles)
      assert.deepEqual(await booster.predict({ data, shape }, { numThreads }),
        await booster.predict({ data: [...data], shape }, { numThreads: 1 }))
    }
    assert.deepEqual(doubles, Float64Array.from(cells.flat()), 'rows of the caller stay')
  })

  it('stops early in the same rows', async () => {
    const stop = { earlyStop: { freq: 1, margin: 0.2 } }
    const one = await multi.predict(rows, { type: 'raw', numThreads: 1, ...stop })
    assert.deepEqual(one, await multi.predict(rows, { type: 'raw', numThreads: 3, ...stop }))
    assert.notDeepEqual(one, await multi.predict(rows, { type: 'raw', numThreads: 1 }))
    await rejects(regression.predict(rows, stop), 'PARAMETER', 'pred_early_stop', 'regression')
    await rejects(multi.predict(rows, { type: 'leaf', ...stop }), 'PARAMETER', 'leaf')
    const wrong = { earlyStop: { frequency: 1 } } as object
    await rejects(multi.predict(rows, wrong), 'PARAMETER', 'frequency')
  })

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
    const three = Float32Array.of(1, 2, 3)
    await rejects(regression.predict({ data: three, shape: [2, 2] }), 'DATA', '[2, 2]', '3')
    await rejects(regression.predict({ x, colour: three }), 'DATA', 'colour', '3')
    for (const numThreads of [-1, 1.5, 1025, NaN]) {
      await rejects(multi.predict(rows, { numThreads }), 'PARAMETER', 'numThreads', '1024')
    }
  })
})
