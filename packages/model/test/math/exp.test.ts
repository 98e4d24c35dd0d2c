import assert from 'node:assert/strict'
import { exp } from '../../src/math/exp.js'
import { sigmoid, softplus } from '../../src/math/logistic.js'
import { bigExp, errorInUlps } from '../support/big-math.js'
import { TestRandom } from '../support/random.js'

describe('exp', () => {
  it('has the values of the standard at the edges', () => {
    assert.equal(exp(0), 1)
    assert.equal(exp(-0), 1)
    assert.ok(Math.abs(exp(1) - Math.E) <= 2 ** -51)
    assert.equal(exp(Infinity), Infinity)
    assert.equal(exp(-Infinity), 0)
    assert.ok(Object.is(exp(-Infinity), 0))
    assert.ok(Number.isNaN(exp(NaN)))
    assert.equal(exp(5e-324), 1)
    assert.equal(exp(-1e-300), 1)
  })

  it('overflows and underflows where e^x does', () => {
    assert.equal(exp(709.782712893384), 1.7976931348622732e308)
    assert.equal(exp(709.7827128933841), Infinity)
    assert.equal(exp(1e308), Infinity)
    assert.equal(exp(-745.1332191019411), 5e-324)
    assert.equal(exp(-745.1332191019412), 0)
    assert.equal(exp(-1e308), 0)
    assert.equal(exp(-708.3964185322641), 2.2250738585072626e-308)
  })

  it('is within 1 ulp of the true value', () => {
    const random = new TestRandom(1)
    let worst = 0
    for (let i = 0; i < 4000; i++) {
      const x = i % 4 === 0 ? random.between(-745.13, 709.78) : random.between(-40, 40)
      worst = Math.max(worst, errorInUlps(exp(x), bigExp(x)))
    }
    for (let n = -1074; n <= 1023; n++) {
      // Both sides of every change of n in the reduction, where r is largest.
      for (const x of [(n + 0.4999999) * Math.LN2, (n + 0.5000001) * Math.LN2]) {
        worst = Math.max(worst, errorInUlps(exp(x), bigExp(x)))
      }
    }
    assert.ok(worst < 1, `worst error ${worst} ulp`)
    assert.ok(worst > 0.5, 'an oracle that never disagrees is none')
  })

  it('is within 1 ulp where the result is subnormal', () => {
    const random = new TestRandom(2)
    for (let i = 0; i < 1000; i++) {
      const x = random.between(-745.13, -708)
      const error = errorInUlps(exp(x), bigExp(x))
      assert.ok(error < 1, `exp(${x}): ${error} ulp`)
    }
  })

  it('stays within 1 ulp of Math.exp on 200000 points', () => {
    const random = new TestRandom(3)
    for (let i = 0; i < 200_000; i++) {
      const x = random.between(-745, 709.7)
      const theirs = Math.exp(x)
      const tolerance = Math.max(theirs * 2 ** -52, 5e-324)
      assert.ok(Math.abs(exp(x) - theirs) <= tolerance, `exp(${x})`)
    }
  })

  it('never falls, step by step', () => {
    for (const start of [-745, -708.4, -1, -0.35, 0.3465, 1.0397, 20, 709]) {
      let last = exp(start)
      let x = start
      for (let i = 0; i < 2000; i++) {
        x += Math.abs(x) * 2 ** -40
        const next = exp(x)
        assert.ok(next >= last, `exp(${x})`)
        last = next
      }
    }
  })

  it('keeps its bits: a change of the order of operations shows here', () => {
    const random = new TestRandom(4)
    const view = new DataView(new ArrayBuffer(8))
    let hash = 0
    for (let i = 0; i < 20_000; i++) {
      view.setFloat64(0, exp(random.between(-745, 710)))
      hash = (Math.imul(hash, 31) + view.getInt32(0)) | 0
      hash = (Math.imul(hash, 31) + view.getInt32(4)) | 0
    }
    assert.equal(hash >>> 0, GOLDEN_EXP)
  })
})

/** Made by this very loop; both words of 20000 values. */
const GOLDEN_EXP = 1802211889

describe('sigmoid', () => {
  it('is 1/2 at 0, saturates, and sums to 1 with its mirror image', () => {
    assert.equal(sigmoid(0), 0.5)
    assert.equal(sigmoid(-Infinity), 0)
    assert.equal(sigmoid(-1000), 0)
    assert.equal(sigmoid(Infinity), 1)
    assert.equal(sigmoid(40), 1)
    assert.ok(Number.isNaN(sigmoid(NaN)))
    const random = new TestRandom(5)
    for (let i = 0; i < 1000; i++) {
      const x = random.between(-30, 30)
      assert.ok(Math.abs(sigmoid(x) + sigmoid(-x) - 1) <= 2 ** -52)
    }
  })
})

describe('softplus', () => {
  it('is ln(1 + e^x) in the middle, x on the right and e^x on the left', () => {
    assert.ok(Math.abs(softplus(0) - Math.LN2) <= 2 ** -53)
    assert.equal(softplus(800), 800)
    assert.equal(softplus(Infinity), Infinity)
    assert.equal(softplus(-Infinity), 0)
    assert.equal(softplus(-50), exp(-50))
    assert.ok(Number.isNaN(softplus(NaN)))
    for (let x = -20; x <= 20; x += 0.37) {
      const wanted = Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0)
      assert.ok(Math.abs(softplus(x) - wanted) <= 4 * 2 ** -52 * wanted, `softplus(${x})`)
    }
  })
})
