import assert from 'node:assert/strict'
import { makeDataset, recut, trainByIntegerOracle, type DataRecipe } from '@coppice/testkit'
import { resolveParams } from '../../src/params/index.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

interface Case {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
}

const small = { minDataInLeaf: 3, numLeaves: 8, numIterations: 5, minDataPerGroup: 5, catSmooth: 2 }
const base = { seed: 11, nRows: 400, features: mixedFeatures, label: 'regression' } as const
const binary = { ...base, label: 'binary' } as const
const multiclass = { ...base, label: { classes: 3 } } as const
const wide: DataRecipe['features'] = Array.from({ length: 90 }, (_, f) => mixedFeatures[f % 7]!)
const goss = { dataSampleStrategy: 'goss', learningRate: 0.6 }

const cases: readonly Case[] = [
  { name: 'extra_trees', recipe: base, params: { ...small, extraTrees: true } },
  { name: 'extra_trees, categories in order, classes', recipe: multiclass, params: {
    ...small, objective: 'multiclass', numClass: 3, extraTrees: true, maxCatToOnehot: 1,
    minDataPerGroup: 1, extraSeed: 99, featureFractionBynode: 0.7,
  } },
  { name: 'extra_trees with clamped leaves and lambda_l1', recipe: binary, params: {
    ...small, objective: 'binary', extraTrees: true, maxDeltaStep: 0.4, lambdaL1: 0.2,
  } },
  { name: 'pos_bagging_fraction', recipe: { ...binary, weights: 'any' }, params: {
    ...small, objective: 'binary', posBaggingFraction: 0.4, baggingFreq: 2,
  } },
  { name: 'both class fractions, more features than a tile', recipe: { ...binary, features: wide },
    params: {
      ...small, objective: 'binary', posBaggingFraction: 0.8, negBaggingFraction: 0.3,
      baggingFreq: 1, baggingSeed: 5,
    } },
  { name: 'goss', recipe: base, params: { ...small, ...goss } },
  { name: 'goss of classes with weights', recipe: { ...multiclass, weights: 'any' }, params: {
    ...small, ...goss, objective: 'multiclass', numClass: 3, topRate: 0.3, otherRate: 0.2,
  } },
  { name: 'goss, more features than a tile', recipe: { ...binary, features: wide }, params: {
    ...small, boosting: 'goss', learningRate: 1, objective: 'binary', topRate: 0.15,
    otherRate: 0.25, extraTrees: true,
  } },
  { name: 'goss of equal gradients', recipe: { ...binary, nRows: 60 }, params: {
    ...small, ...goss, learningRate: 1.5, objective: 'binary', otherRate: 0.01, topRate: 0.01,
  } },
]

describe('rows and thresholds that are drawn', () => {
  for (const { name, recipe, params } of cases) {
    it(`gives the oracle's bytes: ${name}`, async () => {
      const { data } = makeDataset(recipe)
      const { model } = await trainWatched(
        { params: { ...params, speculation: 1 }, train: data }, new InlineExecutor())
      assert.ok(model.trees.some((tree) => tree.leafValue.length > 1), 'something was learnt')
      const plain = { ...params, extraTrees: false, dataSampleStrategy: 'bagging', boosting: 'gbdt',
        topRate: 0.2, otherRate: 0.1, posBaggingFraction: 1, negBaggingFraction: 1 }
      const { model: other } = await trainWatched(
        { params: plain, train: data }, new InlineExecutor())
      assert.notDeepEqual(model.trees, other.trees)
      assert.equal(digest(model), digest(trainByIntegerOracle(params, data)))
    })

    it(`has the same bytes on threads, however cut and speculated: ${name}`, async () => {
      const { data } = makeDataset({ ...recipe, nRows: 4500 })
      const digestOf = async (
        threads: number, speculation: number, blocks: readonly number[],
      ): Promise<string> => digest((await trainWatched(
        { params: { ...params, numIterations: 3, speculation }, train: recut(data, blocks) },
        threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))).model)
      const expected = await digestOf(0, 1, [])
      assert.equal(await digestOf(2, 8, [2047, 2, 2049, 1]), expected)
      assert.equal(await digestOf(3, 2, Array.from({ length: 40 }, () => 100)), expected)
    })
  }

  it('goss uses all rows in 1 / learning_rate iterations, then about the rates', async () => {
    const { data } = makeDataset({ ...base, nRows: 3000 })
    const { model } = await trainWatched({
      params: { ...small, dataSampleStrategy: 'goss', learningRate: 0.3, numIterations: 6 },
      train: data,
    }, new InlineExecutor())
    const used = model.trees.map(({ leafCount }) => leafCount.reduce((sum, n) => sum + n, 0))
    assert.deepEqual(used.slice(0, 3), [3000, 3000, 3000])
    // 600 rows and about 300 of the 2400 others
    for (const n of used.slice(3)) assert.ok(Math.abs(n - 900) < 5 * Math.sqrt(300), `${n} rows`)
    // weights: every tree stands for all rows
    for (const { leafWeight } of model.trees) {
      const weight = leafWeight.reduce((sum, w) => sum + w, 0)
      assert.ok(Math.abs(weight - 3000) < 5 * 8 * Math.sqrt(300), `${weight}`)
    }
  })

  it('is refused where it contradicts something', () => {
    const refuses = (params: Readonly<Record<string, unknown>>, message: RegExp): void =>
      assert.throws(() => resolveParams(params), message)
    refuses({ boosting: 'goss', bagging_fraction: 0.5, bagging_freq: 1 }, /contradicts .* goss/)
    refuses({ boosting: 'goss', top_rate: 0.7, other_rate: 0.4 }, /more than all rows/)
    refuses({ top_rate: 0.3 }, /acts on goss only/)
    refuses({ pos_bagging_fraction: 0.5, bagging_freq: 1 }, /objective = binary only/)
    refuses({ objective: 'binary', neg_bagging_fraction: 0.5 }, /bagging_freq is 0/)
    refuses({ objective: 'binary', pos_subsample: 0.5, subsample: 0.5, subsample_freq: 1 },
      /a share for each class/)
    const { boosting, dataSampleStrategy } = resolveParams({ boosting_type: 'goss' })
    assert.deepEqual([boosting, dataSampleStrategy], ['gbdt', 'goss'])
    assert.equal(resolveParams({ seed: 7 }).extraSeed, 6)
    assert.notEqual(resolveParams({ seed: 7, extra_trees: true }).extraSeed, 6)
  })
})
