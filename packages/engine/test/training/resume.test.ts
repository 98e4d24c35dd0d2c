import assert from 'node:assert/strict'
import { parseModel, serializeModel, type Model } from '@coppice/model'
import { makeDataset, type DataRecipe } from '@coppice/testkit'
import { CoppiceError } from '../../src/errors.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import type { Executor } from '../../src/training/executor.js'
import { train } from '../../src/training/train.js'
import type { TrainOptions } from '../../src/training/types.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

interface Job {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
}

const base = { seed: 21, nRows: 2600, features: mixedFeatures }
const jobs: readonly Job[] = [
  {
    name: 'binary with bagging every third iteration',
    recipe: { ...base, label: 'binary', weights: 'any' },
    params: {
      objective: 'binary', numIterations: 8, numLeaves: 9, baggingFraction: 0.5, baggingFreq: 3,
      featureFractionBynode: 0.5, metric: ['auc', 'binary_logloss'], minDataPerGroup: 20,
    },
  },
  {
    name: 'multiclass, evaluated every other iteration',
    recipe: { ...base, label: { classes: 3 } },
    params: { objective: 'multiclass', numClass: 3, numIterations: 6, numLeaves: 7, metricFreq: 2 },
  },
  {
    name: 'weighted medians with bagging',
    recipe: { ...base, label: 'counts', weights: 'any' },
    params: {
      objective: 'regression_l1', numIterations: 6, numLeaves: 8, baggingFraction: 0.6,
      baggingFreq: 2, metric: ['l1'],
    },
  },
  {
    name: 'regression with init scores and early stopping',
    recipe: { ...base, label: 'heavy-tailed', initScore: true },
    params: {
      numIterations: 30, numLeaves: 8, earlyStoppingRound: 3, metric: ['l1', 'l2'],
      learningRate: 0.4,
    },
  },
]

const executors: Readonly<Record<string, () => Executor>> = {
  inline: () => new InlineExecutor(),
  '2 threads': () => new ThreadExecutor(2),
}

