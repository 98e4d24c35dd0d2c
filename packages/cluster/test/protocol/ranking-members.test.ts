import assert from 'node:assert/strict'
import { resolveParams, summarizeRows, targetShape } from '@coppice/engine'
import { engineSetup, rowSummary, targetShape as shapeSchema }
  from '../../src/protocol/engine-schemas.js'
import { decodeRecord, encodeRecord } from '../../src/journal/record-codec.js'
import { checkValue, object, optional, count } from '../../src/protocol/schema.js'
import { toWorkerSamples } from './samples.js'

describe('members that only rankings have', () => {
  const shape = targetShape(resolveParams({ objective: 'lambdarank' }))

  it('come through as they are', () => {
    assert.deepEqual(checkValue(shapeSchema, shape, 'a shape'), shape)
    const summary = summarizeRows({
      nRows: 3, label: Float64Array.of(0, 1, 2), weight: null, initScore: null,
      groupSizes: Uint32Array.of(1, 2), shownAt: Float64Array.of(4, 0, 1),
    }, shape, '')
    assert.equal(summary.queries?.nQueries, 2)
    assert.equal(summary.queries?.nPositions, 5)
    assert.deepEqual(checkValue(rowSummary, summary, 'a summary'), summary)
    const { setup } = Object.values(toWorkerSamples).flat()
      .find((message) => 'setup' in message) as unknown as { setup: { objective: object } }
    const ranking = {
      labelGain: [0, 1, 3], truncationLevel: 30, isNormed: true, sigmoid: 1, seed: 5, nPositions: 5,
    }
    const ranked = { ...setup, objective: { ...setup.objective, ranking } }
    assert.deepEqual(checkValue(engineSetup, ranked, 'a setup'), ranked)
    assert.throws(() => checkValue(engineSetup, {
      ...setup, objective: { ...setup.objective, ranking: { ...ranking, labelGain: [] } },
    }, 'a setup'), /gains of labels/)
  })

  it('are in the records of a journal', () => {
    const record = {
      kind: 'iteration', iteration: 3, trees: [], rescale: null, metrics: [],
      positionBiases: [0.25, -1e-9, 0], chainHash: 'a'.repeat(64),
    } as const
    assert.deepEqual(decodeRecord(encodeRecord(record)), record)
    assert.throws(() => decodeRecord(encodeRecord({ ...record, positionBiases: [NaN] })))
  })

  it('may be absent, and nothing else may', () => {
    const schema = object<{ a: number, b?: number }>({ a: count, b: optional(count) })
    assert.deepEqual(checkValue(schema, { a: 1 }, 'it'), { a: 1 })
    assert.deepEqual(checkValue(schema, { a: 1, b: 2 }, 'it'), { a: 1, b: 2 })
    for (const wrong of [{ b: 2 }, { a: 1, b: null }, { a: 1, b: undefined }, { a: 1, c: 2 }]) {
      assert.throws(() => checkValue(schema, wrong, 'it'), { name: 'ProtocolError' })
    }
  })
})
