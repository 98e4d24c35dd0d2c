import assert from 'node:assert/strict'
import fc from 'fast-check'
import { STRUCTURE_MAX, findStructure, wordView } from '../../src/formats/csv-structure.js'

describe('findStructure', () => {
  it('finds the same bytes as looking at each, at any alignment', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(3),
        fc.nat(40),
        fc.nat(40),
        (content, offset, a, b) => {
          const all = new Uint8Array(offset + content.length)
          all.set(content, offset)
          const bytes = all.subarray(offset)
          const start = Math.min(a, b, bytes.length)
          const end = Math.min(Math.max(a, b), bytes.length)
          const out = new Int32Array(end - start)
          const n = findStructure(bytes, wordView(bytes), start, end, out)
          const expected = []
          for (let p = start; p < end; p++) if (bytes[p]! <= STRUCTURE_MAX) expected.push(p)
          assert.deepEqual([...out.subarray(0, n)], expected)
        },
      ),
      { seed: 1, numRuns: 3000 },
    )
  })

  it('tells all 256 bytes apart, in each place of a word', () => {
    for (let value = 0; value < 256; value++) {
      for (let place = 0; place < 8; place++) {
        const bytes = new Uint8Array(8).fill(0xff)
        bytes[place] = value
        const out = new Int32Array(8)
        const n = findStructure(bytes, wordView(bytes), 0, 8, out)
        assert.deepEqual([...out.subarray(0, n)], value <= STRUCTURE_MAX ? [place] : [])
      }
    }
  })
})
