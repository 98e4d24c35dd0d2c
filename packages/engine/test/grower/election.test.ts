import assert from 'node:assert/strict'
import { groupedFeatures, votingOf } from '../../src/execution/voting.js'
import { Election } from '../../src/grower/election.js'

const totals = { gradient: 0n, hessian: 1n, count: 1 }
const all = new Uint8Array(6).fill(1)
const votes = (...values: number[]): Float64Array => Float64Array.from(values)
const split = (parent: number, left: number, feature: number) => ({
  parent, left, right: left + 1, feature, leftBins: new Uint8Array(32), leftTotals: totals,
  rightTotals: totals, leftMask: all, rightMask: all,
})

describe('Election', () => {
  it('elects the highest votes, of equals the lower features, in the order of features', () => {
    const { features } = new Election(4).elect(0, totals, all, votes(1, 7, 3, 9, 3, 3))!
    assert.deepEqual(features, [1, 2, 3, 4])
  })

  it('elects nobody who may not split the leaf, or could not', () => {
    const mask = Uint8Array.of(1, 0, 1, 1, 1, 1)
    const own = votes(1, 7, -Infinity, 9, -Infinity, -Infinity)
    assert.deepEqual(new Election(4).elect(0, totals, mask, own)!.features, [0, 3])
    assert.equal(new Election(4).elect(0, totals, null, own), null)
    assert.equal(new Election(4).elect(0, totals, all, own.map(() => -Infinity)), null)
  })

  it('keeps half of the seats for features that split the nodes above, the nearest first', () => {
    const election = new Election(4)
    election.take(split(0, 1, 5))
    election.take(split(1, 3, 0))
    election.take(split(3, 5, 4))
    const own = votes(-Infinity, 7, 3, 9, 1, 2)
    assert.deepEqual(election.elect(5, totals, all, own)!.features, [0, 1, 3, 4])
    assert.deepEqual(election.elect(2, totals, all, own)!.features, [1, 2, 3, 5])
    // features in use twice have one seat
    election.take(split(5, 7, 0))
    assert.deepEqual(election.elect(7, totals, all, own)!.features, [0, 1, 3, 4])
  })
})

describe('groupedFeatures', () => {
  const grouped = (nBins: number, missingBin: number, isCategorical = false) => {
    const { features, groups } = groupedFeatures([{ nBins, missingBin, isCategorical }])
    return { ...features[0]!, groups: [...groups[0]!] }
  }

  it('makes eight groups of neighbours, and one of missing values', () => {
    const { nBins, missingBin, groups } = grouped(33, 32)
    assert.deepEqual([nBins, missingBin], [9, 8])
    assert.deepEqual(groups, Array.from({ length: 33 }, (_, b) => b >> 2))
    assert.deepEqual(grouped(10, 4).groups, [0, 0, 1, 2, 8, 3, 4, 5, 6, 7])
  })

  it('leaves few bins, categories and groups as they are', () => {
    for (const { features } of [groupedFeatures([
      { nBins: 8, missingBin: -1, isCategorical: false },
      { nBins: 9, missingBin: 8, isCategorical: false },
      { nBins: 9, missingBin: 2, isCategorical: false },
      { nBins: 40, missingBin: -1, isCategorical: true },
    ])]) {
      assert.deepEqual(features.map(({ nBins }) => nBins), [8, 9, 9, 40])
      assert.deepEqual(groupedFeatures(features).features, features)
    }
  })
})

describe('votingOf', () => {
  it('is off where all features would be elected', () => {
    assert.deepEqual(votingOf({ treeLearner: 'voting', topK: 3 }, 7), { voting: { nElected: 6 } })
    assert.deepEqual(votingOf({ treeLearner: 'voting', topK: 3 }, 6), {})
    assert.deepEqual(votingOf({ treeLearner: 'serial', topK: 3 }, 7), {})
  })
})
