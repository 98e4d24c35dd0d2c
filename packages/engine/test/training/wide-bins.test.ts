import assert from 'node:assert/strict'
import { serializeModel } from '@coppice/model'
import {
  makeDataset, recut, trainByIntegerOracle, type DataRecipe, type FeatureRecipe,
} from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { InlineStores } from '../../src/execution/inline-stores.js'
import { packRows } from '../../src/execution/packed-rows.js'
import { byteValues, rowBytesOf } from '../../src/row-bytes.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import type { Executor } from '../../src/training/executor.js'
import { train } from '../../src/training/train.js'
import type { TrainingEvent, TrainOptions } from '../../src/training/types.js'
import { randomDeal, StoresExecutor } from '../execution/stores-executor.js'
import { digest } from '../support/trainings.js'

/** Bins of one byte and of two, with missing values at either end, or in the middle. */
const features: readonly FeatureRecipe[] = [
  { kind: 'numeric', bins: 12, missing: 'nan' },
  { kind: 'numeric', bins: 280, missing: 'nan', missingShare: 0.2 },
  { kind: 'categorical', categories: 9 },
  { kind: 'categorical', categories: 270, order: 'skewed' },
  { kind: 'numeric', bins: 256, missing: 'nan' },
  { kind: 'numeric', bins: 260, missing: 'zero', missingShare: 0.3, order: 'skewed' },
  { kind: 'numeric', bins: 280, missing: 'nan', copyOf: 1 },
]
/** More categories than there are groups of a vote. */
const voted: readonly FeatureRecipe[] = [...features.slice(0, 3),
  { kind: 'categorical', categories: 320 }]
const small = { minDataInLeaf: 3, numLeaves: 5, numIterations: 2, minDataPerGroup: 5, catSmooth: 1 }
const base: DataRecipe = { seed: 3, nRows: 150, features, label: 'regression' }

