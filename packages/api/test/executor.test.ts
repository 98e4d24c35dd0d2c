import assert from 'node:assert/strict'
import { chooseThreads } from '../src/training/executor.js'

describe('chooseThreads', () => {
  it('takes the number that was asked for', () => {
    assert.equal(chooseThreads(7, { nRows: 1, nFeatures: 1 }, 4), 7)
  })

  it('takes one for small data, and no more than have something to do', () => {
    const of = (nRows: number): number => chooseThreads(0, { nRows, nFeatures: 10 }, 64)
    assert.deepEqual([1, 199_999, 200_000, 250_000, 1_000_000, 10_000_000].map(of),
      [1, 1, 2, 3, 10, 64])
  })

  it('gives trees of an iteration a thread each, where one does not take all', () => {
    const of = (nRows: number, nTrees: number): number =>
      chooseThreads(0, { nRows, nFeatures: 10, nTrees }, 64)
    assert.deepEqual([of(10_000, 19), of(10_000, 21), of(20_000, 100)], [1, 3, 20])
    assert.deepEqual([of(500_000, 3), of(150_000, 3), of(5_000_000, 100)], [5, 3, 64])
  })
})
