import assert from 'node:assert/strict'
import { sortDoubles } from '../../src/numeric/sort-doubles.js'
import { column, generator } from '../binning/recipes.js'

/** Doubles of every magnitude and sign, by random bits. */
function anyDoubles(n: number, seed: number): Float64Array<ArrayBuffer> {
  const u = generator(seed)
  const words = Uint32Array.from({ length: 2 * n }, () => Math.floor(u() * 4294967296))
  const values = new Float64Array(words.buffer)
  return values.filter(value => !Number.isNaN(value) && value !== 0)
}

function check(values: Float64Array<ArrayBuffer>): void {
  const expected = values.toSorted()
  assert.ok(sortDoubles(values) === values)
  assert.ok(Buffer.from(values.buffer).equals(Buffer.from(expected.buffer)))
}

describe('sortDoubles', () => {
  it('sorts as the native sort does, on both sides of its threshold', () => {
    for (const n of [0, 1, 2, 1023, 1024, 1025, 20_000]) {
      check(anyDoubles(n, n + 1))
      for (const recipe of ['normal', 'integers', 'negative', 'huge', 'neighbours', 'constant']) {
        check(column(recipe, n, n + 1).filter(value => value !== 0))
      }
      check(column('normal', n, n + 1).map(Math.fround))
    }
  })

  it('sorts values that differ in the last digits only, few and many of them', () => {
    const u = generator(5)
    for (const nHighs of [1, 10, 200]) {
      check(Float64Array.from({ length: 5000 }, () => {
        const sign = u() < 0.5 ? -1 : 1
        return sign * (1 + Math.floor(u() * nHighs) + u() * 2 ** -22)
      }))
    }
  })

  it('puts infinite values at the ends', () => {
    const values = column('normal', 5000, 9)
    values.set([Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE], 100)
    check(values)
    assert.equal(values[0], -Infinity)
    assert.equal(values.at(-1), Infinity)
  })

  it('leaves the rest of the buffer alone', () => {
    const values = new Float64Array(6000).fill(-1)
    values.set(column('normal', 5000, 9), 500)
    const part = values.subarray(500, 5500)
    sortDoubles(part)
    assert.deepEqual([...part], [...column('normal', 5000, 9).sort()])
    assert.ok(values.subarray(0, 500).every(value => value === -1))
    assert.ok(values.subarray(5500).every(value => value === -1))
  })
})
