import assert from 'node:assert/strict'
import { serializeModel } from '@coppice/model'
import {
  makeDataset, TestRandom, trainByIntegerOracle, type DataRecipe, type FeatureRecipe,
} from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { train } from '../../src/training/train.js'

type Params = Record<string, unknown>

function drawFeature(r: TestRandom): FeatureRecipe {
  if (r.below(3) === 0) {
    const categories = 1 + r.below(r.pick([4, 12, 60]))
    return { kind: 'categorical', categories, order: r.pick(['random', 'skewed'] as const) }
  }
  return {
    kind: 'numeric', bins: 1 + r.below(r.pick([3, 20, 200])),
    missing: r.pick(['none', 'nan', 'zero'] as const), missingShare: r.pick([0, 0.1, 0.6]),
    order: r.pick(['random', 'sorted', 'skewed'] as const),
  }
}

function drawParams(r: TestRandom): Params {
  return {
    numIterations: 1 + r.below(4), numLeaves: 2 + r.below(r.pick([5, 40])),
    minDataInLeaf: r.pick([0, 1, 2, 5, 20]), minSumHessianInLeaf: r.pick([0.001, 0.5, 3]),
    learningRate: r.pick([0.1, 1, 0.3]), lambdaL1: r.pick([0, 0, 0.5]),
    lambdaL2: r.pick([0, 0, 2]), maxDeltaStep: r.pick([0, 0, 0.3]),
    maxDepth: r.pick([-1, -1, 1, 3]),
    growPolicy: r.pick(['leafwise', 'leafwise', 'depthwise']), featureFraction: r.pick([1, 0.5]),
    featureFractionBynode: r.pick([1, 0.5]), minGainToSplit: r.pick([0, 0, 1]),
    maxCatToOnehot: r.pick([1, 4, 100]), catSmooth: r.pick([0, 1, 10]), catL2: r.pick([0, 10]),
    maxCatThreshold: r.pick([1, 5, 32]), minDataPerGroup: r.pick([1, 5, 40]),
    boostFromAverage: r.pick([true, false]),
    ...r.pick<Params>([
      {}, { baggingFraction: 0.7, baggingFreq: 1 }, { baggingFraction: 0.2, baggingFreq: 2 },
    ]),
  }
}

function drawTraining(seed: number): { recipe: DataRecipe, params: Params, random: TestRandom } {
  const r = new TestRandom(seed)
  const features = Array.from({ length: 1 + r.below(7) }, () => drawFeature(r))
  const classes = 2 + r.below(4)
  const label = r.pick<DataRecipe['label']>(['regression', 'heavy-tailed', 'binary', { classes }])
  const recipe: DataRecipe = {
    seed, nRows: 2 + r.below(r.pick([20, 150, 400])), features, label,
    weights: r.pick(['none', 'whole', 'any'] as const), initScore: r.below(4) === 0,
  }
  const ofBinary = r.pick<Params>([{}, { isUnbalance: true }, { scalePosWeight: 2.3 },
    { sigmoid: 0.7 }])
  const ofLabel = label === 'binary' ? { objective: 'binary', ...ofBinary }
    : typeof label === 'object' ? { objective: 'multiclass', numClass: classes } : {}
  return { recipe, params: { ...drawParams(r), ...ofLabel }, random: r }
}

describe('random trainings', () => {
  // a seed that fails is in the title: run it alone with mocha -g
  for (let block = 0; block < 10; block++) {
    const seeds = Array.from({ length: 12 }, (_, i) => block * 12 + i)
    it(`give the oracle's bytes: seeds ${seeds[0]} to ${seeds.at(-1)}`, async () => {
      let nTrees = 0
      for (const seed of seeds) {
        const { recipe, params, random } = drawTraining(seed)
        const { data } = makeDataset(recipe)
        const executor = seed % 6 === 0 ? new ThreadExecutor(1 + random.below(3))
          : new InlineExecutor()
        const options = { params: { ...params, speculation: random.below(9) }, train: data }
        const { model } = await train(options, executor)
        assert.equal(
          serializeModel(model), serializeModel(trainByIntegerOracle(params, data)), `seed ${seed}`)
        nTrees += model.trees.length
      }
      assert.ok(nTrees > 5, `${nTrees} trees were compared`)
    })
  }
})
