import assert from 'node:assert/strict'
import { makeDataset, recut, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { InlineStores } from '../../src/execution/inline-stores.js'
import { resolveParams } from '../../src/params/index.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import type { Executor } from '../../src/training/executor.js'
import { localTraits } from '../../src/training/executor-traits.js'
import { paysToGrowApart } from '../../src/training/growing-apart.js'
import { Booster } from '../../src/training/iteration.js'
import { makePlan, targetShape } from '../../src/training/make-plan.js'
import { estimateTraining, type TrainingSize } from '../../src/training/memory-estimate.js'
import { train } from '../../src/training/train.js'
import { randomDeal, StoresExecutor } from '../execution/stores-executor.js'
import { dataInParts } from '../support/dialogues.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

interface Case {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
}

const base: DataRecipe = { seed: 31, nRows: 4200, features: mixedFeatures, label: { classes: 4 } }
const small = {
  objective: 'multiclass', numClass: 4, numIterations: 4, numLeaves: 9, minDataPerGroup: 20,
  metric: ['multi_logloss'],
}
/** Rows in tiles, and in bundles. */
const wide: DataRecipe['features'] = Array.from({ length: 100 }, (_, f) => f % 3 === 0
  ? { kind: 'numeric', bins: 3, order: 'rare' } : mixedFeatures[f % 6]!)

const cases: readonly Case[] = [
  { name: 'bagging, weights, init scores', params: {
    ...small, baggingFraction: 0.6, baggingFreq: 2, featureFractionBynode: 0.7,
  }, recipe: { ...base, weights: 'any', initScore: true } },
  { name: 'goss, extra trees, early stopping', params: {
    ...small, objective: 'multiclassova', dataSampleStrategy: 'goss', learningRate: 0.6,
    extraTrees: true, numIterations: 8, earlyStoppingRound: 1,
  }, recipe: base },
  { name: 'scores that diverge, and leaves that are cut off', params: {
    ...small, learningRate: 40, minSumHessianInLeaf: 0, lambdaL2: 1e-6, numIterations: 6,
  }, recipe: { ...base, nRows: 1200 } },
  { name: 'dart, wide rows, few histograms', params: {
    ...small, boosting: 'dart', dropRate: 0.7, skipDrop: 0, histogramPoolSize: 0.2,
    numIterations: 3,
  }, recipe: { ...base, features: wide } },
  { name: 'a forest under rules', params: {
    ...small, boosting: 'rf', baggingFraction: 0.5, baggingFreq: 1, pathSmooth: 1,
    monotoneConstraints: [1, 0, -1, 0, 0, 0, 0], monotoneConstraintsMethod: 'intermediate',
    interactionConstraints: [[0, 1, 2], [3, 4, 5, 6]],
  }, recipe: base },
]

/** Stores of a cluster, where two trees grow at the same time. */
function storesOf(k: number): StoresExecutor {
  return new StoresExecutor({ pools: [new InlineStores()], deal: randomDeal(k, 3) })
}

describe('trees of an iteration that are grown apart', () => {
  for (const { name, recipe, params } of cases) {
    it(`are those that are grown one after the other: ${name}`, async () => {
      const { data } = makeDataset(recipe)
      const valid = makeDataset({ ...recipe, seed: 6, nRows: 600 }).data
      const run = (threads: number, growsApart: boolean, own?: Executor) => trainWatched({
        params: { ...params, speculation: 5, isProvideTrainingMetric: true },
        train: threads === 0 ? data : recut(data, [2047, 2, 2049, 1]),
        evalSets: [{ name: 'valid', data: { ...valid, features: data.features } }],
        growsApart,
      }, own ?? (threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads)))
      const plain = await run(0, true)
      const apart = await run(3, true)
      assert.equal(digest(apart.model), digest(plain.model))
      assert.deepEqual(apart.model.evaluation, plain.model.evaluation)
      assert.ok(plain.model.trees.some((tree) => tree.leafValue.length > 3))
      assert.ok(plain.watched.statistics.expansions > 0)
      assert.equal(apart.watched.statistics.dropped, 0, 'nothing runs ahead')
      const together = storesOf(2)
      assert.equal(digest((await run(0, false, together)).model), digest(plain.model))
      assert.ok(together.nTogether > 0)
    })
  }

  it('may be lone leaves, with more threads than trees, and go on from a model', async () => {
    const { data } = makeDataset({ ...base, nRows: 120, label: { classes: 3 } })
    const params = { ...small, numClass: 3, minDataInLeaf: 12, minGainToSplit: 6 }
    const reference = (await train({ params, train: data }, new InlineExecutor())).model
    const sizes = reference.trees.map((tree) => tree.leafValue.length)
    assert.ok(sizes.includes(1) && Math.max(...sizes) > 1, `leaves: ${sizes.join(' ')}`)
    const begun = await train({
      params, train: data, growsApart: true,
      callbacks: [({ iteration }) => iteration === 1 ? 'stop' : undefined],
    }, new ThreadExecutor(4))
    const { model } = await train(
      { params, train: data, resumeFrom: begun.model, growsApart: true }, new ThreadExecutor(2))
    assert.equal(digest(model), digest(reference))
    const together = await train({ params, train: data, resumeFrom: begun.model }, storesOf(1))
    assert.equal(digest(together.model), digest(reference))
  })

  it('end the training where none of them can split', async () => {
    const { data } = makeDataset(base)
    const { model, stoppedBy } = await train({
      params: { ...small, minGainToSplit: 1e9 }, train: data, growsApart: true,
    }, new ThreadExecutor(2))
    assert.deepEqual([stoppedBy, model.trees.length], ['no-split', 0])
  })

  it('are not committed when the training is aborted while they grow', async () => {
    const { data } = makeDataset({ ...base, nRows: 20_000 })
    const controller = new AbortController()
    const { model, stoppedBy } = await train({
      params: { ...small, numLeaves: 200, numIterations: 50, minDataInLeaf: 2 }, train: data,
      signal: controller.signal, growsApart: true,
      // the third iteration has begun when it fires
      onEvent: (event) => {
        if (event.kind === 'iteration' && event.iteration === 1) {
          setTimeout(() => controller.abort(), 5)
        }
      },
    }, new ThreadExecutor(2))
    assert.equal(stoppedBy, 'aborted')
    assert.ok(model.trees.length >= 8 && model.trees.length < 200, `${model.trees.length} trees`)
    assert.equal(model.trees.length % 4, 0)
  })
})

