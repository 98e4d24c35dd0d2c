import assert from 'node:assert/strict'
import { describeObjective, makeDataset, TestRandom } from '@coppice/testkit'
import { instantiateKernels } from '../../src/kernels/load.js'
import { finishMetric, isHigherBetter, metricPart, checkMetric } from '../../src/metrics/parts.js'
import {
  absoluteError, binaryError, binaryLogLoss, multiError, multiLogLoss, squaredError, type RowLoss,
} from '../../src/metrics/losses.js'
import { bindObjective } from '../../src/objectives/kernels.js'
import { specifyObjective } from '../../src/objectives/specify.js'
import { labelStatisticsOf } from '../../src/objectives/statistics.js'
import { resolveParams } from '../../src/params/index.js'
import { summarizeRows } from '../../src/training/summary.js'

const at = (loss: RowLoss, scores: readonly number[], label: number): number =>
  loss(scores.map((score) => Float64Array.of(score)), 0, label)

describe('losses', () => {
  it('are what their names say', () => {
    assert.equal(at(squaredError, [3], 1), 4)
    assert.equal(at(absoluteError, [3], 5), 2)
    assert.ok(Math.abs(at(binaryLogLoss(2), [0.5], 1) - Math.log(1 + Math.exp(-1))) < 1e-15)
    assert.ok(Math.abs(at(binaryLogLoss(1), [0.5], 0) - Math.log(1 + Math.exp(0.5))) < 1e-15)
    const three = [1, 2, 0.5]
    const sum = three.reduce((total, x) => total + Math.exp(x), 0)
    assert.ok(Math.abs(at(multiLogLoss, three, 2) - (Math.log(sum) - 0.5)) < 1e-15)
  })

  it('stay finite where a probability is 0', () => {
    const most = -Math.log(1e-15)
    for (const value of [at(binaryLogLoss(1), [1e9], 0), at(binaryLogLoss(1), [-1e9], 1),
      at(multiLogLoss, [0, 5000], 0)]) assert.ok(Math.abs(value - most) < 1e-12)
    assert.equal(at(binaryLogLoss(1), [1e9], 1) + 0, 0)
  })

  it('count errors: a score of 0 says class 0, ties of classes count against', () => {
    assert.deepEqual(
      [[0, 0], [0, 1], [1e-9, 1], [1e-9, 0], [-1, 0]].map(([s, y]) => at(binaryError(1), [s!], y!)),
      [0, 1, 0, 1, 0])
    assert.equal(at(multiError(1), [1, 3, 2], 1), 0)
    assert.equal(at(multiError(1), [1, 3, 3], 1), 1)
    assert.equal(at(multiError(2), [1, 3, 3], 1), 0)
    assert.equal(at(multiError(2), [1, 3, 2], 0), 1)
  })
})

describe('metric parts', () => {
  const random = new TestRandom(3)
  const n = 500
  const draw = (f: () => number): Float64Array => Float64Array.from({ length: n }, f)
  const objective = { name: 'binary', sigmoid: 1 } as const

  it('merge to the same value for any grouping of the rows', () => {
    const scores = draw(() => random.normal())
    const labels = draw(() => random.below(2))
    const weights = draw(() => random.uniform())
    for (const name of ['binary_logloss', 'binary_error', 'auc', 'l2', 'l1', 'rmse']) {
      for (const weighted of [false, true]) {
        const part = (from: number, to: number) => metricPart(
          { name, topK: 1 }, objective, [scores.subarray(from, to)], labels.subarray(from, to),
          weighted ? weights.subarray(from, to) : null)
        const whole = finishMetric(name, [part(0, n)], n)
        for (const cut of [0, 1, 100, 499]) {
          assert.equal(finishMetric(name, [part(cut, n), part(0, cut)], n), whole)
        }
        assert.ok(whole > 0)
      }
    }
  })

  it('takes the root for rmse only', () => {
    const part = metricPart({ name: 'rmse', topK: 1 }, { name: 'regression' },
      [Float64Array.of(3, 0)], Float64Array.of(0, 4), null)
    assert.equal(finishMetric('rmse', [part], 2), Math.sqrt(12.5))
    assert.equal(finishMetric('l2', [part], 2), 12.5)
  })

  it('knows direction and objectives', () => {
    assert.deepEqual(['auc', 'l2', 'multi_error'].map(isHigherBetter), [true, false, false])
    assert.throws(() => checkMetric('auc', 'regression'), {
      code: 'PARAMETER', message: /not defined for objective "regression"; use l2/,
    })
    assert.throws(() => checkMetric('ndcg', 'binary'), {
      code: 'PARAMETER', message: /not defined/,
    })
    checkMetric('rmse', 'regression')
  })
})