describe('train with resumeFrom', () => {
  for (const { name, recipe, params } of jobs) {
    describe(name, () => {
      const { data } = makeDataset(recipe)
      const valid = makeDataset({ ...recipe, seed: 22, nRows: 800 }).data
      const options: TrainOptions = {
        params, train: data,
        evalSets: [{ name: 'valid', data: { ...valid, features: data.features } }],
      }
      const checkpoints: Model[] = []
      let whole: Model

      before(async () => {
        const keep = { callbacks: [(_: unknown, state: { model: () => Model }) => {
          checkpoints.push(state.model())
        }] }
        whole = (await train({ ...options, ...keep }, new InlineExecutor())).model
        assert.ok(checkpoints.length >= 4)
      })

      for (const [where, make] of Object.entries(executors)) {
        it(`ends with the bytes of the uninterrupted training, ${where}`, async () => {
          for (const after of [1, 2, Math.floor(checkpoints.length / 2), checkpoints.length]) {
            const file = serializeModel(checkpoints[after - 1]!)
            const resumeFrom = parseModel(file)
            const resumed = await trainWatched({ ...options, resumeFrom }, make())
            assert.equal(resumed.watched.nReplayed, after)
            assert.equal(digest(resumed.model), digest(whole), `after iteration ${after}`)
          }
        })

        it(`ends with the same bytes after an abort, ${where}`, async () => {
          const controller = new AbortController()
          const aborted = await train({
            ...options,
            signal: controller.signal,
            onEvent: (event) => {
              // in the middle of what comes next
              if (event.kind === 'iteration' && event.iteration === 1) {
                setImmediate(() => controller.abort())
              }
            },
          }, make())
          assert.equal(aborted.stoppedBy, 'aborted')
          const nIterations = aborted.model.trees.length / aborted.model.treesPerIteration
          assert.ok(nIterations >= 2 && nIterations < checkpoints.length, `${nIterations}`)
          const resumed = await train({ ...options, resumeFrom: aborted.model }, make())
          assert.equal(digest(resumed.model), digest(whole))
        })
      }
    })
  }

  it('begins anew with a model without trees, whose base score was not asked for', async () => {
    const { data } = makeDataset({ ...base, label: 'heavy-tailed' })
    const params = { objective: 'quantile', alpha: 0.3, numIterations: 2, numLeaves: 4 }
    const { model } = await train({ params, train: data }, new InlineExecutor())
    assert.notEqual(model.baseScores[0], 0)
    const controller = new AbortController()
    const inner = new InlineExecutor()
    const executor: Executor = {
      nThreads: 1,
      open: (job) => inner.open(job),
      // what is asked before the first iteration can be aborted too
      center: (signal) => {
        controller.abort()
        return inner.center(signal).then(() => {
          throw new CoppiceError('ABORTED', 'aborted')
        })
      },
      replay: () => assert.fail('nothing is replayed'),
      iterate: () => assert.fail('no iteration follows an abort'),
      close: () => inner.close(),
    }
    const aborted = await train({ params, train: data, signal: controller.signal }, executor)
    assert.equal(aborted.stoppedBy, 'aborted')
    assert.equal(aborted.model.trees.length, 0)
    const resumed = await train(
      { params, train: data, resumeFrom: aborted.model }, new InlineExecutor())
    assert.equal(digest(resumed.model), digest(model))
  })

  it('refuses a model of other parameters, data or length, and names what differs', async () => {
    const { data } = makeDataset({ ...base, label: 'regression' })
    const params = { numIterations: 3, numLeaves: 4 }
    const { model } = await train({ params, train: data }, new InlineExecutor())
    const resume = (options: Partial<TrainOptions>, resumeFrom: Model = model) =>
      train({ params, train: data, resumeFrom, ...options }, new InlineExecutor())
    await assert.rejects(resume({ params: { ...params, learningRate: 0.3 } }),
      { code: 'MODEL', message: /learning_rate/ })
    const renamed = data.features.map((feature) => ({ ...feature, name: `${feature.name}!` }))
    await assert.rejects(resume({ train: { ...data, features: renamed } }),
      { code: 'MODEL', message: /features/ })
    const shifted = data.features.map((feature) => feature.mapper.kind === 'categorical' ? feature
      : { ...feature, mapper: { ...feature.mapper,
        upperBounds: feature.mapper.upperBounds.map((bound) => bound + 0.125) } })
    await assert.rejects(resume({ train: { ...data, features: shifted } }),
      { code: 'MODEL', message: /threshold .* of feature "x\d"/ })
    // whatever does not affect the model may differ
    const same = await resume({ params: { ...params, speculation: 4, verbosity: 0 } })
    assert.equal(digest(same.model), digest(model))
  })
})

describe('train with a signal', () => {
  const { data } = makeDataset({ ...base, label: { classes: 3 } })
  const params = { objective: 'multiclass', numClass: 3, numIterations: 500, numLeaves: 15 }

  for (const [where, make] of Object.entries(executors)) {
    it(`ends within the iteration that runs, ${where}`, async () => {
      const controller = new AbortController()
      const inner = make()
      // aborts when iteration 2 has been asked for: nothing of it may be committed
      const executor: Executor = {
        nThreads: inner.nThreads,
        open: (job) => inner.open(job),
        center: (signal) => inner.center(signal),
        replay: (iterations) => inner.replay(iterations),
        close: () => inner.close(),
        iterate: (iteration, evaluates, signal) => {
          const record = inner.iterate(iteration, evaluates, signal)
          if (iteration === 2) controller.abort()
          return record
        },
      }
      const { model, stoppedBy } = await train(
        { params, train: data, signal: controller.signal }, executor)
      assert.equal(stoppedBy, 'aborted')
      assert.equal(model.trees.length, 2 * 3)
      serializeModel(model)
    })

    it(`rejects when aborted before it began, ${where}`, async () => {
      await assert.rejects(
        train({ params, train: data, signal: AbortSignal.abort() }, make()), { code: 'ABORTED' })
    })
  }

  it('a callback may stop the training', async () => {
    const { model, stoppedBy } = await train({
      params, train: data, callbacks: [({ iteration }) => iteration === 1 ? 'stop' : undefined],
    }, new InlineExecutor())
    assert.equal(stoppedBy, 'callback')
    assert.equal(model.trees.length, 2 * 3)
  })

  it('lets the event loop turn between the trees of an inline training', async () => {
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const { model } = await train(
      { params: { ...params, numIterations: 4 }, train: data }, new InlineExecutor())
    isOver = true
    assert.ok(turns >= model.trees.length, `${turns} turns for ${model.trees.length} trees`)
  })
})
