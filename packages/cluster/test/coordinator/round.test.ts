import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Round } from '../../src/coordinator/round.js'

const place = { iteration: 3, seq: 2 }
const all = (): boolean => true

describe('Round', () => {
  it('is complete when every chunk has every needed partition once', () => {
    const round = new Round(place, 2, 3, (p) => p < 2)
    assert.equal(round.admit({ ...place, chunk: 0 }, [0, 1, 2]), true)
    assert.equal(round.isComplete, false)
    assert.deepEqual(round.missing(), [0, 1])
    assert.equal(round.admit({ ...place, chunk: 1 }, [1]), true)
    assert.deepEqual(round.missing(), [0])
    assert.equal(round.admit({ ...place, chunk: 1 }, [0]), true)
    assert.equal(round.isComplete, true)
    assert.deepEqual(round.missing(), [])
    assert.equal(round.nDropped, 0)
  })

  it('drops what is late, double, of another request, or of no such chunk', () => {
    const round = new Round(place, 1, 2, all)
    assert.equal(round.admit({ ...place, chunk: 0 }, [0]), true)
    assert.equal(round.admit({ ...place, chunk: 0 }, [0]), false)
    assert.equal(round.admit({ ...place, chunk: 0 }, [0, 1]), false)
    assert.equal(round.admit({ iteration: 3, seq: 1, chunk: 0 }, [1]), false)
    assert.equal(round.admit({ iteration: 2, seq: 2, chunk: 0 }, [1]), false)
    assert.equal(round.admit({ ...place, chunk: 1 }, [1]), false)
    assert.equal(round.nDropped, 5)
    assert.equal(round.isComplete, false)
    assert.equal(round.admit({ ...place, chunk: 0 }, [1]), true)
    assert.equal(round.isComplete, true)
  })

  it('takes back what could not be added', () => {
    const round = new Round(place, 1, 2, all)
    round.admit({ ...place, chunk: 0 }, [0, 1])
    assert.equal(round.isComplete, true)
    round.retract({ chunk: 0 }, [0, 1])
    assert.equal(round.isComplete, false)
    assert.deepEqual(round.missing(), [0, 1])
    assert.equal(round.admit({ ...place, chunk: 0 }, [0, 1]), true)
    assert.equal(round.isComplete, true)
  })

  it('does not count stores without a needed partition', () => {
    const round = new Round(place, 1, 3, (p) => p === 0)
    assert.equal(round.admit({ ...place, chunk: 0 }, [1, 2]), false)
    assert.equal(round.isComplete, false)
    assert.equal(round.waitsFor([1, 2]), false)
    assert.equal(round.waitsFor([0, 2]), true)
  })

  it('has nothing to wait for without chunks or needed partitions', () => {
    assert.equal(new Round(place, 0, 2, all).isComplete, true)
    assert.equal(new Round(place, 2, 2, () => false).isComplete, true)
  })

  it('tells which partitions may share a store', () => {
    const round = new Round(place, 2, 4, (p) => p < 3)
    round.admit({ ...place, chunk: 0 }, [0, 1])
    assert.equal(round.signature(0), round.signature(1))
    assert.notEqual(round.signature(0), round.signature(2))
    assert.equal(round.isPartial([0, 1]), false)
    assert.equal(round.isPartial([1, 2]), true)
    assert.equal(round.isPartial([2, 3]), false)
  })

  it('counts every partition exactly once for any order of nested answers', () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3 }), fc.infiniteStream(fc.nat()),
      (nPartitions, nChunks, stream) => {
        const draw = (n: number): number => stream.next().value! % n
        // halves of halves: sets that are nested or disjoint
        const sets: number[][] = []
        const cut = (from: number, to: number): void => {
          sets.push(Array.from({ length: to - from }, (_, i) => from + i))
          if (to - from < 2) return
          const middle = from + 1 + draw(to - from - 1)
          cut(from, middle)
          cut(middle, to)
        }
        cut(0, nPartitions)
        const round = new Round(place, nChunks, nPartitions, all)
        const counts = Array.from({ length: nChunks }, () => new Array<number>(nPartitions).fill(0))
        for (let i = 0; i < 400 && !round.isComplete; i++) {
          const chunk = draw(nChunks)
          const set = sets[draw(sets.length)]!
          if (round.admit({ ...place, chunk }, set)) for (const p of set) counts[chunk]![p]!++
        }
        assert.ok(counts.flat().every((count) => count <= 1))
        assert.equal(round.isComplete, counts.flat().every((count) => count === 1))
      }), { seed: 5, numRuns: 200 })
  })
})
