import assert from 'node:assert/strict'
import {
  createPredictor, formatLightGBM, parseLightGBM, parseModel, serializeModel, type Model,
} from '@coppice/model'
import { makeDataset, recut, trainByIntegerOracle, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { resolveParams } from '../../src/params/index.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

interface Case {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
}

const small = {
  boosting: 'rf', minDataInLeaf: 3, numLeaves: 8, numIterations: 5, minDataPerGroup: 5,
  catSmooth: 2, baggingFraction: 0.6, baggingFreq: 1,
}
const base = { seed: 31, nRows: 300, features: mixedFeatures, label: 'regression' } as const
const cases: readonly Case[] = [
  { name: 'regression', recipe: base, params: small },
  { name: 'classes with weights', recipe: { ...base, label: { classes: 3 }, weights: 'any' },
    params: { ...small, objective: 'multiclass', numClass: 3 } },
  { name: 'binary by features', recipe: { ...base, label: 'binary' }, params: {
    ...small, objective: 'binary', baggingFraction: 1, baggingFreq: 0, featureFraction: 0.5,
  } },
  { name: 'medians with weights', recipe: { ...base, label: 'counts', weights: 'any' },
    params: { ...small, objective: 'regression_l1' } },
  { name: 'percentiles, relative to labels', recipe: { ...base, label: 'counts' },
    params: { ...small, objective: 'mape', boostFromAverage: false } },
  { name: 'many trees', recipe: { ...base, nRows: 90 }, params: {
    ...small, numIterations: 260, numLeaves: 3,
  } },
]

describe('boosting = rf', () => {
  for (const { name, recipe, params } of cases) {
    it(`gives the oracle's bytes: ${name}`, async () => {
      const { data } = makeDataset(recipe)
      const { model } = await trainWatched(
        { params: { ...params, speculation: 1 }, train: data }, new InlineExecutor())
      assert.equal(digest(model), digest(trainByIntegerOracle(params, data)))
      assert.equal(model.formatVersion, 2)
      assert.deepEqual(parseModel(serializeModel(model)), model)
    })

    it(`has the same bytes on threads, however cut and speculated: ${name}`, async () => {
      const { data } = makeDataset({ ...recipe, nRows: 4500 })
      const valid = makeDataset({ ...recipe, seed: 6, nRows: 500 }).data
      const digestOf = async (
        threads: number, speculation: number, blocks: readonly number[],
      ): Promise<string> => digest((await trainWatched({
        params: { ...params, numIterations: 3, speculation, isProvideTrainingMetric: true },
        train: recut(data, blocks),
        evalSets: [{ name: 'valid', data: { ...valid, features: data.features } }],
      }, threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))).model)
      const expected = await digestOf(0, 1, [])
      assert.equal(await digestOf(2, 8, [2047, 2, 2049, 1]), expected)
      assert.equal(await digestOf(3, 2, Array.from({ length: 40 }, () => 100)), expected)
    })
  }

  const losses = [
    ['regression', 'l2', (error: number) => error ** 2],
    ['regression_l1', 'l1', Math.abs],
  ] as const
  const evaluated = async (
    objective: string, metric: string, lossOf: (error: number) => number,
  ): Promise<void> => {
    const { data, rows } = makeDataset(base)
    const options = {
      params: { ...small, objective, metric, isProvideTrainingMetric: true }, train: data,
    }
    const checkpoints: ReturnType<typeof parseModel>[] = []
    const { model } = await trainWatched({
      ...options, callbacks: [(_, state) => { checkpoints.push(state.model()) }],
    }, new InlineExecutor())
    const { values } = model.evaluation[0]!
    checkpoints.forEach((checkpoint, i) => {
      const predictor = createPredictor(checkpoint)
      const raw = predictor.predictRaw(rows)
      const averages = predictor.predictProbabilities(rows)
      assert.deepEqual(averages, raw.map((score) => score / (i + 1)))
      const loss = averages.reduce(
        (sum, s, r) => sum + lossOf(s - data.label![r]!), 0) / rows.length
      assert.ok(Math.abs(loss - values[i]!) < 1e-9 * loss, `iteration ${i}`)
    })
    const { model: resumed } = await trainWatched(
      { ...options, resumeFrom: checkpoints[2]! }, new ThreadExecutor(2))
    assert.equal(digest(resumed), digest(model))
    assert.match(formatLightGBM(model), /\naverage_output\n/)
  }
  for (const [objective, metric, lossOf] of losses) {
    it(`evaluates averages, and goes on from a checkpoint to the same bytes: ${objective}`,
      () => evaluated(objective, metric, lossOf))
  }

  it('has for each of several quantiles the trees of a forest of its own', async () => {
    const { data } = makeDataset({ ...base, label: 'counts' })
    const quantiles = [0.25, 0.75]
    const run = async (params: Case['params'], threads = 0): Promise<Model> => (await trainWatched(
      { params: { ...small, ...params }, train: data },
      threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))).model
    const model = await run({ objective: 'multi_quantile', quantiles })
    assert.equal(digest(await run({ objective: 'multi_quantile', quantiles }, 2)), digest(model))
    for (const [k, alpha] of quantiles.entries()) {
      const alone = await run({ objective: 'quantile', alpha })
      assert.deepEqual(model.trees.filter((_, t) => t % 2 === k), alone.trees)
      assert.deepEqual(parseLightGBM(formatLightGBM(alone)).trees.map((t) => t.leafValue),
        alone.trees.map((t) => t.leafValue))
    }
  })

  it('keeps the base score in trees that cannot split', async () => {
    const { data } = makeDataset({ ...base, label: { classes: 3 }, nRows: 120 })
    // class 2 is too rare to be split off
    const label = data.label!.map((y, row) => row < 2 ? 2 : y === 2 ? 1 : y)
    const { model } = await trainWatched({
      params: { ...small, objective: 'multiclass', numClass: 3, minSumHessianInLeaf: 5,
        minDataInLeaf: 1, isProvideTrainingMetric: true, metric: 'multi_logloss' },
      train: { ...data, label },
    }, new InlineExecutor())
    const lone = model.trees.filter(({ leafValue }) => leafValue.length === 1)
    assert.ok(lone.length > 0 && lone.every(({ leafValue }) => leafValue[0]! < -2))
    // at -4 or so class 2 costs little; without it, at 0, the loss would be far larger
    assert.ok(model.evaluation[0]!.values.at(-1)! < 0.8)
  })

  it('is refused where it makes no sense', () => {
    const refuses = (params: Readonly<Record<string, unknown>>, message: RegExp): void =>
      assert.throws(() => resolveParams({ boosting: 'rf', ...params }), message)
    const bag = { bagging_fraction: 0.5, bagging_freq: 1 }
    refuses({}, /trees that differ/)
    refuses({ ...bag, learning_rate: 0.2 }, /no learning rate/)
    refuses({ ...bag, drop_rate: 0.2 }, /acts on boosting = dart only/)
    assert.equal(resolveParams({ boosting: 'random_forest', ...bag }).boosting, 'rf')
  })
})
