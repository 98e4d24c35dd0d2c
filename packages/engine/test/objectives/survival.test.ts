import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { erfc, type SurvivalDistribution } from '@coppice/model'
import {
  AFT_GRADIENT_MAX, AFT_HESSIAN_MAX, aftDerivatives, aftLoss,
} from '../../src/objectives/aft.js'
import { FormulaKernel } from '../../src/objectives/formula-kernel.js'
import { squaredLogDerivatives } from '../../src/objectives/squared-log-error.js'

type AftCase = readonly [
  SurvivalDistribution, scale: number, lower: number, upper: number | null, score: number,
  gradient: number, hessian: number, loss: number]

/** Of XGBoost, whose numbers are of 24 bits; see make-xgboost-golden.py. */
const golden = JSON.parse(readFileSync(
  new URL('../../../test/objectives/xgboost.json', import.meta.url), 'utf8',
)) as {
  readonly aft: readonly AftCase[]
  readonly squared_log_error: readonly (readonly [number, number, number, number])[]
}

const isNear = (a: number, b: number, tolerance: number): boolean =>
  Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))

describe('aft', () => {
  it('has the gradients, hessians and losses of XGBoost', () => {
    const out = new Float64Array(2)
    let nCompared = 0
    for (const [distribution, scale, lower, given, score, g, h, loss] of golden.aft) {
      const upper = given ?? Infinity
      const name = `${distribution} ${scale} [${lower}, ${upper}] at ${score}`
      // XGBoost's differences of distribution functions have no digits left there
      if (loss > 20 && lower !== upper) continue
      nCompared++
      aftDerivatives(distribution, scale)(score, lower, upper, out)
      assert.ok(isNear(out[1]!, h, 2e-5), `${name}: hessian ${out[1]} is not ${h}`)
      assert.ok(isNear(out[0]!, g, 2e-5), `${name}: gradient ${out[0]} is not ${g}`)
      const own = aftLoss(distribution, scale)(score, lower, upper)
      assert.ok(isNear(own, loss, 2e-6), `${name}: loss ${own} is not ${loss}`)
    }
    assert.ok(nCompared > 280, String(nCompared))
  })

  it('has the derivatives of its loss', () => {
    const out = new Float64Array(2)
    for (const distribution of ['normal', 'logistic', 'extreme'] as const) {
      for (const scale of [0.6, 1, 1.5]) {
        for (const [lower, upper] of [[2, 2], [3, Infinity], [0, 4], [1, 6]] as const) {
          for (let score = -0.5; score < 2.5; score += 0.31) {
            const loss = (s: number): number => aftLoss(distribution, scale)(s, lower, upper)
            const step = 1e-4
            const slope = (loss(score + step) - loss(score - step)) / (2 * step)
            const curve = (loss(score + step) - 2 * loss(score) + loss(score - step)) /
              (step * step)
            aftDerivatives(distribution, scale)(score, lower, upper, out)
            if (Math.abs(slope) < AFT_GRADIENT_MAX) assert.ok(isNear(out[0]!, slope, 1e-6))
            if (curve < AFT_HESSIAN_MAX) assert.ok(isNear(out[1]!, Math.max(0, curve), 1e-5))
          }
        }
      }
    }
  })

  it('stays finite and within its bounds, however far off a score is', () => {
    const out = new Float64Array(2)
    for (const distribution of ['normal', 'logistic', 'extreme'] as const) {
      for (const [lower, upper] of [
        [1, 1], [1, Infinity], [0, 1], [1, 2], [1e-90, 1e90], [1, 1 + 1e-15],
      ] as const) {
        for (const size of [0, 3, 9, 30, 100, 700, 1e5, 1e300]) {
          for (const score of [size, -size]) {
            aftDerivatives(distribution, 0.3)(score, lower, upper, out)
            assert.ok(Math.abs(out[0]!) <= AFT_GRADIENT_MAX && out[1]! > 0 &&
              out[1]! <= AFT_HESSIAN_MAX, `${distribution} [${lower}, ${upper}] at ${score}`)
            assert.ok(Number.isFinite(aftLoss(distribution, 0.3)(score, lower, upper)))
          }
        }
      }
    }
  })
})

describe('erfc', () => {
  it('is that of the C library at the ends of its intervals', () => {
    for (const [x, y] of [[-6, 2], [-1.1, 1.8802050695740817], [0, 1], [0.3, 0.6713732405408726],
      [0.8437, 0.2328020249475421], [0.85, 0.2293319423916475], [1.3, 0.06599205505934755],
      [2.8, 0.00007501319466545911], [2.9, 0.00004109787809945886], [4, 1.541725790028002e-8],
      [10, 2.088487583762545e-45], [26, 5.663192408856143e-296], [30, 0]] as const) {
      assert.ok(Math.abs(erfc(x) - y) <= 2e-16 * y, `erfc(${x})`)
    }
  })
})

describe('squared_log_error', () => {
  it('has the gradients and hessians of XGBoost, and the derivatives of its loss', () => {
    const out = new Float64Array(2)
    for (const [label, score, g, h] of golden.squared_log_error) {
      squaredLogDerivatives(score, label, label, out)
      assert.ok(isNear(out[1]!, h, 2e-5), `hessian ${out[1]} is not ${h}`)
      // what is told from one leaf has the digits of its cover
      assert.ok(isNear(out[0]!, g, 2e-5 * Math.max(1, h / Math.abs(g))), `${out[0]} is not ${g}`)
    }
    const loss = (s: number, y: number): number => (Math.log1p(s) - Math.log1p(y)) ** 2 / 2
    for (const y of [-0.5, 0, 3]) {
      for (let s = -0.8; s < 4; s += 0.37) {
        squaredLogDerivatives(s, y, y, out)
        const slope = (loss(s + 1e-5, y) - loss(s - 1e-5, y)) / 2e-5
        const curve = (loss(s + 1e-4, y) - 2 * loss(s, y) + loss(s - 1e-4, y)) / 1e-8
        assert.ok(isNear(out[0]!, slope, 1e-7))
        assert.ok(isNear(out[1]!, Math.max(curve, 1e-6), 1e-5))
      }
    }
  })
})

describe('FormulaKernel', () => {
  it('forgets what it made of scores when these change', () => {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const score = new Float64Array(memory.buffer, 0, 1)
    const pairs = new Int32Array(memory.buffer, 64)
    const kernel = new FormulaKernel((s, label, _second, out) => out.set([s - label, 1]), 1, {
      memory, nRows: 1, scores: 0, scorePlaneBytes: 16, labels: 16, weights: 0,
      gradients: 64, gradientStride: 8, gradientPlaneBytes: 16, quantum: 1, work: 0,
    })
    assert.equal(kernel.maxGradient(), 0)
    score[0] = 3
    kernel.onScores()
    kernel.gradients(4, 1)
    assert.deepEqual([...pairs.subarray(0, 2)], [12, 1])
  })
})
