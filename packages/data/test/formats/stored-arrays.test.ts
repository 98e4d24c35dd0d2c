import assert from 'node:assert/strict'
import fc from 'fast-check'
import { canonicalise, convertLongs } from '../../src/formats/stored-arrays.js'
import { convertWords, UnsafeIntegerError } from '../../src/formats/stored-numbers.js'

/** Lengths on both sides of a pair, and of the piece that goes through the kernels at once. */
const lengths = [0, 1, 2, 3, 17, 8191, 8192, 8193, 20_001]

/** NaN of several bits, zeros of both signs, and what is next to a limit. */
const special = [NaN, -NaN, 0, -0, 1.5, -Infinity, Infinity, 5e-324, 1e-45, -3.4e38]

function bitsOf(values: Float64Array): string[] {
  return [...new BigUint64Array(values.buffer, values.byteOffset, values.length)]
    .map((bits) => bits.toString(16))
}

function wordsOf(longs: BigInt64Array | BigUint64Array): Int32Array {
  return new Int32Array(longs.buffer, 0, 2 * longs.length)
}

describe('canonicalise', () => {
  for (const Numbers of [Float32Array, Float64Array]) {
    it(`gives doubles of ${Numbers.name}, without -0 and NaN of odd bits`, () => {
      for (const n of lengths) {
        const values = new Numbers(
          Array.from({ length: n }, (_, i) => special[i % special.length]!))
        const bytes = new Uint8Array(values.buffer)
        // A NaN with a payload and a sign.
        if (n > 4) bytes.set([1, 0, 192, 255], 4 * values.BYTES_PER_ELEMENT - 4)
        const out = new Float64Array(n + 1).fill(77)
        canonicalise(values, out)
        const expected = Float64Array.from([...values].map((value) =>
          Number.isNaN(value) ? NaN : value === 0 ? 0 : value))
        assert.deepEqual(bitsOf(out), bitsOf(Float64Array.of(...expected, 77)))
      }
    })
  }
})

describe('convertLongs', () => {
  const long = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
    fc.constantFrom(0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 53n) - 1n),
  )

  it('rounds as Number does, signed or not, and stops at the first that is beyond', () => {
    fc.assert(fc.property(fc.array(long, { maxLength: 30 }), fc.boolean(), (drawn, isUnsigned) => {
      const longs = isUnsigned ? BigUint64Array.from(drawn) : BigInt64Array.from(drawn)
      const expected = [...longs].map(Number)
      const out = new Float64Array(longs.length)
      assert.equal(convertLongs(wordsOf(longs), out, isUnsigned, Infinity), longs.length)
      assert.deepEqual([...out], expected)
      const limit = Number.MAX_SAFE_INTEGER
      const first = expected.findIndex((value) => Math.abs(value) > limit)
      assert.equal(convertLongs(wordsOf(longs), out, isUnsigned, limit),
        first < 0 ? longs.length : first)
    }), { seed: 4, numRuns: 500 })
  })

  it('goes on from piece to piece', () => {
    for (const n of lengths) {
      const longs = BigInt64Array.from({ length: n }, (_, i) => BigInt(i) * -3n)
      const out = new Float64Array(n)
      assert.equal(convertLongs(wordsOf(longs), out, false, 1e9), n)
      assert.ok(out.every((value, i) => value === i * -3))
      if (n === 0) continue
      longs[n - 1] = 2n ** 60n
      assert.equal(convertLongs(wordsOf(longs), out, false, 1e9), n - 1)
    }
  })
})

describe('convertWords', () => {
  const convert = (
    values: readonly bigint[], unit: Parameters<typeof convertWords>[2], exact = true,
    isUnsigned = false,
  ): number[] => {
    const longs = isUnsigned ? BigUint64Array.from(values) : BigInt64Array.from(values)
    const out = new Float64Array(values.length)
    convertWords(wordsOf(longs), out, unit, { isUnsigned, exact })
    return [...out]
  }

  it('turns times into whole milliseconds, rounded down', () => {
    assert.deepEqual(convert([-3n, 5n], 'seconds'), [-3000, 5000])
    assert.deepEqual(convert([-3n, 5n], 'millis'), [-3, 5])
    assert.deepEqual(convert([-1n, -1000n, 1999n], 'micros'), [-1, -1, 1])
    assert.deepEqual(convert([-1n, -1_000_000n, 1_999_999n, 2n ** 62n], 'nanos'),
      [-1, -1, 1, Number(2n ** 62n / 1_000_000n)])
  })

  it('refuses integers that a double cannot hold, by name, unless they may be rounded', () => {
    assert.throws(() => convert([1n, 2n ** 53n + 1n], 'integer'),
      (error) => error instanceof UnsafeIntegerError && error.message === '9007199254740993')
    assert.throws(() => convert([2n ** 64n - 1n], 'integer', true, true), /^.*18446744073709551615/)
    assert.deepEqual(convert([2n ** 53n + 1n], 'integer', false), [2 ** 53])
    assert.deepEqual(convert([2n ** 53n + 1n], 'millis'), [2 ** 53])
  })
})
