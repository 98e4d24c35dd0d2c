import assert from 'node:assert/strict'
import fc from 'fast-check'
import { JoinedReads, joinRanges } from '../../src/formats/joined-reads.js'

const file = Uint8Array.from({ length: 200 }, (_, i) => i)

describe('JoinedReads', () => {
  it('gives the bytes of every range, and reads each run of neighbours once', async () => {
    const lengths = fc.array(fc.record({ gap: fc.nat(2), length: fc.nat(9) }), { maxLength: 12 })
    await fc.assert(fc.asyncProperty(lengths, async (pieces) => {
      let at = 0
      const ranges = pieces.map(({ gap, length }) => {
        const start = at + gap
        at = start + length
        return [start, at] as const
      })
      const reads: (readonly [number, number])[] = []
      const joined = new JoinedReads({
        slice: (start, end) => {
          reads.push([start, end])
          return Promise.resolve(file.slice(start, end))
        },
      }, ranges)
      for (const [start, end] of ranges) {
        assert.deepEqual(await joined.slice(start, end), file.slice(start, end))
      }
      const runs = joinRanges(ranges)
      for (const [i, [start]] of runs.entries()) if (i > 0) assert.notEqual(runs[i - 1]![1], start)
      const nonEmpty = ([start, end]: readonly [number, number]) => end > start
      assert.deepEqual(reads.filter(nonEmpty), runs.filter(nonEmpty))
    }))
  })

  it('leaves long ranges alone', () => {
    const mib = 1 << 20
    const ranges =
      [[0, 3 * mib], [3 * mib, 4 * mib], [4 * mib, 5 * mib], [5 * mib, 50 * mib]] as const
    assert.deepEqual(joinRanges(ranges), [[0, 4 * mib], [4 * mib, 5 * mib], [5 * mib, 50 * mib]])
  })
})
