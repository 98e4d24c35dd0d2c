import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Booster, cv, Dataset, paramsFrom, train, tune } from '../../src/index.js'
import { makeFlowers, rejects, asColumns, temporaryFolder } from '../support.js'

interface Golden {
  readonly X: readonly (readonly number[])[]
  readonly y: readonly number[]
  readonly begun: string
  readonly cases: readonly {
    readonly params: Readonly<Record<string, unknown>>
    readonly nRounds: number
    readonly mean: readonly number[]
    readonly stdv: readonly number[]
  }[]
}

/** Made by make-cv-golden.py. */
const goldenFile = new URL('../../../test/continued/lightgbm-cv.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden

describe('cv with initModel', () => {
  const file = temporaryFolder()
  const folds = [0, 1, 2].map((k) => {
    const rows = golden.y.map((_, row) => row)
    return {
      train: rows.filter((row) => row % 3 !== k), valid: rows.filter((row) => row % 3 === k),
    }
  })
  for (const { params, nRounds, mean, stdv } of golden.cases) {
    it(`has LightGBM's metrics: ${JSON.stringify(params)}`, async () => {
      const initModel = Booster.parse(golden.begun)
      const data = Dataset.from(golden.X.map((row) => [...row]), golden.y,
        { featureNames: ['Column_0', 'Column_1'] })
      const result = await cv({ objective: 'binary', metric: 'binary_logloss', ...paramsFrom({
        learning_rate: 0.25, num_leaves: 5, min_data_in_leaf: 0, min_sum_hessian_in_leaf: 2.3,
        min_data_in_bin: 1, feature_pre_filter: false, ...params,
      }), numIterations: nRounds }, data, { folds, initModel })
      assert.equal(result.iterations.length, mean.length)
      assert.deepEqual(result.iterations, mean.map((_value, i) => 5 + i))
      for (const [name, values] of Object.entries({ mean, stdv })) {
        values.forEach((value, i) => {
          const own = result.metrics[`valid binary_logloss-${name}`]![i]!
          assert.ok(Math.abs(own - value) < 1e-7, `${name} ${i}: ${own}, not ${value}`)
        })
      }
      if (params['early_stopping_round'] !== undefined) {
        assert.ok(mean.length < nRounds, 'it stops before the end')
        assert.equal(result.bestIteration, 4 + mean.length)
      }
    })
  }

  const flowers = makeFlowers(300, 9)
  const data = (): Dataset => Dataset.from(asColumns(flowers), flowers.label)
  const params = { objective: 'multiclass', numClass: 2, metric: 'multi_logloss', numLeaves: 4,
    numIterations: 4, minDataInLeaf: 5, featureFraction: 0.5 } as const
  const begin = (): Promise<Booster> => train({ ...params, numIterations: 2 }, data())

  it('has the models of trainings of their own, also on after an end in the middle', async () => {
    const initModel = await begin()
    const result = await cv(params, data(), { nFolds: 2, initModel, outOfFold: true })
    for (const [fold, rows] of result.validRows.entries()) {
      const valid = data().select(rows)
      const alone = await train(params, data().select(result.validRows[1 - fold]!),
        { initModel, evalSets: [{ name: 'valid', data: valid }] })
      assert.deepEqual(result.boosters[fold]!.model.trees, alone.model.trees)
      const proba = await alone.predict(asColumns(flowers))
      rows.forEach((row) => assert.equal(result.outOfFold![row * 2], proba[row * 2]))
    }
    assert.deepEqual(result.iterations, [3, 4, 5, 6])
    const end = new AbortController()
    const options = { nFolds: 2, initModel, state: file('state.json') }
    await rejects(cv(params, data(), { ...options, signal: end.signal,
      onIteration: ({ iteration }, nIterations) => {
        assert.equal(nIterations, 6)
        if (iteration === 3) end.abort()
      } }), 'ABORTED')
    const again = await cv(params, data(), options)
    assert.deepEqual(again.boosters.map(String), result.boosters.map(String))
    await rejects(cv(params, data(), { ...options, initModel: undefined }), 'IO',
      'other parameters')
  })

  it('searches on top of a model, and says the number of new iterations', async () => {
    const initModel = await begin()
    const { best, params: found, booster } = await tune(
      { ...params, numIterations: 30, earlyStoppingRound: 2, learningRate: 0.8 },
      { numLeaves: [3, 6] }, data(), { initModel, validationFraction: 0.4 })
    assert.equal(found.numIterations, best.iteration! - 2)
    assert.equal(booster!.nIterations, best.iteration)
    assert.equal(booster!.model.earlier!.length, 1)
    await rejects(cv({ ...params, boosting: 'rf', baggingFreq: 1, baggingFraction: 0.5 }, data(),
      { initModel }), 'PARAMETER', 'contradicts boosting = rf')
  })
})
