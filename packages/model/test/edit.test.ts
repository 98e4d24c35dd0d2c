import assert from 'node:assert/strict'
import { truncateModel, withLeafValue } from '../src/edit.js'
import { chainOf } from '../src/format/chain.js'
import { parseModel } from '../src/format/parse.js'
import { serializeModel } from '../src/format/serialize.js'
import { createPredictor } from '../src/predict/predictor.js'
import type { Model } from '../src/types.js'
import { randomModel, withChain } from './support/random-model.js'

function modelOf(seed: number, bestIteration: number | null): Model {
  const { chainHash: _, ...model } = randomModel(seed,
    { nIterations: 6, maxLeaves: 8, objective: { name: 'multiclass', numClass: 3 } })
  return withChain({
    ...model, bestIteration, formatVersion: 2,
    evaluation: [{ dataset: 'v', metric: 'l2', iterations: [1, 3, 5], values: [3, 2, 1] }],
    earlier: [2, 3].map((iterations) => ({
      iterations, objective: 'multiclass', parameters: {}, chainHash: 'ab'.repeat(32) })),
  })
}

describe('truncateModel', () => {
  it('keeps the first iterations, and what is known of them', () => {
    for (const nIterations of [0, 1, 2, 3, 4, 5, 6]) {
      const model = modelOf(nIterations, 4)
      const less = truncateModel(model, nIterations)
      assert.equal(less.trees.length, nIterations * 3)
      assert.deepEqual(less.trees, model.trees.slice(0, nIterations * 3))
      assert.equal(less.bestIteration, nIterations < 4 ? null : 4)
      assert.equal(less.evaluation[0]!.values.length, Math.floor(nIterations / 2))
      assert.deepEqual(less.earlier!.map(({ iterations }) => iterations),
        [Math.min(2, nIterations), Math.min(3, Math.max(0, nIterations - 2))])
      assert.equal(serializeModel(parseModel(serializeModel(less))), serializeModel(less))
      const row = model.features.map(({ kind }) => kind === 'numeric' ? 0.5 : NaN)
      assert.deepEqual(createPredictor(less, { iterations: [0, nIterations] }).predictRaw([row]),
        createPredictor(model, { iterations: [0, nIterations] }).predictRaw([row]))
    }
    const whole = modelOf(9, null)
    assert.equal(truncateModel(whole, 6), whole)
  })

  it('refuses what is no number of iterations', () => {
    for (const n of [-1, 7, 1.5, NaN]) {
      assert.throws(() => truncateModel(modelOf(1, null), n),
        { code: 'PARAMETER', message: /must be an integer from 0 to 6, those of the model; got/ })
    }
  })
})

describe('withLeafValue', () => {
  it('changes one leaf and nothing else', () => {
    const model = modelOf(2, 5)
    const other = withLeafValue(model, 7, 0, -0.75)
    assert.equal(other.trees[7]!.leafValue[0], -0.75)
    assert.deepEqual(other.trees[7]!.leafValue.slice(1), model.trees[7]!.leafValue.slice(1))
    assert.deepEqual(other.trees.toSpliced(7, 1), model.trees.toSpliced(7, 1))
    assert.equal(other.chainHash, chainOf(other))
    assert.notEqual(other.chainHash, model.chainHash)
    assert.deepEqual([other.bestIteration, other.evaluation], [5, []])
  })

  it('refuses leaves that there are not, values that are no numbers, linear leaves', () => {
    const model = modelOf(3, null)
    const { length } = model.trees[1]!.leafValue
    for (const [tree, leaf, value, message] of [
      [18, 0, 1, /the tree must be an index from 0 to 17, got 18/],
      [1, length, 1, /the leaf of tree 1 must be an index from 0 to \d+, got \d+/],
      [1, -1, 1, /the leaf of tree 1/], [0.5, 0, 1, /the tree must/],
      [1, 0, Infinity, /must be a finite number, got Infinity/],
    ] as const) {
      assert.throws(() => withLeafValue(model, tree, leaf, value), { code: 'PARAMETER', message })
    }
    const linear = { constant: [], features: [], coefficients: [] }
    const bent = { ...model, trees: model.trees.map((tree) => ({ ...tree, linear })) }
    assert.throws(() => withLeafValue(bent, 0, 0, 1), /tree 0 are linear functions/)
  })
})
