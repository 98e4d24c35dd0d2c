import assert from 'node:assert/strict'
import { CoppiceError } from '../src/errors.js'
import { featureImportances } from '../src/importance.js'
import { randomModel } from './support/random-model.js'

describe('featureImportances', () => {
  it('counts every node once, and sums every gain once', () => {
    for (let seed = 0; seed < 40; seed++) {
      const model = { ...randomModel(seed, { nIterations: 4 }), bestIteration: null }
      const split = featureImportances(model, 'split')
      const gain = featureImportances(model, 'gain')
      model.features.forEach((_, f) => {
        let count = 0
        let sum = 0
        for (const tree of model.trees) {
          tree.splitFeature.forEach((feature, i) => {
            if (feature !== f) return
            count += 1
            sum += tree.splitGain[i]!
          })
        }
        assert.equal(split[f], count)
        assert.equal(gain[f], sum)
      })
    }
  })

  it('follows bestIteration and iterations', () => {
    const model = randomModel(5,
      { nIterations: 4, maxLeaves: 30, objective: { name: 'regression' } })
    const total = (values: Float64Array) => values.reduce((sum, x) => sum + x, 0)
    const nodes = model.trees.map((tree) => tree.splitFeature.length)
    assert.equal(total(featureImportances({ ...model, bestIteration: 2 }, 'split')),
      nodes[0]! + nodes[1]!)
    assert.equal(total(featureImportances(model, 'split', { iterations: [1, 4] })),
      nodes[1]! + nodes[2]! + nodes[3]!)
    assert.throws(() => featureImportances(model, 'split', { iterations: [0, 5] }), CoppiceError)
    assert.throws(() => featureImportances(model, 'cover' as 'gain'),
      /must be "split" or "gain", got "cover"/)
  })
})