describe('trainings on bins of two bytes', () => {
  const cases: readonly {
    readonly name: string, readonly data?: Partial<DataRecipe>, readonly params: object
  }[] = [
    { name: 'all categories in order', params: { maxCatToOnehot: 1, catSmooth: 0,
      maxCatThreshold: 300, minDataPerGroup: 1 } },
    { name: 'classes, bagging and sampled features', data: { label: { classes: 3 } },
      params: { objective: 'multiclass', numClass: 3, baggingFraction: 0.6, baggingFreq: 1,
        featureFractionBynode: 0.6 } },
    { name: 'votes', data: { nRows: 700, features: voted },
      params: { treeLearner: 'voting', topK: 1, maxCatThreshold: 300, minDataPerGroup: 1 } },
    { name: 'extra trees', params: { extraTrees: true, maxCatToOnehot: 500 } },
    { name: 'more features than a tile', data: {
      nRows: 90, features: Array.from({ length: 50 }, (_, f) => features[f % 6]!),
    }, params: { numLeaves: 4, numIterations: 1, minDataInLeaf: 1, featureFraction: 0.5 } },
  ]
  for (const { name, data: recipe, params: own } of cases) {
    it(`give the oracle's bytes: ${name}`, async () => {
      const params = { ...small, ...own }
      const { data } = makeDataset({ ...base, ...recipe })
      const { model } = await train(
        { params: { ...params, speculation: 1 }, train: data }, new InlineExecutor())
      const isWide = model.trees.some(({ splitFeature }) =>
        splitFeature.some((f) => data.features[f]!.mapper.nBins > 256))
      assert.ok(isWide, 'such a feature was split')
      assert.equal(serializeModel(model), serializeModel(trainByIntegerOracle(params, data)))
    })
  }

  const params = {
    objective: 'binary', numIterations: 3, numLeaves: 12, minDataPerGroup: 10, catSmooth: 2,
    baggingFraction: 0.7, baggingFreq: 1, metric: ['auc', 'binary_logloss'],
  }
  const wider: DataRecipe = {
    ...base, features: features.map((feature) => feature.kind === 'categorical' ? feature
      : { ...feature, bins: feature.bins > 256 ? 3 * feature.bins : feature.bins }),
  }
  const recipe: DataRecipe = { ...wider, nRows: 3000, label: 'binary', weights: 'any' }
  const { data } = makeDataset(recipe)
  const valid = makeDataset({ ...recipe, seed: 4, nRows: 900 }).data
  const options = {
    params, train: data,
    evalSets: [{ name: 'valid', data: { ...valid, features: data.features } }],
  }
  /** Digest of the model, and all metrics. */
  const outcome = async (changes: Partial<TrainOptions>, executor: Executor): Promise<unknown> => {
    const metrics: unknown[] = []
    const onEvent = (event: TrainingEvent): void => {
      if (event.kind === 'iteration') metrics.push(event.metrics)
    }
    const { model } = await train({ ...options, ...changes, onEvent }, executor)
    return { digest: digest(model), metrics }
  }
  let expected: unknown
  before(async () => { expected = await outcome({}, new InlineExecutor()) })

  for (const nThreads of [2, 3]) {
    it(`are the same on ${nThreads} threads`, async () => {
      assert.deepEqual(await outcome({
        train: recut(data, [1, 2047, 2, 100]),
        params: { ...params, speculation: 1 + 3 * nThreads },
      }, new ThreadExecutor(nThreads)), expected)
    })
  }

  it('are the same on stores, which are replaced in between', async () => {
    const pools = [new InlineStores(), new InlineStores()]
    const executor = new StoresExecutor({
      pools, deal: randomDeal(3, 4), replacesAt: (request) => request % 3 === 1, chunks: true,
    })
    assert.deepEqual(await outcome({}, executor), expected)
    assert.ok(executor.nReplaced > 2)
    for (const pool of pools) await pool.close()
  })

  it('elect features alike on threads and on stores', async () => {
    const voting = {
      params: { ...params, treeLearner: 'voting', topK: 1, maxCatThreshold: 200, catSmooth: 0 },
    }
    const pools = [new InlineStores()]
    const [threads, stores] = [
      await outcome(voting, new ThreadExecutor(2)),
      await outcome(voting, new StoresExecutor({ pools, deal: randomDeal(2, 4) })),
    ]
    assert.deepEqual(stores, threads)
    for (const pool of pools) await pool.close()
  })

  it('go on from a model, on threads', async () => {
    const start = await train(
      { ...options, callbacks: [() => 'stop'] }, new InlineExecutor())
    assert.equal(start.model.trees.length, 1)
    const resumed = await train({ ...options, resumeFrom: start.model }, new ThreadExecutor(2))
    const whole = await train(options, new InlineExecutor())
    assert.equal(digest(resumed.model), digest(whole.model))
  })

  it('are the same where threads grow whole trees', async () => {
    const own = makeDataset({ ...wider, nRows: 900, label: { classes: 3 } }).data
    const digests = await Promise.all([false, true].map(async (growsApart) => {
      const { model } = await train({
        params: { ...small, objective: 'multiclass', numClass: 3, maxCatThreshold: 200,
          catSmooth: 0, minDataPerGroup: 1, dataSampleStrategy: 'goss', learningRate: 1 },
        train: own, growsApart,
      }, new ThreadExecutor(2))
      return digest(model)
    }))
    assert.equal(digests[0], digests[1])
  })

  it('are the same where few histograms are kept', async () => {
    assert.deepEqual(await outcome(
      { params: { ...params, histogramPoolSize: 0.05 } }, new InlineExecutor()), expected)
  })

  it('are the same on rows that are packed, bundled or not', async () => {
    const rare = Array.from({ length: 30 }, (_, f): FeatureRecipe => ({
      kind: 'numeric', bins: f % 3 === 0 ? 300 : 2 + f % 5, order: 'rare', missingShare: 0,
    }))
    const sparse = makeDataset({ ...base, nRows: 1500, features: [...rare, ...features] }).data
    const nBins = sparse.features.map(({ mapper }) => mapper.nBins)
    const blocks = recut(sparse, [500, 500]).blocks.map((block, i) => {
      if (i === 1) return block
      const packed = packRows(
        block.bins, block.nRows, byteValues(nBins), (nBytes) => new Uint8Array(nBytes))
      assert.ok(packed !== null && packed.packing.nColumns < rowBytesOf(sparse.features))
      return { ...block, ...packed }
    })
    const digests = await Promise.all([{ ...sparse }, { ...sparse, blocks }].map(async (set) => {
      const { model } = await train({
        params: { ...small, numIterations: 2 }, train: set, evalSets: [{ name: 'v', data: set }],
      }, new InlineExecutor())
      return digest(model)
    }))
    assert.equal(digests[0], digests[1])
  })

  for (const monotoneConstraintsMethod of ['basic', 'advanced']) {
    it(`keep ${monotoneConstraintsMethod} monotone constraints`, async () => {
      const own = makeDataset({ ...base, nRows: 800 }).data
      const ruled = {
        ...small, monotoneConstraints: [0, 1, 0, 0, -1, 0, 0], monotoneConstraintsMethod,
        pathSmooth: 1, speculation: 3,
      }
      const [one, two] = await Promise.all([new InlineExecutor(), new ThreadExecutor(2)]
        .map((executor) => train({ params: ruled, train: own }, executor)))
      assert.equal(digest(one!.model), digest(two!.model))
      assert.ok(one!.model.trees.some(({ splitFeature }) => splitFeature.includes(1)))
    })
  }
})
