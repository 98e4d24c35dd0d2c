import assert from 'node:assert/strict'
import { groupedFeatures, votingOf } from '../../src/execution/voting.js'
import type { LeafRules, TreeRules } from '../../src/execution/leaf-rules.js'
import { Election, type ElectionSetup } from '../../src/grower/election.js'

const totals = { gradient: 0n, hessian: 1n, count: 1 }
const all = new Uint8Array(6).fill(1)
const votes = (...values: number[]): Float64Array => Float64Array.from(values)
const split = (parent: number, left: number, feature: number) => ({
  parent, left, right: left + 1, feature, leftBins: new Uint8Array(32), leftTotals: totals,
  rightTotals: totals, leftMask: all, rightMask: all,
})

/** What is elected of a node. */
function electedOf(
  election: Election, node: number, mask: Uint8Array | null, own: Float64Array, rules?: LeafRules,
): readonly number[] | null {
  return election.elect({ node, totals, mask, votes: own, rules })?.features ?? null
}

const four = (own: Partial<ElectionSetup> = {}): Election => new Election(
  { voting: { nElected: 4 }, maxExpansions: 1, scan: { extraTrees: false }, ...own })

const free: LeafRules = {
  min: -Infinity, max: Infinity, output: 0, monotoneFactor: 1, cost: 0, due: null, rowCosts: null,
  forced: null, neighbours: [],
}
const noRules: TreeRules = {
  directions: [], gainFactors: [], firstUseCosts: [], rowCosts: [], pathSmooth: 0,
  hasNeighbours: false, rescansMax: 0,
}

describe('Election', () => {
  it('elects the highest votes, of equals the lower features, in the order of features', () => {
    assert.deepEqual(electedOf(four(), 0, all, votes(1, 7, 3, 9, 3, 3)), [1, 2, 3, 4])
  })

  it('elects nobody who may not split the leaf, or could not', () => {
    const mask = Uint8Array.of(1, 0, 1, 1, 1, 1)
    const own = votes(1, 7, -Infinity, 9, -Infinity, -Infinity)
    assert.deepEqual(electedOf(four(), 0, mask, own), [0, 3])
    assert.equal(electedOf(four(), 0, null, own), null)
    assert.equal(electedOf(four(), 0, all, own.map(() => -Infinity)), null)
  })

  it('keeps half of the seats for features that split the nodes above, the nearest first', () => {
    const election = four()
    election.take(split(0, 1, 5))
    election.take(split(1, 3, 0))
    election.take(split(3, 5, 4))
    const own = votes(-Infinity, 7, 3, 9, 1, 2)
    assert.deepEqual(electedOf(election, 5, all, own), [0, 1, 3, 4])
    assert.deepEqual(electedOf(election, 2, all, own), [1, 2, 3, 5])
    // features in use twice have one seat
    election.take(split(5, 7, 0))
    assert.deepEqual(electedOf(election, 7, all, own), [0, 1, 3, 4])
  })

  it('weighs votes as gains are weighed', () => {
    const tree: TreeRules = { ...noRules, gainFactors: [1, 0, 3, 1, 1, 1],
      firstUseCosts: [0, 0, 0, 0, 5, 0], directions: [0, 0, 0, 0, 0, 1] }
    const rules = { ...free, due: new Uint8Array(6).fill(1), monotoneFactor: 0.1 }
    const own = votes(5, 9, 2, 4, 8, 20)
    assert.deepEqual(
      electedOf(four({ rules: tree, voting: { nElected: 3 } }), 0, all, own, rules), [0, 2, 3])
    assert.deepEqual(electedOf(four({ rules: tree, voting: { nElected: 3 } }), 0, all, own,
      { ...free, due: null }), [2, 4, 5])
  })

  it('elects what is forced alone, and the others once it is given up', () => {
    const election = four({
      rules: noRules, voting: { nElected: 2 }, scan: { extraTrees: true },
    })
    const drawn = Uint8Array.of(3, 7, 0, 200, 1, 1)
    const forced = { ...free, forced: { feature: 2, bin: 4 } }
    const leaf = { node: 0, totals, mask: drawn }
    assert.deepEqual(election.elect({ ...leaf, votes: votes(4, 1, 9, 5, 2, 3), rules: forced }),
      { node: 0, totals, features: [2], mask: drawn, rules: forced })
    assert.deepEqual(election.again({ ...leaf, rules: free }),
      { node: 0, totals, features: [0, 3], mask: drawn, rules: free })
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
