import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import {
  binaryError, binaryLogLoss, multiError, multiLogLoss, ovaLogLoss, type RowLoss,
} from '../../src/metrics/losses.js'
import { checkMetric, isHigherBetter, metricsOf } from '../../src/metrics/names.js'
import { numberLoss } from '../../src/metrics/number-losses.js'
import { finishMetric, metricPart } from '../../src/metrics/parts.js'

const at = (loss: RowLoss, scores: readonly number[], label: number): number =>
  loss(scores.map((score) => Float64Array.of(score)), 0, label)

describe('losses', () => {
  it('are what their names say', () => {
    assert.equal(numberLoss('l2', 0)(3, 1), 4)
    assert.equal(numberLoss('l1', 0)(3, 5), 2)
    assert.ok(Math.abs(at(ovaLogLoss(2), [5, 0.5], 1) - Math.log(1 + Math.exp(-1))) < 1e-15)
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
  const size = { sumWeight: n, nRows: n }

  it('merge to the same value for any grouping of the rows', () => {
    const scores = draw(() => random.normal())
    const labels = draw(() => random.below(2))
    const weights = draw(() => random.uniform())
    for (const name of ['binary_logloss', 'binary_error', 'auc', 'average_precision', 'l2', 'l1',
      'rmse', 'cross_entropy', 'kullback_leibler']) {
      for (const weighted of [false, true]) {
        const part = (from: number, to: number) => metricPart(
          { name, topK: 1, parameter: 0 }, objective, [scores.subarray(from, to)],
          labels.subarray(from, to), weighted ? weights.subarray(from, to) : null)
        const whole = finishMetric(name, [part(0, n)], size)
        for (const cut of [0, 1, 100, 499]) {
          assert.equal(finishMetric(name, [part(cut, n), part(0, cut)], size), whole)
        }
        assert.ok(whole > 0)
      }
    }
  })

  it('takes the root for rmse only', () => {
    const part = metricPart({ name: 'rmse', topK: 1, parameter: 0 }, { name: 'regression' },
      [Float64Array.of(3, 0)], Float64Array.of(0, 4), null)
    assert.equal(finishMetric('rmse', [part], { sumWeight: 2, nRows: 2 }), Math.sqrt(12.5))
    assert.equal(finishMetric('l2', [part], { sumWeight: 2, nRows: 2 }), 12.5)
  })

  it('knows direction and objectives', () => {
    assert.deepEqual(['auc', 'l2', 'multi_error'].map(isHigherBetter), [true, false, false])
    assert.throws(() => checkMetric('auc', 'regression'), {
      code: 'PARAMETER', message: /not defined for objective "regression"; use l2/,
    })
    assert.throws(() => checkMetric('ndcg', 'binary'), {
      code: 'PARAMETER', message: /not defined/,
    })
    assert.throws(() => checkMetric('gamma', 'regression'), { code: 'PARAMETER' })
    checkMetric('rmse', 'regression')
    checkMetric('quantile', 'poisson')
    assert.equal(metricsOf('gamma')[0], 'gamma')
  })
})
