import assert from 'node:assert/strict'
import { resolveParams, summarizeRows, targetShape } from '@coppice/engine'
import { engineSetup, rowSummary } from '../../src/protocol/engine-schemas.js'
import { objective } from '../../src/protocol/model-schemas.js'
import { checkValue } from '../../src/protocol/schema.js'
import { toWorkerSamples } from './samples.js'

describe('members that only several scores of a row have', () => {
  it('come through as they are', () => {
    const shape = targetShape(resolveParams({ objective: 'multi_regression', num_target: 2 }))
    const summary = summarizeRows({
      nRows: 2, label: Float64Array.of(1, -8, 3, 4), weight: null,
      initScore: Float64Array.of(0, 5, -2, 1),
    }, shape, '')
    assert.deepEqual(summary.targets!.map((target) => [target.maxAbsLabel, target.maxAbsInitScore]),
      [[3, 2], [8, 5]])
    assert.deepEqual(checkValue(rowSummary, summary, 'a summary'), summary)
    const { setup } = Object.values(toWorkerSamples).flat()
      .find((message) => 'setup' in message) as unknown as { setup: object }
    const own = { ...setup, quanta: [2, 2 ** -900, 0.5] }
    assert.deepEqual(checkValue(engineSetup, own, 'a setup'), own)
    for (const quanta of [[NaN], 1, [Infinity]]) {
      assert.throws(() => checkValue(engineSetup, { ...setup, quanta }, 'a setup'), /quanta/)
    }
    const sorted = { name: 'multi_quantile', quantiles: [0.1, 0.9], sorted: true }
    assert.deepEqual(checkValue(objective, sorted, 'a loss'), sorted)
    assert.throws(() => checkValue(objective, { ...sorted, sorted: false }, 'a loss'), /sorted/)
  })
})
