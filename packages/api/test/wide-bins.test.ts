import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { Dataset, train } from '../src/index.js'

const random = new TestRandom(31)
const rows = Array.from({ length: 2400 }, () => ({
  a: random.normal(), b: random.uniform(), c: random.below(9),
}))
const y = rows.map(({ a, b, c }) => Math.sin(3 * a) + 2 * b + (c % 3) + random.normal() / 5)
const forced = [-0.25, 0.125, 1.75]
const params = {
  maxBin: 700, minDataInBin: 1, numIterations: 6, numLeaves: 12, minDataInLeaf: 5,
  forcedbinsFilename: [{ feature: 'a', bin_upper_bound: forced }],
} as const

describe('bins of two bytes with bounds that are forced', () => {
  it('give the same model on 1 and 2 threads, whose cuts keep the bounds', async () => {
    const one = await train({ ...params, numThreads: 1 }, Dataset.from(rows, y))
    const two = await train({ ...params, numThreads: 2 }, Dataset.from(rows, y))
    assert.equal(two.toString(), one.toString())
    const free = await train(
      { ...params, forcedbinsFilename: [], numThreads: 1 }, Dataset.from(rows, y))
    assert.notEqual(free.toString(), one.toString())
    // no room for others but zero: all cuts of the feature are at one of them
    const few = await train(
      { ...params, maxBin: 6, numThreads: 2 }, Dataset.from(rows, y))
    const cuts = few.model.trees.flatMap(({ splitFeature, threshold }) =>
      threshold.filter((_, node) => splitFeature[node] === 0))
    assert.ok(cuts.some((cut) => forced.includes(cut!)) && cuts.every((cut) =>
      forced.includes(cut!) || Math.abs(cut!) < 1e-30), cuts.join())
    // with room for many more, there are cuts between them, finer than 255 bins are
    const fine = new Set(one.model.trees.flatMap(({ splitFeature, threshold }) =>
      threshold.filter((_, node) => splitFeature[node] === 0)))
    assert.ok([...fine].some((cut) => !forced.includes(cut!)))
  })

  it('are refitted leaf by leaf, whatever the bins of the new rows', async () => {
    const model = await train({ ...params, numThreads: 2 }, Dataset.from(rows, y))
    const half = rows.slice(0, 1200)
    const labels = y.slice(0, 1200).map((label) => label + 1)
    const refitted = await model.refit(half, labels, { decayRate: 0 })
    assert.deepEqual(refitted.model.trees.map(({ threshold }) => threshold),
      model.model.trees.map(({ threshold }) => threshold))
    // squared error, in plain double precision: each leaf the mean residual times the rate
    const leaves = await model.predict(half, { type: 'leaf' })
    const nTrees = model.model.trees.length
    const scores = new Float64Array(1200)
    for (const [t, tree] of refitted.model.trees.entries()) {
      const sums = tree.leafValue.map(() => [0, 0] as [number, number])
      for (let i = 0; i < 1200; i++) {
        const own = sums[leaves[i * nTrees + t]!]!
        own[0] += labels[i]! - scores[i]!
        own[1]++
      }
      const rate = t === 0 ? 1 : 0.1
      const expected = sums.map(([sum, n]) => n === 0 ? 0 : rate * sum / n)
      for (const [leaf, value] of tree.leafValue.entries()) {
        assert.ok(Math.abs(value - expected[leaf]!) < 1e-6, `${t} ${leaf}: ${value}`)
      }
      for (let i = 0; i < 1200; i++) scores[i]! += tree.leafValue[leaves[i * nTrees + t]!]!
    }
  })
})
