import assert from 'node:assert/strict'
import { ExpectedGains } from '../../src/grower/expected-gains.js'
import {
  type AheadNode, expansionsAhead, likelihood, RunningAhead,
} from '../../src/grower/running-ahead.js'
import type { SplitCandidate } from '../../src/kernels/candidate.js'

const costs = { roundNs: 1000, expansionNs: 10, rowNs: 1 }

function node(id: number, gain: number, count = 100, depth = 1): AheadNode {
  const left = { gradient: 0n, hessian: 0n, count: 1 }
  const candidate: SplitCandidate = {
    gain, feature: 0, bin: 0, defaultLeft: false, isCategorical: false, usesCatL2: false,
    leftBins: null, left,
  }
  return { id, depth, totals: { count }, candidate, children: null }
}

function order(ahead: RunningAhead<AheadNode>): number[] {
  const ids: number[] = []
  for (let next = ahead.next(); next !== null; next = ahead.next()) ids.push(next.id)
  return ids
}

describe('likelihood', () => {
  it('rises from never to as good as sure between what was left and what was made', () => {
    const range = { least: 10, left: 40 }
    assert.equal(likelihood(7.9, range), 0)
    assert.equal(likelihood(36, range), likelihood(1e9, range))
    const gains = Array.from({ length: 60 }, (_, i) => 5 + i)
    const shares = gains.map((gain) => likelihood(gain, range))
    assert.deepEqual(shares, [...shares].sort((a, b) => a - b))
    assert.ok(shares.every((share) => share >= 0 && share < 1))
    assert.ok(new Set(shares).size > 20)
  })

  it('is a step where gains of trees fell all the way', () => {
    const range = { least: 10, left: 9 }
    assert.ok(likelihood(8.2, range) > 0.9)
    assert.equal(likelihood(7.9, range), 0)
  })

  it('is as good as sure where a tree took all there was', () => {
    for (const left of [0, 5]) assert.ok(likelihood(1e-300, { least: 0, left }) > 0.9)
  })
})

describe('RunningAhead', () => {
  const some = [node(1, 5), node(2, 50), node(3, 20), node(4, 50)]

  it('gives what is needed first: by gain, of equals the node that was known first', () => {
    const ahead = new RunningAhead({ costs, growPolicy: 'leafwise' }, null)
    for (const own of some) ahead.meet(own)
    assert.deepEqual(order(ahead), [2, 4, 3, 1])
  })

  it('gives the upper nodes first where trees grow by depth, whatever gains were', () => {
    const ahead = new RunningAhead({ costs, growPolicy: 'depthwise' }, { least: 40, left: 40 })
    for (const own of [node(1, 5, 100, 2), node(2, 50, 100, 3), node(3, 20, 100, 2)]) {
      ahead.meet(own)
    }
    assert.deepEqual(order(ahead), [3, 1, 2])
  })

  it('leaves out what was expanded meanwhile', () => {
    const ahead = new RunningAhead({ costs, growPolicy: 'leafwise' }, null)
    for (const own of some) ahead.meet(own.id === 2 ? { ...own, children: [] } : own)
    assert.deepEqual(order(ahead), [4, 3, 1])
  })

  it('asks for more certainty where more rows are at stake', () => {
    const expected = { least: 10, left: 40 }
    const isTaken = (gain: number, count: number): boolean => {
      const ahead = new RunningAhead({ costs, growPolicy: 'leafwise' }, expected)
      ahead.meet(node(1, gain, count))
      return ahead.next() !== null
    }
    assert.ok(isTaken(20, 100))
    assert.ok(!isTaken(20, 10_000), 'likelier than not, but of many rows')
    assert.ok(isTaken(40, 10_000))
    assert.ok(!isTaken(40, 1_000_000), 'nothing is sure enough for these')
    assert.ok(!isTaken(7, 1))
  })

  it('thinks again of what it doubted when the order of splits comes below', () => {
    const ahead = new RunningAhead({ costs, growPolicy: 'leafwise' }, { least: 10, left: 20 })
    for (const own of [node(1, 5), node(2, 3), node(3, 1)]) ahead.meet(own)
    ahead.reach(10)
    assert.deepEqual(order(ahead), [])
    ahead.reach(4)
    assert.deepEqual(order(ahead), [1])
    ahead.reach(1.5)
    assert.deepEqual(order(ahead), [2])
    ahead.reach(0.7)
    assert.deepEqual(order(ahead), [3])
  })

  it('lets more run ahead where it knows what gains were', () => {
    const blind = new RunningAhead({ costs, growPolicy: 'leafwise' }, null)
    const seeing = new RunningAhead({ costs, growPolicy: 'leafwise' }, { least: 1, left: 1 })
    assert.ok(blind.horizon < seeing.horizon && seeing.horizon <= 1)
  })
})

describe('expansionsAhead', () => {
  const features = (n: number): { nBins: number }[] => new Array(n).fill({ nBins: 255 })

  it('are rounds, as many as fit some memory, but two at least', () => {
    const ahead = (nFeatures: number, maxExpansions = 8, nOutputs = 1): number =>
      expansionsAhead({ features: features(nFeatures), maxExpansions, nOutputs })
    assert.equal(ahead(1), 64)
    assert.equal(ahead(28), 64)
    assert.equal(ahead(500), Math.floor(64 * 1_048_576 / (500 * 255 * 20)))
    assert.equal(ahead(5000), 16)
    assert.equal(ahead(1, 1), 2, 'nothing runs ahead')
    assert.equal(ahead(1, 8, 3), 16, 'trees of several outputs share the memory')
  })
})

describe('ExpectedGains', () => {
  it('knows nothing of an output before its first tree', () => {
    const expected = new ExpectedGains(2)
    expected.take(1, { least: 3, left: 2 })
    assert.equal(expected.of(0), null)
    assert.deepEqual(expected.of(1), { least: 3, left: 2 })
  })

  it('weighs a tree as much as all before it', () => {
    const expected = new ExpectedGains(1)
    for (const least of [16, 4, 2]) expected.take(0, { least, left: least / 2 })
    const { least, left } = expected.of(0)!
    assert.ok(Math.abs(least - 4) < 1e-12 && Math.abs(left - 2) < 1e-12)
  })

  it('keeps what it knows where a tree says nothing, and forgets what was 0', () => {
    const expected = new ExpectedGains(1)
    expected.take(0, { least: 4, left: 0 })
    expected.take(0, null)
    assert.deepEqual(expected.of(0), { least: 4, left: 0 })
    expected.take(0, { least: 0, left: 0 })
    assert.deepEqual(expected.of(0), { least: 0, left: 0 })
    expected.take(0, { least: 5, left: 3 })
    assert.deepEqual(expected.of(0), { least: 5, left: 3 })
  })
})