describe('Booster.canGrowApart', () => {
  it('holds for several trees that do not depend on each other', () => {
    const { data } = makeDataset(base)
    const can = (raw: Readonly<Record<string, unknown>>): boolean => {
      const params = resolveParams(raw)
      const { plan } = makePlan(params, dataInParts(data, targetShape(params), 1),
        localTraits(2), { evaluatesTraining: false, evaluates: false })
      return Booster.canGrowApart(plan)
    }
    assert.equal(can(small), true)
    assert.equal(can({ ...small, cegbPenaltySplit: 0.1 }), true)
    assert.equal(can({ ...small, cegbPenaltyFeatureCoupled: [1, 0, 0, 0, 0, 0, 0] }), false)
    assert.equal(can({ ...small, linearTree: true }), false)
    assert.equal(can({ objective: 'regression' }), false)
    assert.equal(can({ objective: 'quantile' }), false)
  })
})

describe('paysToGrowApart', () => {
  const size: TrainingSize = {
    nRows: 100_000, nFeatures: 20, nEvalRows: 0, nOutputs: 100, numLeaves: 31, nThreads: 2,
    nBins: 20 * 255, usesBagging: false, hasWeight: false, histogramPoolBytes: 2 ** 30,
  }

  it('is of trees enough for all threads, and of few rows', () => {
    for (const [part, pays] of [
      [{}, true],
      [{ nOutputs: 1 }, false],
      [{ nThreads: 1 }, false],
      [{ nOutputs: 3 }, true],
      [{ nOutputs: 3, nRows: 20_000_000 }, false],
      [{ nThreads: 64, nOutputs: 3 }, true],
      [{ nThreads: 64, nOutputs: 3, nRows: 1_000_000 }, false],
    ] as const) {
      assert.equal(paysToGrowApart({ ...size, ...part }, Infinity), pays, JSON.stringify(part))
    }
  })

  it('stays within half of the memory, and twice what is needed anyway', () => {
    const bytes = estimateTraining({ ...size, growsApart: true })
    assert.equal(paysToGrowApart(size, 2 * bytes), true)
    assert.equal(paysToGrowApart(size, 2 * bytes - 2), false)
    // rows of 800 bytes in each of 16 threads, for three trees each
    const many = { ...size, nFeatures: 800, nOutputs: 48, nThreads: 16 }
    assert.ok(estimateTraining({ ...many, growsApart: true }) > 2 * estimateTraining(many))
    assert.equal(paysToGrowApart(many, Infinity), false)
  })
})
