import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import type { GrownTree } from '../../src/grower/grown-tree.js'
import type { LeafTotals, SplitCandidate } from '../../src/kernels/candidate.js'
import { packTrees, unpackTrees } from '../../src/threads/packed-trees.js'

function makeTree(random: TestRandom, nSplits: number, isLinear: boolean): GrownTree {
  const list = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) =>
    make(i))
  const long = (): bigint =>
    (BigInt(random.below(2 ** 31) - 2 ** 30) << 32n) + BigInt(random.below(2 ** 31))
  const totals = (): LeafTotals =>
    ({ gradient: long(), hessian: long(), count: random.below(2 ** 31) })
  const nLeaves = nSplits + 1
  const number = (): number => random.uniform() - 0.5
  const leftBins = list(nSplits, (i) =>
    Uint8Array.from({ length: i % 5 === 3 ? 41 : 32 }, () => random.below(256)))
  const splits = list(nSplits, (i): SplitCandidate => {
    const isCategorical = random.below(3) === 0
    return {
      gain: random.uniform() * 1e6, feature: random.below(70_000), bin: random.below(65_536),
      defaultLeft: random.below(2) === 0, isCategorical, usesCatL2: random.below(2) === 0,
      leftBins: isCategorical ? leftBins[i]! : null, left: totals(),
    }
  })
  const binned = {
    feature: splits.map(({ feature }) => feature),
    leftBins,
    leftChild: list(nSplits, (i) => i % 2 === 0 ? i : ~i),
    rightChild: list(nSplits, (i) => ~i),
    leafValue: list(nLeaves, number),
  }
  const linear = {
    limit: 5, constant: list(nLeaves, number),
    features: list(nLeaves, (i) => list(i % 3, (f) => f)),
    coefficients: list(nLeaves, (i) => list(i % 3, number)),
  }
  return {
    binned: isLinear ? { ...binned, linear } : binned,
    splits,
    nodeTotals: list(nSplits, totals),
    nodeValue: list(nSplits, number),
    leafTotals: list(nLeaves, totals),
    leafNodes: list(nLeaves, () => random.below(1000)),
    statistics: { rounds: random.below(100), expansions: nSplits + 3, dropped: 3 },
  }
}

describe('packed trees', () => {
  it('are the trees again, by output, from whichever thread', () => {
    for (const isLinear of [false, true]) {
      const random = new TestRandom(3)
      const trees = [30, 0, 1, 254, 7, 12].map((nSplits) => makeTree(random, nSplits, isLinear))
      const pack = (...outputs: number[]): ReturnType<typeof packTrees> =>
        packTrees(outputs.map((output) => ({ output, tree: trees[output]! })))
      assert.deepEqual(unpackTrees([pack(4, 1, 5), pack(), pack(0, 2, 3)]), trees)
    }
    assert.deepEqual(unpackTrees([]), [])
  })
})
