import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import type { Kernels } from '../../src/kernels/api.js'
import { ShapedKind } from '../../src/kernels/objective-kinds.js'
import { instantiateKernels } from '../../src/kernels/load.js'
import { referenceKernels } from '../../src/kernels/reference.js'
import { shapedDerivatives } from '../../src/kernels/reference-shaped.js'
import { shapedObjective, shapedSpec } from '../../src/objectives/shaped.js'
import { resolveParams } from '../../src/params/index.js'

const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

/** Losses of a row by its score. */
const focalLoss = (a: number, b: number) => (s: number, y: number): number => {
  const p = logistic(y > 0.5 ? s : -s)
  return -(y > 0.5 ? b : 1 - b) * (1 - p) ** a * Math.log(p)
}
const hingeLoss = (s: number, y: number): number => Math.max(0, 1 - (y > 0.5 ? s : -s))

describe('objectives beyond those of LightGBM', () => {
  const names = Object.keys(ShapedKind) as (keyof typeof ShapedKind)[]

  for (const name of names) {
    it(`have kernels with the bits of their twins: ${name}`, () => {
      const random = new TestRandom(6)
      const kind = ShapedKind[name]
      const n = 301
      const isClass = name === 'focal' || name === 'hinge'
      const columns = [
        (i: number) => i < 4 ? [1e5, -1e5, 0, -0][i]! : random.normal() * (i % 3 === 0 ? 300 : 2),
        () => isClass ? random.below(2) : random.normal(),
        () => random.uniform() * 3,
      ].map((draw) => Float64Array.from({ length: n }, (_, i) => draw(i)))
      for (const weighted of [false, true]) {
        const run = (make: (memory: WebAssembly.Memory) => Kernels): [Uint8Array, number] => {
          const memory = new WebAssembly.Memory({ initial: 4 })
          const [score, label, weight] = columns.map((values, c) => {
            new Float64Array(memory.buffer, 1024 + c * 4096, n).set(values)
            return 1024 + c * 4096
          })
          const kernels = make(memory)
          const w = weighted ? weight! : 0
          kernels.shapedGradients(
            kind, 0.3, 0.25, 32768, 16, score!, label!, w, n, 2 ** 12, 2 ** 20)
          return [new Uint8Array(memory.buffer, 32768, n * 16).slice(),
            kernels.shapedMaximum(kind, 0.3, 0.25, score!, label!, w, n)]
        }
        assert.deepEqual(run(instantiateKernels), run(referenceKernels))
      }
    })
  }

  it('have the derivatives of the focal loss, whose hessian has a floor', () => {
    for (const [gamma, alpha] of [[0, 0.5], [2, 0.25], [3.5, 0.9]] as const) {
      const loss = focalLoss(gamma, alpha)
      for (let s = -6; s <= 6; s += 0.37) {
        for (const y of [0, 1]) {
          const [g, h] = shapedDerivatives(ShapedKind.focal, gamma, alpha, s, y)
          const step = 1e-4
          const slope = (loss(s + step, y) - loss(s - step, y)) / (2 * step)
          const curve = (loss(s + step, y) - 2 * loss(s, y) + loss(s - step, y)) / (step * step)
          assert.ok(Math.abs(g - slope) < 1e-7, `${g} is not ${slope}`)
          const floor = 1e-6 * (y > 0.5 ? alpha : 1 - alpha)
          assert.ok(Math.abs(h - Math.max(curve, floor)) < 1e-6, `${h} is not ${curve}`)
        }
      }
    }
    // without the focus it is log-loss, halved
    const [g, h] = shapedDerivatives(ShapedKind.focal, 0, 0.5, 0.7, 1)
    const p = logistic(0.7)
    assert.ok(Math.abs(g - (p - 1) / 2) < 1e-15 && Math.abs(h - p * (1 - p) / 2) < 1e-15)
  })

  it('have the subgradients of hinge', () => {
    for (const [s, y] of [[0.9, 1], [1.1, 1], [-0.9, 0], [-1.1, 0], [3, 0], [-3, 1]] as const) {
      const slope = (hingeLoss(s + 1e-6, y) - hingeLoss(s - 1e-6, y)) / 2e-6
      assert.deepEqual(shapedDerivatives(ShapedKind.hinge, 0, 0, s, y).map((x) => x + 0),
        [Math.round(slope), slope === 0 ? 0 : 1])
    }
  })

  it('stay within the bounds that are said to be proven', () => {
    const statistics = {
      nRows: 1, sumWeight: 1, sumWeightedLabel: 1, classWeights: [1, 1], classCounts: [1, 1],
      maxAbsLabel: 1, maxWeight: 1, hasWeight: false,
    }
    for (const focalGamma of [0, 0.5, 2, 10, 100]) {
      for (const focalAlpha of [0.01, 0.25, 0.9]) {
        const params = resolveParams({ objective: 'focal', focalGamma, focalAlpha })
        const spec = shapedSpec(shapedObjective('focal', params), statistics)
        for (let s = -40; s <= 40; s += 0.05) {
          for (const y of [0, 1]) {
            const [g, h] = shapedDerivatives(ShapedKind.focal, focalGamma, focalAlpha, s, y)
            assert.ok(Math.abs(g) <= spec.gradientBound! && h >= 0 && h <= spec.hessianBound)
          }
        }
      }
    }
  })
})
