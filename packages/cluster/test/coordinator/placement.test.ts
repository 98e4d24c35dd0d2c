import assert from 'node:assert/strict'
import fc from 'fast-check'
import { deal, rebalance } from '../../src/coordinator/placement.js'

const holders = (...capacities: number[]): { name: string, capacity: number }[] =>
  capacities.map((capacity, i) => ({ name: `w${i}`, capacity }))
const equalParts = (n: number): { partition: number, weight: number }[] =>
  Array.from({ length: n }, (_, partition) => ({ partition, weight: 10 }))
const none = new Map<string, number>()

describe('deal', () => {
  it('deals by capacity', () => {
    const given = deal(equalParts(6), holders(1, 2), none, () => null)
    assert.equal(given.get('w0')!.length, 2)
    assert.equal(given.get('w1')!.length, 4)
  })

  it('gives what is preferred, unless that is too much', () => {
    const wish = deal(equalParts(4), holders(1, 1), none, (p) => (p < 2 ? 'w1' : 'w0'))
    assert.deepEqual(wish.get('w1'), [0, 1])
    const greedy = deal(equalParts(4), holders(1, 1), none, () => 'w1')
    assert.equal(greedy.get('w1')!.length, 2)
  })

  it('counts what is held already, and leaves out what nobody may hold', () => {
    const given = deal(
      equalParts(3), holders(1, 1), new Map([['w0', 100]]), () => null, (_, p) => p !== 2)
    assert.deepEqual([...given], [['w1', [0, 1]]])
  })

  it('gives every partition to one holder', () => {
    fc.assert(fc.property(
      fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }),
      (weights, capacities) => {
        const partitions = weights.map((weight, partition) => ({ partition, weight }))
        const given = deal(partitions, holders(...capacities), none, () => null)
        const all = [...given.values()].flat().sort((a, b) => a - b)
        assert.deepEqual(all, partitions.map(({ partition }) => partition))
      }), { seed: 1, numRuns: 200 })
  })
})

describe('rebalance', () => {
  const current = (...workers: string[]): Map<number, string> =>
    new Map(workers.map((worker, p) => [p, worker]))

  it('moves half to a worker that joins, and no more', () => {
    const target = rebalance(equalParts(4), holders(1, 1), current('w0', 'w0', 'w0', 'w0'))
    assert.equal([...target.values()].filter((worker) => worker === 'w1').length, 2)
  })

  it('takes all from a worker that leaves', () => {
    const target = rebalance(equalParts(4), holders(1, 1), current('gone', 'w0', 'gone', 'w1'))
    assert.equal([...target.values()].filter((worker) => worker === 'w0').length, 2)
    assert.equal(target.get(1), 'w0')
    assert.equal(target.get(3), 'w1')
  })

  it('leaves alone what is even', () => {
    const even = current('w0', 'w1', 'w0', 'w1', 'w0')
    assert.deepEqual(new Map(rebalance(equalParts(5), holders(1, 1), even)), even)
  })

  it('never makes the slowest worker slower', () => {
    fc.assert(fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(3)), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 4, maxLength: 4 }),
      (parts, capacities) => {
        const partitions = parts.map(([weight], partition) => ({ partition, weight }))
        const before = new Map(parts.map(([, w], p) => [p, `w${w}`]))
        const own = holders(...capacities)
        const slowest = (placed: ReadonlyMap<number, string>): number =>
          Math.max(...own.map(({ name, capacity }) => partitions.reduce(
            (sum, { partition, weight }) =>
              sum + (placed.get(partition) === name ? weight : 0), 0) / capacity))
        const after = rebalance(partitions, own, before)
        assert.equal(after.size, partitions.length)
        assert.ok(slowest(after) <= slowest(before))
      }), { seed: 2, numRuns: 300 })
  })
})