describe('gradients of the objectives', () => {
  const jobs = [
    ['regression', 'heavy-tailed', {}],
    ['binary', 'binary', { objective: 'binary', sigmoid: 1.5, scalePosWeight: 2 }],
    ['multiclass', { classes: 3 }, { objective: 'multiclass', numClass: 3 }],
  ] as const
  for (const [name, label, raw] of jobs) {
    it(`are the derivatives of the loss: ${name}`, () => {
      const params = resolveParams(raw)
      const { data } = makeDataset({ seed: 4, nRows: 60, features: [], label, weights: 'any' })
      const nClasses = name === 'regression' ? 0 : name === 'binary' ? 2 : 3
      const shape = { objective: name, nClasses, nOutputs: Math.max(1, nClasses) }
      const { spec, nOutputs } = specifyObjective(
        params, labelStatisticsOf(summarizeRows(data, shape, '')))
      const random = new TestRandom(9)
      const planes = Array.from({ length: nOutputs }, () =>
        Float64Array.from({ length: 60 }, () => random.normal()))
      const halfSquare: RowLoss = (...args) => squaredError(...args) / 2
      const loss = { regression: halfSquare, binary: binaryLogLoss(1.5), multiclass: multiLogLoss }[
        name]
      const memory = new WebAssembly.Memory({ initial: 4 })
      const put = (offset: number, values: Float64Array): number => {
        new Float64Array(memory.buffer, offset, values.length).set(values)
        return offset
      }
      planes.forEach((plane, k) => put(1024 + k * 480, plane))
      const inputs = {
        nRows: 60, scores: 1024, scorePlaneBytes: 480, labels: put(8192, data.label!),
        weights: put(16384, data.weight!), gradients: 32768, gradientStride: 8,
        gradientPlaneBytes: 480, work: 65536,
      }
      const [gScale, hScale] = [2 ** 10, 2 ** 20]
      bindObjective(spec, instantiateKernels(memory), inputs).gradients(gScale, hScale)
      const naive = describeObjective(params, data)
      const step = 1e-5
      let worst = 0
      for (let row = 0; row < 60; row++) {
        const y = data.label![row]!
        const w = data.weight![row]! * (name === 'binary' && y === 1 ? 2 : 1)
        const own = planes.map((plane) => plane[row]!)
        const moved = (k: number, delta: number): number => loss(
          own.map((s, j) => Float64Array.of(j === k ? s + delta : s)), 0, y)
        for (let k = 0; k < nOutputs; k++) {
          const [g, h] = new Int32Array(memory.buffer, 32768 + k * 480 + row * 8, 2)
          const slope = (moved(k, step) - moved(k, -step)) / (2 * step) * w
          worst = Math.max(worst, Math.abs(g! / gScale - slope) - 1e-6 * Math.abs(slope))
          const curve = (moved(k, step) - 2 * moved(k, 0) + moved(k, -step)) / (step * step) * w
          // LightGBM's softmax hessian has the factor K / (K - 1)
          const factor = name === 'multiclass' ? 1.5 : 1
          if (name !== 'regression') {
            assert.ok(Math.abs(h! / hScale - factor * curve) < 1e-3, `hessian of row ${row}`)
          } else assert.equal(h! / hScale, Math.round(w * hScale) / hScale)
          const [own1] = naive.derivatives(own, y, data.weight![row]!)[k]!
          assert.ok(Math.abs(own1 - slope) <= 1e-6 * Math.max(1, Math.abs(slope)))
        }
      }
      // half a unit of the fixed point, and what finite differences are off
      assert.ok(worst <= 0.5 / gScale + 1e-6, `gradients are off by ${worst}`)
    })
  }
})
