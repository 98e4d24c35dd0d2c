import assert from 'node:assert/strict'
import type { Objective } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { haveEqualHessians } from '../../src/execution/equal-hessians.js'
import { instantiateKernels } from '../../src/kernels/load.js'
import { bindObjective } from '../../src/objectives/kernels.js'

const objectives: readonly Objective[] = [
  { name: 'regression' }, { name: 'regression_sqrt' }, { name: 'regression_l1' },
  { name: 'quantile', alpha: 0.3 }, { name: 'mape' }, { name: 'huber', alpha: 0.7 },
  { name: 'fair', c: 1 }, { name: 'poisson', maxDeltaStep: 0.7 }, { name: 'gamma' },
  { name: 'tweedie', variancePower: 1.4 }, { name: 'cross_entropy' },
  { name: 'cross_entropy_lambda' }, { name: 'binary', sigmoid: 1 },
  { name: 'multiclass', numClass: 2 }, { name: 'multiclassova', numClass: 2, sigmoid: 1 },
  { name: 'expectile', alpha: 0.3 }, { name: 'pseudo_huber', slope: 1 }, { name: 'log_cosh' },
  { name: 'focal', gamma: 2, alpha: 0.25 }, { name: 'hinge' },
  { name: 'multi_quantile', quantiles: [0.2, 0.8] }, { name: 'multi_regression', numTarget: 2 },
  { name: 'multi_label', numTarget: 2 }, { name: 'squared_log_error' },
]

const nRows = 200
const planeBytes = nRows * 8
const [scores, labels, gradients, work] = [1024, 16_384, 32_768, 65_536]

/** The hessians of the first score, of rows of any labels and scores. */
function hessiansOf(objective: Objective): number[] {
  const memory = new WebAssembly.Memory({ initial: 4 })
  const spec = { objective, binaryWeights: [1, 1, 1, 1], gradientBound: null, hessianBound: 1 }
  const random = new TestRandom(5)
  const fill = (at: number, draw: () => number): void => {
    new Float64Array(memory.buffer, at, nRows * 2).forEach((_, i, all) => { all[i] = draw() })
  }
  fill(scores, () => random.normal() * 2)
  fill(labels, () => random.below(2))
  bindObjective(spec, instantiateKernels(memory), {
    memory, nRows, scores, scorePlaneBytes: planeBytes, labels, weights: 0, gradients,
    gradientStride: 8, gradientPlaneBytes: planeBytes, quantum: 2 ** -40, work,
  }).gradients(2 ** 20, 2 ** 20)
  const pairs = new Int32Array(memory.buffer, gradients, nRows * 2)
  return Array.from({ length: nRows }, (_, row) => pairs[row * 2 + 1]!)
}

describe('haveEqualHessians', () => {
  for (const objective of objectives) {
    it(`says of ${objective.name} what its kernel does`, () => {
      const spec = { objective, binaryWeights: [], gradientBound: null, hessianBound: 1 }
      const isTold = haveEqualHessians({ objective: spec, usesGoss: false }, { weight: null })
      assert.equal(isTold, new Set(hessiansOf(objective)).size === 1)
    })
  }

  it('is false where rows have weights, or get some', () => {
    const spec = {
      objective: { name: 'regression' }, binaryWeights: [], gradientBound: null, hessianBound: 1,
    } as const
    const weight = new Float64Array(3)
    assert.equal(haveEqualHessians({ objective: spec, usesGoss: false }, { weight: null }), true)
    assert.equal(haveEqualHessians({ objective: spec, usesGoss: false }, { weight }), false)
    assert.equal(haveEqualHessians({ objective: spec, usesGoss: true }, { weight: null }), false)
  })
})
