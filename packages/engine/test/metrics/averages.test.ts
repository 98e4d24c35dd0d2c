import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { finishMetric, metricParts } from '../../src/metrics/parts.js'

/** Of scikit-learn; see make-auc-ovr-golden.py. */
const golden = JSON.parse(readFileSync(
  new URL('../../../test/metrics/auc-ovr.json', import.meta.url), 'utf8',
)) as {
  readonly scores: readonly (readonly number[])[]
  readonly labels: readonly number[]
  readonly weights: readonly number[]
  readonly auc: number
  readonly weighted: number
}

const spec = { name: 'auc_ovr', topK: 1, parameter: 0 }

describe('auc_ovr', () => {
  const planes = [0, 1, 2].map((k) => Float64Array.from(golden.scores, (row) => row[k]!))
  const labels = Float64Array.from(golden.labels)

  it('is that of scikit-learn, however rows are grouped', () => {
    const weights = Float64Array.from(golden.weights)
    for (const [own, expected] of [[null, golden.auc], [weights, golden.weighted]] as const) {
      for (const cuts of [[0, 40], [0, 7, 8, 25, 40]]) {
        const parts = cuts.slice(1).flatMap((end, i) => metricParts(
          spec, { name: 'multiclass', numClass: 3 },
          planes.map((plane) => plane.subarray(cuts[i], end)), labels.subarray(cuts[i], end),
          own?.subarray(cuts[i], end) ?? null)).reverse()
        const value = finishMetric('auc_ovr', parts, { sumWeight: 40, nRows: 40 })
        assert.ok(Math.abs(value - expected) < 1e-12, `${value} is not ${expected}`)
      }
    }
  })

  it('leaves out classes without rows, and is 1 where nothing is left', () => {
    const two = labels.map((label) => Math.min(label, 1))
    const of = (own: Float64Array): number => finishMetric('auc_ovr', metricParts(
      spec, { name: 'multiclass', numClass: 3 }, planes, own, null), { sumWeight: 40, nRows: 40 })
    assert.ok(of(two) > 0.5 && of(two) < 1)
    assert.equal(of(labels.map(() => 2)), 1)
  })
})
