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

  it('leaves a core to the compiler in short trainings, where it is asked to', () => {
    const of = (nRows: number, nCores: number, leavesRoom: boolean, nTrees = 1): number =>
      chooseThreads(0, { nRows, nFeatures: 10, nTrees }, nCores, leavesRoom)
    assert.deepEqual(
      [of(200_000, 1, true), of(200_000, 2, true), of(599_999, 2, true), of(600_000, 2, true)],
      [1, 1, 1, 2])
    assert.deepEqual([of(300_000, 4, true), of(500_000, 4, true), of(500_000, 64, true)], [3, 3, 5])
    assert.deepEqual([of(200_000, 2, false), of(200_000, 2, true, 3)], [2, 2])
  })

  it('gives trees of an iteration a thread each, where one does not take all', () => {
    const of = (nRows: number, nTrees: number): number =>
      chooseThreads(0, { nRows, nFeatures: 10, nTrees }, 64)
    assert.deepEqual([of(10_000, 19), of(10_000, 21), of(20_000, 100)], [1, 3, 20])
    assert.deepEqual([of(500_000, 3), of(150_000, 3), of(5_000_000, 100)], [5, 3, 64])
  })
})
