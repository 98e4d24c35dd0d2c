import assert from 'node:assert/strict'
import { createPredictor } from '@coppice/model'
import { makeDataset, recut, trainByIntegerOracle, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { resolveParams } from '../../src/params/index.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { committedIterations } from '../../src/training/committed-iterations.js'
import { DartSchedule, type DartParams } from '../../src/training/dart.js'
import { resumeModel } from '../../src/training/resume.js'
import { drive, inputsFor } from '../support/dialogues.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

interface Case {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
}

const small = {
  boosting: 'dart', minDataInLeaf: 3, numLeaves: 6, numIterations: 12, minDataPerGroup: 5,
  catSmooth: 2, skipDrop: 0.2, dropRate: 0.3,
}
const base = { seed: 21, nRows: 300, features: mixedFeatures, label: 'regression' } as const
const cases: readonly Case[] = [
  { name: 'regression', recipe: base, params: small },
  { name: 'classes with bagging', recipe: { ...base, label: { classes: 3 } }, params: {
    ...small, objective: 'multiclass', numClass: 3, baggingFraction: 0.6, baggingFreq: 1,
  } },
  { name: 'in the manner of XGBoost, few drops', recipe: { ...base, label: 'binary' }, params: {
    ...small, objective: 'binary', xgboostDartMode: true, maxDrop: 2, dropSeed: 8,
  } },
  { name: 'uniform drops without limit, goss, a schedule', recipe: base, params: {
    ...small, uniformDrop: true, maxDrop: -1, skipDrop: 0, dropRate: 0.6,
    dataSampleStrategy: 'goss', learningRate: 0.5, learningRateSchedule: [0.9, 0.2, 0.7],
  } },
]

describe('boosting = dart', () => {
  for (const { name, recipe, params } of cases) {
    it(`gives the oracle's bytes, and drops something: ${name}`, async () => {
      const { data } = makeDataset(recipe)
      const { model, watched } = await trainWatched(
        { params: { ...params, speculation: 1 }, train: data }, new InlineExecutor())
      assert.ok(watched.records.filter(({ rescale }) => rescale !== null).length >= 3)
      assert.equal(model.trees.length, 12 * model.treesPerIteration)
      assert.equal(digest(model), digest(trainByIntegerOracle(params, data)))
    })

    it(`has the same bytes on threads, however cut and speculated: ${name}`, async () => {
      const { data } = makeDataset({ ...recipe, nRows: 4500 })
      const valid = makeDataset({ ...recipe, seed: 6, nRows: 500 }).data
      const run = async (threads: number, speculation: number, blocks: readonly number[]) =>
        (await trainWatched({
          params: { ...params, numIterations: 6, speculation, isProvideTrainingMetric: true },
          train: recut(data, blocks),
          evalSets: [{ name: 'valid', data: { ...valid, features: data.features } }],
        }, threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))).model
      const expected = digest(await run(0, 1, []))
      assert.equal(digest(await run(2, 8, [2047, 2, 2049, 1])), expected)
      assert.equal(digest(await run(3, 2, Array.from({ length: 40 }, () => 100))), expected)
    })
  }

  it('evaluates what the model of that iteration predicts', async () => {
    const { data, rows } = makeDataset(base)
    const losses: number[] = []
    const { model } = await trainWatched({
      params: { ...small, metric: 'l2', isProvideTrainingMetric: true }, train: data,
      callbacks: [(_, { model: checkpoint }) => {
        const raw = createPredictor(checkpoint()).predictRaw(rows)
        losses.push(raw.reduce((sum, s, i) => sum + (s - data.label![i]!) ** 2, 0) / raw.length)
      }],
    }, new InlineExecutor())
    const { values } = model.evaluation[0]!
    assert.equal(losses.length, 12)
    losses.forEach((loss, i) => assert.ok(Math.abs(loss - values[i]!) < 1e-9 * loss, `${i}`))
  })

  it('goes on from every checkpoint, and from its records, to the same bytes', async () => {
    const { data } = makeDataset({ ...base, label: { classes: 3 } })
    const options = { params: { ...cases[1]!.params, numIterations: 8 }, train: data }
    const { requests, model } = await drive(inputsFor(options), options)
    const { header } = requests.find((request) => request.kind === 'open')!
    const records = requests.flatMap((request) =>
      request.kind === 'announce' ? [request.record] : [])
    assert.ok(records.some(({ rescale }) => rescale !== null))
    for (const n of [1, 4, 7]) {
      const resumeFrom = resumeModel(header, records.slice(0, n))
      const { model: resumed } = await trainWatched(
        { ...options, resumeFrom }, new ThreadExecutor(2))
      assert.equal(digest(resumed), digest(model), `after ${n} iterations`)
      // a journal of the model, and what follows in the journal of the first training
      const again = [...committedIterations(resumeFrom), ...records.slice(n)]
      assert.equal(digest(resumeModel(header, again)), digest(model))
    }
    const index = records.findIndex(({ rescale }) => rescale !== null)
    assert.throws(() => resumeModel(header, records.map((record, i) =>
      i === index ? { ...record, rescale: null } : record)), /chain hash/)
  })

  it('is refused with early stopping, and its parameters without it', () => {
    const refuses = (params: Readonly<Record<string, unknown>>, message: RegExp): void =>
      assert.throws(() => resolveParams(params), message)
    refuses({ boosting: 'dart', early_stopping_round: 3 }, /contradicts boosting = dart/)
    refuses({ drop_rate: 0.2 }, /acts on boosting = dart only/)
    refuses({ uniform_drop: true }, /acts on boosting = dart only/)
    refuses({ num_iterations: 2, learning_rate_schedule: [0.1, 0.2, 0.3] }, /3 rates/)
    refuses({ learning_rate_schedule: [0.1, 0] }, /> 0/)
    assert.notEqual(resolveParams({ boosting: 'dart', seed: 3 }).dropSeed, 4)
    assert.equal(resolveParams({ seed: 3 }).dropSeed, 4)
  })
})

