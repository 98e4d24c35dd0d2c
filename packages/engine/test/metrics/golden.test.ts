import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Objective } from '@coppice/model'
import { aucMuCosts } from '../../src/metrics/auc-mu.js'
import { finishMetric, metricPart, metricParts } from '../../src/metrics/parts.js'

type Column = 'score' | 'number' | 'positive' | 'label' | 'weight'
type Values = Readonly<Record<string, number>>

/** Made by make-golden.py. */
const golden = JSON.parse(readFileSync(
  new URL('../../../test/metrics/golden-metrics.json', import.meta.url), 'utf8')) as
  Readonly<Record<Column, readonly number[]>> & {
    readonly metrics: Values, readonly weighted: Values
    readonly auc_mu: readonly {
      readonly scores: readonly (readonly number[])[], readonly label: readonly number[]
      readonly weight: readonly number[] | null, readonly costs: readonly number[]
      readonly value: number
    }[]
  }

const column = (name: Column): Float64Array => Float64Array.from(golden[name])

/** The objective whose predictions a metric is of, and the labels. */
function places(metric: string): readonly [Objective, Column] {
  switch (metric) {
    case 'rmsle': return [{ name: 'poisson', maxDeltaStep: 0.7 }, 'positive']
    case 'r2':
    case 'pseudo_huber':
    case 'expectile':
    case 'log_cosh': return [{ name: 'regression' }, 'number']
    default: return [{ name: 'binary', sigmoid: 1 }, 'label']
  }
}

describe('metrics beside scikit-learn and XGBoost', () => {
  const parameters: Readonly<Record<string, number>> = { pseudo_huber: 1.5, expectile: 0.7 }
  for (const metric of Object.keys(golden.metrics)) {
    it(`have their values, however rows are grouped: ${metric}`, () => {
      const [objective, labels] = places(metric)
      const spec = { name: metric, topK: 1, parameter: parameters[metric] ?? 0 }
      const [score, label, weight] = [column('score'), column(labels), column('weight')]
      const n = score.length
      for (const isWeighted of [false, true]) {
        const part = (from: number, to: number) => metricPart(
          spec, objective, [score.subarray(from, to)], label.subarray(from, to),
          isWeighted ? weight.subarray(from, to) : null)
        const sumWeight = isWeighted ? weight.reduce((sum, w) => sum + w, 0) : n
        const value = finishMetric(metric, [part(0, n)], { sumWeight, nRows: n })
        const expected = (isWeighted ? golden.weighted : golden.metrics)[metric]!
        // XGBoost computes in float32
        const tolerance = metric === 'pseudo_huber' ? 1e-6 : 1e-12
        assert.ok(Math.abs(value - expected) < tolerance, `${value}, not ${expected}`)
        for (const cut of [0, 1, 77]) {
          const parts = [part(cut, n), part(0, cut)]
          assert.equal(finishMetric(metric, parts, { sumWeight, nRows: n }), value)
        }
      }
    })
  }

  it('are 0 or 1 where there is nothing to divide', () => {
    const value = (metric: string, scores: number[], labels: number[]): number => {
      const [objective] = places(metric)
      const part = metricPart({ name: metric, topK: 1, parameter: 0 }, objective,
        [Float64Array.from(scores)], Float64Array.from(labels), null)
      return finishMetric(metric, [part], { sumWeight: scores.length, nRows: scores.length })
    }
    for (const metric of ['precision', 'recall', 'f1', 'mcc']) {
      assert.equal(value(metric, [-1, -2], [0, 0]), 0)
    }
    assert.equal(value('balanced_accuracy', [-1, 2], [0, 0]), 0.5)
    assert.equal(value('r2', [2, 2], [2, 2]), 1)
    assert.equal(value('r2', [1, 2], [2, 2]), 0)
    assert.throws(() => value('rmsle', [1], [-1]), { code: 'DATA', message: /labels above -1/ })
  })

  it('have their values, however rows are grouped: auc_mu', () => {
    for (const { scores, label, weight, costs, value } of golden.auc_mu) {
      const spec = { name: 'auc_mu', topK: 1, parameter: 0, costs }
      const part = (from: number, to: number) => metricParts(
        spec, { name: 'multiclass', numClass: 4 },
        scores.map((plane) => Float64Array.from(plane.slice(from, to))),
        Float64Array.from(label.slice(from, to)),
        weight === null ? null : Float64Array.from(weight.slice(from, to)))
      const size = { sumWeight: 1, nRows: label.length }
      const whole = finishMetric('auc_mu', part(0, 90), size)
      assert.ok(Math.abs(whole - value) < 1e-6, `${whole}, not ${value}`)
      for (const cut of [0, 1, 40]) {
        assert.equal(finishMetric('auc_mu', [...part(cut, 90), ...part(0, cut)], size), whole)
      }
    }
  })

  it('refuse costs that are no matrix of the classes', () => {
    const refuses = (aucMuWeights: number[], numClass: number, message: RegExp): void =>
      assert.throws(() => aucMuCosts({ aucMuWeights, numClass }), { code: 'PARAMETER', message })
    refuses([1, 2, 3], 2, /auc_mu_weights has 3 numbers; give num_class x num_class = 4/)
    refuses([0, 1, 0, 0], 2, /auc_mu_weights\[2\] is 0/)
    refuses([], 101, /at most 100 classes, num_class is 101/)
    assert.deepEqual(aucMuCosts({ aucMuWeights: [0, 2, 3, 0], numClass: 2 }), [0, 2, 3, 0])
  })

  it('count classes', () => {
    const scores = [[1, 0, 3], [2, 0, 1], [0, 0, 3]].map((plane) => Float64Array.from(plane))
    const part = metricPart({ name: 'accuracy', topK: 1, parameter: 0 },
      { name: 'multiclass', numClass: 3 }, scores, Float64Array.of(1, 0, 2), null)
    // the first of equal scores counts
    assert.equal(finishMetric('accuracy', [part], { sumWeight: 3, nRows: 3 }), 2 / 3)
  })
})
