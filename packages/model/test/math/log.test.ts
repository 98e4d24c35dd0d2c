import assert from 'node:assert/strict'
import { log, log1p } from '../../src/math/log.js'
import { type BigFloat, bigLog, errorInUlps, toBigFloat, toFixed } from '../support/big-math.js'
import { TestRandom } from '../support/random.js'

/** Fixed-point numbers have 256 bits after the point. */
const asBigFloat = (fixed: bigint): BigFloat => ({ mantissa: fixed, exponent: 0n })

describe('log', () => {
  it('has the values of the standard at the edges', () => {
    assert.equal(log(1), 0)
    assert.ok(Object.is(log(1), 0))
    assert.equal(log(0), -Infinity)
    assert.equal(log(-0), -Infinity)
    assert.equal(log(Infinity), Infinity)
    assert.ok(Number.isNaN(log(-1)))
    assert.ok(Number.isNaN(log(-Infinity)))
    assert.ok(Number.isNaN(log(NaN)))
    assert.equal(log(2), Math.LN2)
    assert.equal(log(10), Math.LN10)
    assert.equal(log(5e-324), -744.4400719213812)
    assert.equal(log(1.7976931348623157e308), 709.782712893384)
  })

  it('is within 1 ulp of the true value, subnormals included', () => {
    const random = new TestRandom(11)
    let worst = 0
    const check = (x: number) => {
      worst = Math.max(worst, errorInUlps(log(x), asBigFloat(bigLog(toBigFloat(x)))))
    }
    for (let i = 0; i < 1500; i++) {
      check(random.between(0, 4))
      check(random.between(0.9, 1.1))
      check(random.unit() * 2 ** random.between(-1060, 1023))
    }
    check(2.225073858507201e-308)
    check(2.2250738585072014e-308)
    check(0.7071067811865475)
    check(1.4142135623730951)
    assert.ok(worst < 1, `worst error ${worst} ulp`)
    assert.ok(worst > 0.5, 'an oracle that never disagrees is none')
  })

  it('stays within 1 ulp of Math.log on 200000 points', () => {
    const random = new TestRandom(12)
    for (let i = 0; i < 200_000; i++) {
      const scale = i % 2 === 0 ? 2 : 2 ** random.between(-1060, 1023)
      const x = random.unit() * scale
      if (x === 0) continue
      assert.ok(Math.abs(log(x) - Math.log(x)) <= Math.abs(Math.log(x)) * 2 ** -52, `log(${x})`)
    }
  })

  it('keeps its bits: a change of the order of operations shows here', () => {
    const random = new TestRandom(13)
    const view = new DataView(new ArrayBuffer(8))
    let hash = 0
    for (let i = 0; i < 20_000; i++) {
      view.setFloat64(0, log(i % 2 === 0 ? random.between(0, 2) : random.between(0, 1e9)))
      hash = (Math.imul(hash, 31) + view.getInt32(0)) | 0
      hash = (Math.imul(hash, 31) + view.getInt32(4)) | 0
    }
    assert.equal(hash >>> 0, GOLDEN_LOG)
  })
})

/** Made by this very loop; both words of 20000 values. */
const GOLDEN_LOG = 2718619201

describe('log1p', () => {
  it('has the values of the standard at the edges', () => {
    assert.ok(Object.is(log1p(0), 0))
    assert.ok(Object.is(log1p(-0), -0))
    assert.equal(log1p(-1), -Infinity)
    assert.equal(log1p(Infinity), Infinity)
    assert.ok(Number.isNaN(log1p(-1.5)))
    assert.ok(Number.isNaN(log1p(NaN)))
    assert.equal(log1p(1e-300), 1e-300)
    assert.equal(log1p(-5e-324), -5e-324)
    assert.equal(log1p(1e300), log(1e300))
  })

  it('is within 1 ulp of the true value', () => {
    const random = new TestRandom(14)
    const one = toFixed(1)
    let worst = 0
    for (let i = 0; i < 4000; i++) {
      const sign = random.below(2) === 0 ? 1 : -1
      const x = i % 2 === 0
        ? random.between(-0.999, 3)
        : Math.max(-0.99, sign * random.unit() * 2 ** random.between(-60, 70))
      const truth = bigLog({ mantissa: one + toFixed(x), exponent: 0n })
      worst = Math.max(worst, errorInUlps(log1p(x), asBigFloat(truth)))
    }
    assert.ok(worst < 1, `worst error ${worst} ulp`)
  })
})
