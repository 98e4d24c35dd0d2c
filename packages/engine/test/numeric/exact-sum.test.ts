import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  ceilPowerOfTwo, ExactSum, powerOfTwo, scaledBigInt,
} from '../../src/numeric/exact-sum.js'
import { roundTiesToEven } from '../../src/numeric/rounding.js'

/** A finite double as a whole number of 2^-1074. */
function exactly(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const exponent = Number(bits >> 52n & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const magnitude = exponent === 0 ? fraction
    : (fraction | 0x10000000000000n) << BigInt(exponent - 1)
  return value < 0 ? -magnitude : magnitude
}

/** The double nearest to units of 2^-1074, ties to even: found by bisection over all doubles. */
function nearest(units: bigint): number {
  const magnitude = units < 0n ? -units : units
  const view = new DataView(new ArrayBuffer(8))
  const double = (bits: bigint): number => {
    view.setBigUint64(0, bits)
    return view.getFloat64(0)
  }
  let low = 0n
  let high = 0x7fefffffffffffffn
  while (low < high) {
    const middle = (low + high + 1n) >> 1n
    if (exactly(double(middle)) <= magnitude) low = middle
    else high = middle - 1n
  }
  const below = magnitude - exactly(double(low))
  const step = exactly(double(low + 1n)) - exactly(double(low))
  const up = 2n * below > step || (2n * below === step && low % 2n === 1n)
  const result = double(up ? low + 1n : low)
  return units < 0n ? -result : result
}

// subnormal results are not promised
const doubles = fc.array(fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(1e16, -1e16, 1, -1, 2 ** -53, 2 ** 53, 1e-300, 5e-324, -0, 0.1),
), { maxLength: 60 })

const sumOf = (values: readonly number[]): ExactSum => {
  const sum = new ExactSum()
  for (const value of values) sum.add(value)
  return sum
}
const isNormal = (value: number): boolean => value === 0 || Math.abs(value) >= 2 ** -1022

describe('ExactSum', () => {
  it('is the exact sum, rounded once', () => {
    fc.assert(fc.property(doubles, (values) => {
      const expected = nearest(values.reduce((sum, value) => sum + exactly(value), 0n))
      if (isNormal(expected)) assert.equal(sumOf(values).value(), expected + 0)
    }), { numRuns: 400 })
  })

  it('does not depend on order or grouping', () => {
    fc.assert(fc.property(doubles, fc.infiniteStream(fc.nat(4)), (values, groups) => {
      const parts = Array.from({ length: 5 }, () => new ExactSum())
      const stream = groups[Symbol.iterator]()
      for (const value of [...values].reverse()) parts[stream.next().value!]!.add(value)
      const pairs = new ExactSum()
      pairs.merge(parts[3]!.parts())
      pairs.merge(parts[1]!.parts())
      const total = new ExactSum()
      total.merge(parts[4]!.parts())
      total.merge(pairs.parts())
      total.merge(parts[0]!.parts())
      // parts cross threads as JSON-like data
      total.merge(JSON.parse(JSON.stringify(parts[2]!.parts())) as number[])
      assert.deepEqual(total.parts(), sumOf(values).parts())
      assert.equal(total.value(), sumOf(values).value())
    }))
  })

  it('carries in time: millions of the same sign', () => {
    // all bits set: every piece is as large as it gets, and odd
    const sum = new ExactSum()
    const value = 2 - 2 ** -52
    const n = 2 ** 22 + 1
    for (let i = 0; i < n; i++) sum.add(-value)
    assert.equal(sum.value(), nearest(-exactly(value) * BigInt(n)))
    for (let i = 0; i < n; i++) sum.add(value)
    assert.equal(sum.value(), 0)
  })

  it('cancels to nothing', () => {
    const sum = sumOf([1e300, 1, 1e-300, -1e300, -1])
    assert.equal(sum.value(), 1e-300)
    sum.add(-1e-300)
    assert.ok(Object.is(sum.value(), 0))
    assert.ok(Object.is(new ExactSum().value(), 0))
  })

  it('is Infinity with a number that is not finite, whatever else is added', () => {
    for (const value of [Infinity, -Infinity, NaN, -NaN]) {
      const sum = sumOf([1, value, -1e308, -1e308])
      assert.equal(sum.value(), Infinity)
      const other = sumOf([Infinity, Infinity, -Infinity, NaN, 3])
      other.merge(sum.parts())
      assert.equal(other.value(), Infinity)
    }
  })

  it('goes on after it was read', () => {
    const sum = sumOf([0.1])
    assert.equal(sum.value(), 0.1)
    sum.add(0.2)
    assert.equal(sum.value(), 0.1 + 0.2)
  })
})

describe('scaledBigInt', () => {
  it('rounds once, at any exponent', () => {
    fc.assert(fc.property(
      fc.bigInt({ min: -(2n ** 400n), max: 2n ** 400n }), fc.integer({ min: -1000, max: 500 }),
      (value, exponent) => {
        const expected = nearest(exponent + 1074 >= 0 ? value << BigInt(exponent + 1074) : 0n)
        if (exponent + 1074 >= 0 && isNormal(expected)) {
          assert.equal(scaledBigInt(value, exponent), expected)
        }
      }))
  })
})

describe('powers of two', () => {
  it('powerOfTwo is exact over its range', () => {
    for (let n = -1022; n <= 1023; n++) assert.equal(powerOfTwo(n), 2 ** n)
  })

  it('ceilPowerOfTwo is the smallest power that is not below', () => {
    fc.assert(fc.property(fc.double({ min: 2 ** -1000, max: 2 ** 1000, noNaN: true }), (x) => {
      const power = ceilPowerOfTwo(x)
      assert.ok(power >= x && power / 2 < x)
      assert.ok(Number.isInteger(Math.log2(power)))
    }))
    for (const n of [-1000, -1, 0, 1, 30, 1000]) assert.equal(ceilPowerOfTwo(2 ** n), 2 ** n)
  })
})

describe('roundTiesToEven', () => {
  it('is the nearest integer, of two the even one', () => {
    fc.assert(fc.property(fc.double({ min: -(2 ** 50), max: 2 ** 50, noNaN: true }), (x) => {
      const n = roundTiesToEven(x)
      assert.ok(Number.isInteger(n) && Math.abs(n - x) <= 0.5)
      if (Math.abs(n - x) === 0.5) assert.equal(n % 2 + 0, 0)
    }))
    assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5].map((x) => roundTiesToEven(x) + 0),
      [0, 2, 2, 0, -2])
  })
})
