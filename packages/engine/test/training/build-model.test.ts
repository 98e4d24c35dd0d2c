import assert from 'node:assert/strict'
import { makeDataset, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { binTree, featureLayout, modelFeature, modelTree } from '../../src/training/build-model.js'
import { mixedFeatures, trainWatched } from '../support/trainings.js'

const recipe: DataRecipe = { seed: 61, nRows: 900, features: mixedFeatures, label: 'regression' }
const params = { numIterations: 6, numLeaves: 20, minDataInLeaf: 3, minDataPerGroup: 5,
  catSmooth: 1 }

describe('binTree and modelTree', () => {
  it('are inverse: a model tree over the bins is the tree that was grown', async () => {
    const { data } = makeDataset(recipe)
    const { watched } = await trainWatched({ params, train: data }, new InlineExecutor())
    const kinds = new Set<string>()
    for (const { trees, hessianUnit } of watched.records) {
      for (const grown of trees) {
        const tree = modelTree(grown, data.features, hessianUnit)
        const back = binTree(JSON.parse(JSON.stringify(tree)) as typeof tree, data.features)
        assert.deepEqual(back, grown.binned)
        tree.splitFeature.forEach((f, i) => {
          kinds.add(`${mixedFeatures[f]!.kind} ${tree.defaultLeft[i]}`)
          assert.equal(tree.threshold[i] === null, mixedFeatures[f]!.kind === 'categorical')
          assert.equal(tree.leftCategories[i] === null, mixedFeatures[f]!.kind === 'numeric')
        })
      }
    }
    assert.deepEqual([...kinds].sort(), ['categorical false', 'numeric false', 'numeric true'])
  })

  it('names the feature whose threshold or category is not a bin', async () => {
    const { data } = makeDataset(recipe)
    const { model } = await trainWatched({ params, train: data }, new InlineExecutor())
    const tree = model.trees[0]!
    const numeric = tree.threshold.findIndex((threshold) => threshold !== null)
    const threshold = tree.threshold.map((t, i) => i === numeric ? 0.123 : t)
    assert.throws(() => binTree({ ...tree, threshold }, data.features),
      { code: 'MODEL', message: /threshold 0.123 of feature "x\d"/ })
    const one = model.trees.find((own) => own.leftCategories.some((codes) => codes !== null))!
    const node = one.leftCategories.findIndex((codes) => codes !== null)
    const feature = data.features[one.splitFeature[node]!]!
    const mapper = { kind: 'categorical', codes: Int32Array.of(), nBins: 1 } as const
    const dropped = { ...feature, mapper }
    const features = data.features.map((own) => own === feature ? dropped : own)
    assert.throws(() => binTree(one, features), { code: 'MODEL', message: /category "c\d+"/ })
  })
})

describe('modelFeature and featureLayout', () => {
  it('say of each feature what model and kernels need', () => {
    const { data } = makeDataset(recipe)
    assert.deepEqual(data.features.slice(0, 3).map(modelFeature), [
      { name: 'x0', kind: 'numeric', missing: 'nan' },
      { name: 'x1', kind: 'categorical', categories: data.features[1]!.categories },
      { name: 'x2', kind: 'numeric', missing: 'zero' },
    ])
    assert.deepEqual(data.features.slice(0, 4).map(featureLayout), [
      { nBins: 13, missingBin: 12, isCategorical: false },
      { nBins: 10, missingBin: -1, isCategorical: true },
      { nBins: 7, missingBin: 3, isCategorical: false },
      { nBins: 2, missingBin: -1, isCategorical: false },
    ])
  })
})
