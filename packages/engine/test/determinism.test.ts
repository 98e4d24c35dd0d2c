import assert from 'node:assert/strict'
import { makeDataset, recut, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../src/execution/inline-executor.js'
import { countRows, dealRows } from '../src/execution/row-dealing.js'
import { ThreadExecutor } from '../src/threads/index.js'
import { digest, mixedFeatures, trainWatched } from './support/trainings.js'

interface Variant {
  readonly name: string
  /** 0: inline. */
  readonly threads: number
  readonly speculation: number
  readonly blocks?: readonly number[]
}

const variants: readonly Variant[] = [
  { name: 'inline, speculation 2', threads: 0, speculation: 2 },
  { name: 'inline, speculation 8, odd blocks', threads: 0, speculation: 8,
    blocks: [1, 2, 3, 1000, 17] },
  { name: '1 thread', threads: 1, speculation: 1 },
  { name: '2 threads, speculation as chosen', threads: 2, speculation: 0 },
  { name: '2 threads, speculation 8, blocks across stripes', threads: 2, speculation: 8,
    blocks: [2047, 2, 2049, 1] },
  { name: '3 threads, speculation 1', threads: 3, speculation: 1 },
  { name: '3 threads, speculation 8, many blocks', threads: 3, speculation: 8,
    blocks: Array.from({ length: 60 }, () => 100) },
]

interface Job {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
  /** Growth by level expands in the order of commits: nothing is asked for in vain. */
  readonly dropsNothing?: boolean
}

const base = { seed: 5, nRows: 7000, features: mixedFeatures }
/** Wide: rows in tiles; most features rarely off one bin: threads store them in bundles. */
const wideFeatures: DataRecipe['features'] = [
  ...Array.from({ length: 150 }, (_, f): DataRecipe['features'][number] => f % 5 === 4
    ? { kind: 'categorical', categories: 2 + f % 4, order: 'rare', missingShare: 0.002 }
    : { kind: 'numeric', bins: 2 + f % 3, order: 'rare', missingShare: 0.002,
      missing: (['none', 'zero', 'nan'] as const)[f % 3]! }),
  ...Array.from({ length: 90 }, (_, f) => mixedFeatures[f % 6]!),
]
const jobs: readonly Job[] = [
  {
    name: 'binary on many and sparse features, bagging',
    recipe: { ...base, features: wideFeatures, nRows: 6500, label: 'binary' },
    params: {
      objective: 'binary', numIterations: 3, numLeaves: 16, baggingFraction: 0.7, baggingFreq: 1,
      minDataPerGroup: 20, metric: ['auc', 'binary_logloss'],
    },
  },
  {
    name: 'binary with bagging, weights and features by node',
    recipe: { ...base, label: 'binary', weights: 'any' },
    params: {
      objective: 'binary', numIterations: 5, numLeaves: 20, baggingFraction: 0.7, baggingFreq: 2,
      featureFractionBynode: 0.6, minDataPerGroup: 20, metric: ['auc', 'binary_logloss'],
    },
  },
  {
    name: 'multiclass with sampled features',
    recipe: { ...base, label: { classes: 3 } },
    params: {
      objective: 'multiclass', numClass: 3, numIterations: 3, numLeaves: 12, featureFraction: 0.7,
      metric: ['multi_logloss', 'multi_error'],
    },
  },
  {
    name: 'regression with init scores, depth-wise',
    dropsNothing: true,
    recipe: { ...base, label: 'heavy-tailed', initScore: true, weights: 'whole' },
    params: {
      numIterations: 4, numLeaves: 24, growPolicy: 'depthwise', maxDepth: 6, lambdaL1: 1,
      metric: ['l1', 'rmse'],
    },
  },
]

/** Objectives of which one job each is enough: the rest is what the jobs above do. */
const others: readonly Job[] = ([
  ['regression', 'heavy-tailed', { regSqrt: true, metric: ['l2', 'mape'] }],
  ['regression', 'counts', { treeLearner: 'voting', topK: 2, numLeaves: 17 }],
  ['regression_l1', 'heavy-tailed', { metric: ['l1'], baggingFraction: 0.5, baggingFreq: 1 }],
  ['quantile', 'counts', { alpha: 0.8 }],
  ['mape', 'heavy-tailed', { metric: ['mape', 'l1'] }],
  ['huber', 'heavy-tailed', { metric: ['huber', 'quantile'], alpha: 0.7 }],
  ['fair', 'regression', { metric: ['fair'] }],
  ['poisson', 'counts', { metric: ['poisson', 'tweedie', 'rmsle'] }],
  ['gamma', 'amounts', { metric: ['gamma', 'gamma_deviance'] }],
  ['tweedie', 'counts', { metric: ['tweedie'] }],
  ['cross_entropy', 'shares', { metric: ['cross_entropy', 'kullback_leibler'] }],
  ['cross_entropy_lambda', 'shares', { metric: ['cross_entropy_lambda'] }],
  ['binary', 'binary', { metric: ['average_precision', 'cross_entropy'] }],
  ['multiclassova', { classes: 3 },
    { numClass: 3, metric: ['multi_logloss', 'accuracy', 'auc_mu'] }],
  ['expectile', 'heavy-tailed', { expectileAlpha: 0.8, metric: ['expectile', 'r2'] }],
  ['pseudo_huber', 'heavy-tailed', { huberSlope: 2, metric: ['pseudo_huber', 'log_cosh'] }],
  ['log_cosh', 'regression', { metric: ['log_cosh'] }],
  ['focal', 'binary', {
    focalGamma: 1.5, learningRate: 0.7, metric: ['brier', 'expected_calibration_error', 'mcc'] }],
  ['squared_log_error', 'counts', { metric: ['rmsle'] }],
  ['hinge', 'binary', {
    learningRate: 1.6, numIterations: 4, metric: ['auc', 'balanced_accuracy', 'f1'] }],
] as const).map(([objective, label, params]) => ({
  name: objective,
  recipe: { ...base, nRows: 4500, label, weights: 'positive' },
  params: { objective, numIterations: 3, numLeaves: 9, minDataPerGroup: 20, ...params },
}))

describe('determinism: every objective', () => {
  for (const { name, recipe, params } of others) {
    it(`gives the same SHA-256 on 1, 2 and 3 threads, however cut: ${name}`, async () => {
      const { data } = makeDataset(recipe)
      const digestOf = async (threads: number, blocks: readonly number[]): Promise<string> => {
        const { model } = await trainWatched({
          params: { ...params, isProvideTrainingMetric: true }, train: recut(data, blocks),
        }, threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
        assert.equal(model.objective.name.startsWith(name), true)
        assert.ok(model.trees.every((tree) => tree.leafValue.length > 1))
        assert.ok(model.evaluation.every(({ values }) => values.at(-1)! !== values[0]))
        return digest(model)
      }
      const expected = await digestOf(0, [])
      assert.equal(await digestOf(2, [2047, 2, 2049, 1]), expected)
      assert.equal(await digestOf(3, Array.from({ length: 40 }, () => 100)), expected)
    })
  }
})

describe('determinism: one model, whatever did the work', () => {
  for (const job of jobs) {
    describe(job.name, () => {
      const { data } = makeDataset(job.recipe)
      const valid = makeDataset({ ...job.recipe, seed: 6, nRows: 2500 }).data
      // evaluation sets carry the mappers of the training set
      const evalSets = [{ name: 'valid', data: { ...valid, features: data.features } }]
      const run = ({ threads, speculation, blocks = [] }: Variant) => trainWatched({
        params: { ...job.params, speculation, isProvideTrainingMetric: true },
        train: recut(data, blocks),
        evalSets,
        // of several outputs; with one thread per tree nothing is asked for in vain
        growsApart: speculation < 2,
      }, threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
      let expected = ''
      let plainRounds = 0

      before(async () => {
        const reference = await run({ name: 'reference', threads: 0, speculation: 1 })
        expected = digest(reference.model)
        plainRounds = reference.watched.statistics.rounds
        assert.equal(reference.watched.statistics.dropped, 0)
        assert.equal(reference.model.evaluation.length, 2 * (job.params['metric'] as []).length)
      })

      for (const variant of variants) {
        it(`gives the same SHA-256: ${variant.name}`, async () => {
          const { model, watched } = await run(variant)
          assert.equal(digest(model), expected)
          const { rounds, dropped } = watched.statistics
          if (variant.speculation > 1) {
            assert.equal(dropped > 0, job.dropsNothing !== true, 'expansions that came to nothing')
            assert.ok(rounds < plainRounds, 'speculation saved rounds')
          }
          assert.equal(watched.isClosed, true)
          if (variant.threads > 1) {
            const shares = Array.from({ length: variant.threads }, (_, t) =>
              countRows(dealRows(data.nRows, t, variant.threads)))
            assert.ok(new Set(shares).size > 1, `rows per thread differ: ${shares.join(', ')}`)
          }
        })
      }
    })
  }

  it('has the same bytes with more threads than features and than stripes of rows', async () => {
    const recipe: DataRecipe = {
      seed: 3, nRows: 500, features: [{ kind: 'numeric', bins: 30 }], label: 'regression',
    }
    const { data } = makeDataset(recipe)
    const options = { params: { numIterations: 3, numLeaves: 5 }, train: data }
    const { model } = await trainWatched(options, new InlineExecutor())
    const threads = await trainWatched(options, new ThreadExecutor(3))
    assert.equal(digest(threads.model), digest(model))
  })

  it('has the same bytes when the first feature is most of the work', async () => {
    const recipe: DataRecipe = {
      seed: 3, nRows: 900, label: 'regression',
      features: [
        { kind: 'categorical', categories: 150 }, { kind: 'numeric', bins: 3 },
        { kind: 'numeric', bins: 2 },
      ],
    }
    const { data } = makeDataset(recipe)
    const params = { numIterations: 3, numLeaves: 6, catSmooth: 1, minDataPerGroup: 5 }
    const options = { params, train: data }
    const { model } = await trainWatched(options, new InlineExecutor())
    const threads = await trainWatched(options, new ThreadExecutor(3))
    assert.equal(digest(threads.model), digest(model))
  })
})
