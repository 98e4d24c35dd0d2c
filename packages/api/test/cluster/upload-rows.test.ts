import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cutRows } from '../../src/cluster/upload-rows.js'

describe('cutRows', () => {
  const columns = (n: number) => Array.from({ length: n }, () => null as never)
  const cut = (nRows: number, nColumns: number, mayCutAt = (_row: number) => true) =>
    cutRows({ nRows, columns: columns(nColumns), sparse: null, mayCutAt })

  it('covers the rows in order, in ranges of different lengths that begin where they may', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 4000 }),
      fc.integer({ min: 1, max: 700 }), (nRows, nColumns, query) => {
        const mayCutAt = (row: number): boolean => row === nRows || row % query === 0
        const ranges = cut(nRows, nColumns, mayCutAt)
        assert.equal(ranges[0]![0], 0)
        assert.equal(ranges.at(-1)![1], nRows)
        for (const [i, [start, end]] of ranges.entries()) {
          assert.ok(start < end && mayCutAt(end))
          if (i > 0) assert.equal(start, ranges[i - 1]![1])
        }
        assert.equal(new Set(ranges.map(([start, end]) => end - start)).size, ranges.length)
      }), { seed: 5 })
  })

  it('gives every worker some of small data, and about 16 MB each of large data', () => {
    assert.equal(cut(100, 3).length, 1)
    assert.deepEqual(cut(1600, 3), [[0, 532], [532, 1065], [1065, 1600]])
    assert.ok(cut(10_000, 3).length >= 7)
    const large = cut(4_000_000, 30)
    assert.ok(large.length >= 55 && large.length <= 60, `${large.length}`)
    assert.ok(large.every(([start, end]) => (end - start) * 240 < 17 << 20))
  })

  it('keeps rows together that may not be cut', () => {
    assert.deepEqual(cut(10_000, 3, (row) => row === 10_000), [[0, 10_000]])
  })
})
