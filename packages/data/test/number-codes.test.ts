import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { codesOfNumbers, NumberCodes } from '../src/loading/number-codes.js'

const edges = [0, -0, 1, 65_535, 65_536, 70_000, 2 ** 31, 2 ** 32, 2 ** 32 + 5, -1, -(2 ** 31),
  Number.MAX_SAFE_INTEGER, 0.5, 3.25]

function drawn(n: number): Float64Array {
  const random = new TestRandom(n)
  return Float64Array.from({ length: n }, () =>
    random.below(3) === 0 ? edges[random.below(edges.length)]! : random.below(300) - 20)
}

describe('codes of numbers', () => {
  for (const n of [0, 60, 5000]) {
    it(`are those that a map gives: ${n} values`, () => {
      const values = drawn(n)
      const known = new NumberCodes(n)
      const expected = new Map<number, number>()
      for (const value of values) {
        assert.equal(known.get(value), expected.get(value) ?? -1)
        if (known.get(value) < 0) expected.set(value, known.add(value))
      }
      assert.deepEqual(known.numbers.map((value) => value + 0), [...expected.keys()])
      assert.deepEqual([...expected.values()], [...expected.keys()].map((_, code) => code))
    })

    it(`are found, or not: ${n} values`, () => {
      const codes = new Map<string | number, number>(
        [...new Set(drawn(40)), 'fig'].map((value, code) => [value, code]))
      const values = Float64Array.from([...drawn(n), NaN, 64_000, 1e300, -Infinity])
      assert.deepEqual([...codesOfNumbers(codes, values)],
        [...values].map((value) => Number.isNaN(value) ? -1 : codes.get(value) ?? -1))
      assert.deepEqual([...codesOfNumbers(new Map(), values)], [...values].map(() => -1))
    })
  }
})
