import assert from 'node:assert/strict'
import fc from 'fast-check'
import { leafOutput } from '../../src/grower/leaf-output.js'

const double = (min: number, max: number) => fc.double({ min, max, noNaN: true })

describe('leafOutput', () => {
  it('minimises G w + (H + l2) w^2 / 2 + l1 |w| within +-max_delta_step', () => {
    fc.assert(fc.property(
      double(-50, 50), double(0.01, 50), double(0, 20), double(0, 5), double(0, 3), double(0, 2),
      (g, h, lambdaL1, lambdaL2, extra, maxDeltaStep) => {
        const loss = (w: number): number =>
          g * w + (h + lambdaL2 + extra) * w * w / 2 + lambdaL1 * Math.abs(w)
        const w = leafOutput(g, h, { lambdaL1, lambdaL2, maxDeltaStep }, extra)
        if (maxDeltaStep > 0) assert.ok(Math.abs(w) <= maxDeltaStep)
        for (const step of [1e-3, 1e-2, 0.1, 1]) {
          for (const other of [w - step, w + step]) {
            if (maxDeltaStep > 0 && Math.abs(other) > maxDeltaStep) continue
            assert.ok(loss(other) >= loss(w) - 1e-9)
          }
        }
      }))
  })

  it('is 0 without curvature', () => {
    const none = { lambdaL1: 0, lambdaL2: 0, maxDeltaStep: 0 }
    assert.equal(leafOutput(5, 0, none, 0), 0)
    assert.equal(leafOutput(5, 0, { ...none, lambdaL2: 2 }, 0.5), -2)
    assert.equal(leafOutput(-5, 10, { ...none, lambdaL1: 5 }, 0) + 0, 0)
  })
})
