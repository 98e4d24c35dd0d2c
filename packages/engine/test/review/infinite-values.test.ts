import assert from 'node:assert/strict'
import { createPredictor, parseModel, serializeModel } from '@coppice/model'
import { binLookup, binValues, findNumericBins, ValueSample } from '../../src/binning/index.js'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { train } from '../../src/training/train.js'

/** One numeric feature, binned as a reader does, and labels of its rows. */
function dataOf(values: readonly number[], label: readonly number[]): BinnedDataset {
  const column = Float64Array.from(values)
  const sample = new ValueSample()
  sample.add(column, null)
  const { mapper } = findNumericBins(
    sample.finish(), { maxBin: 255, minDataInBin: 1, useMissing: true, zeroAsMissing: false })
  const nRows = values.length
  const bins = new Uint8Array(nRows)
  const lookup = binLookup(mapper)
  assert.ok(lookup.kind === 'numeric')
  binValues(lookup, column, 0, nRows, bins, 0, 1)
  return {
    nRows, features: [{ name: 'x', mapper, categories: null }],
    blocks: [{ firstRow: 0, nRows, bins }], label: Float64Array.from(label), classes: null,
    weight: null, initScore: null, groupSizes: null,
  }
}

describe('a model of infinite values', () => {
  const params = {
    numIterations: 1, learningRate: 1, numLeaves: 8, minDataInLeaf: 1, minSumHessianInLeaf: 0,
  }
  for (const largest of [2, 1e300, 1.7976931348623153e308]) {
    for (const withNaN of [false, true]) {
      it(`predicts what it was trained on, up to ${largest}${withNaN ? ', NaN too' : ''}`,
        async () => {
          const distinct = [-Infinity, -largest, 1, largest, Infinity, ...withNaN ? [NaN] : []]
          const values = [...distinct, ...distinct, ...distinct]
          // each value has a label of its own, far from its neighbours'
          const label = values.map((_, i) => [64, 0, 32, 8, -64, 16][i % distinct.length]!)
          const { model } = await train({ params, train: dataOf(values, label) },
            new InlineExecutor())
          const predictor = createPredictor(parseModel(serializeModel(model)))
          const raw = predictor.predictRaw({ data: Float64Array.from(values),
            shape: [values.length, 1] })
          // enough leaves for one per value: exact but for the grid
          raw.forEach((score, row) => assert.ok(
            Math.abs(score - label[row]!) < 1e-6, `row ${row}: ${values[row]} gives ${score}`))
        })
    }
  }
})
