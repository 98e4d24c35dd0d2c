import assert from 'node:assert/strict'
import type { Model } from '../../src/types.js'
import { compileForest, NodeKind } from '../../src/predict/forest.js'
import { createPredictor } from '../../src/predict/predictor.js'
import { withChain } from '../support/random-model.js'

/** One split on a dictionary of the numbers 0, 1, ... */
function categoricalStump(nCategories: number, leftCategories: readonly number[]): Model {
  return withChain({
    format: 'coppice-model', formatVersion: 1, objective: { name: 'regression' }, classes: null,
    features: [{
      name: 'c', kind: 'categorical', categories: Array.from({ length: nCategories }, (_, i) => i),
    }],
    treesPerIteration: 1, baseScores: [0],
    trees: [{
      splitFeature: [0], splitGain: [1], threshold: [null], leftCategories: [leftCategories],
      defaultLeft: [false], leftChild: [-1], rightChild: [-2], nodeValue: [0], nodeWeight: [1],
      nodeCount: [1], leafValue: [1, 0], leafWeight: [1, 1], leafCount: [1, 1],
    }],
    bestIteration: null, parameters: {}, evaluation: [],
  })
}

describe('compileForest', () => {
  const n = 1000
  const all = Float64Array.from({ length: n + 3 }, (_, i) => i - 1)
  const sets = [
    [0], [31], [32], [70], [n - 1], [0, 31], [32, 63], [64, 95, 96], [0, 1, 2, 300],
    [0, n - 1], [5, 500, 999], Array.from({ length: n }, (_, i) => i),
  ]
  for (const codes of sets) {
    it(`sends exactly the codes [${codes.slice(0, 5).join(', ')}...] left`, () => {
      const values = createPredictor(categoricalStump(n, codes)).predictEncoded(all)
      const left = [...all].filter((_, i) => values[i] === 1)
      assert.deepEqual(left, codes)
    })
  }

  it('stores few codes out of very many as a list, so memory stays that of the model', () => {
    const sparse = compileForest(categoricalStump(100_000, [1, 99_999]), [0, 1])
    assert.equal(sparse.nodes[0]! & 3, NodeKind.list)
    assert.deepEqual([...sparse.sets], [2, 1, 99_999])
    const dense = compileForest(categoricalStump(100_000, [99_990, 99_999]), [0, 1])
    assert.equal(dense.nodes[0]! & 3, NodeKind.bitSet)
    assert.equal(dense.sets.length, 3)
  })
})