describe('DartSchedule', () => {
  const params: DartParams = {
    dropRate: 0.2, maxDrop: 3, skipDrop: 0.25, uniformDrop: false, xgboostDartMode: false,
    dropSeed: 4,
  }
  const stepsOf = (more: Partial<DartParams>, n: number) => {
    const schedule = new DartSchedule({ ...params, ...more }, () => 0.1)
    return Array.from({ length: n }, () => {
      const step = schedule.step()
      assert.deepEqual(schedule.step(), step)
      schedule.take(step)
      return step
    })
  }

  it('skips and drops as often as asked for', () => {
    const steps = stepsOf({ uniformDrop: true, maxDrop: 0 }, 600)
    const nSkipped = steps.filter(({ dropped }) => dropped.length === 0).length
    assert.ok(Math.abs(nSkipped - 150) < 5 * Math.sqrt(600 * 0.25 * 0.75) + 10, `${nSkipped}`)
    const nDropped = steps.reduce((sum, { dropped }) => sum + dropped.length, 0)
    const expected = 0.75 * 0.2 * 600 * 599 / 2
    assert.ok(Math.abs(nDropped / expected - 1) < 0.1, `${nDropped} of ${expected}`)
  })

  it('keeps the limit, and the weights of both modes', () => {
    for (const xgboostDartMode of [false, true]) {
      for (const { dropped, shrinkage, factor } of stepsOf({ xgboostDartMode, skipDrop: 0 }, 60)) {
        const k = dropped.length
        assert.ok(k <= 3)
        const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-15)
        if (!xgboostDartMode) near(shrinkage + 0.1 * factor, 0.1)
        else if (k > 0) near(shrinkage + factor, (0.1 + k) / (0.1 + k))
        else near(shrinkage, 0.1)
      }
    }
  })
})
