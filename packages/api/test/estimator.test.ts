import assert from 'node:assert/strict'
import {
  GBDTClassifier, GBDTRegressor, paramsFrom, type TrainingCallback, type TrainingEvent,
} from '../src/index.js'
import { asArrays, draws, makeFlowers, rejects } from './support.js'

const train = makeFlowers(1500, 3)
const valid = makeFlowers(500, 4)
const rows = asArrays(train)
const evalSet = [[asArrays(valid), valid.label]] as const
const small = { numLeaves: 7, numIterations: 10 }

describe('an estimator', () => {
  it('says that it is not fitted', async () => {
    const model = new GBDTClassifier()
    await rejects(model.predict(rows), 'MODEL', 'GBDTClassifier', 'fit')
    await rejects(model.save('x.json'), 'MODEL', 'not fitted')
    await rejects(() => model.bestIteration, 'MODEL', 'not fitted')
    await rejects(() => JSON.stringify(model), 'MODEL', 'not fitted')
  })

  it('refuses unknown parameters when it is made, with the nearest name', async () => {
    const make = (params: object) => () => new GBDTRegressor(params)
    await rejects(make({ numLeafs: 3 }), 'PARAMETER', 'numLeafs', 'numLea')
    await rejects(make({ labelColumn: 'y' }), 'PARAMETER', 'Dataset')
    await rejects(make({ numLeaves: 3, max_leaves: 4 }), 'PARAMETER', 'numLeaves', 'max_leaves')
  })

  it('gives and sets parameters under their canonical names', () => {
    const model = new GBDTRegressor({ numLeaves: 5 }).setParams(paramsFrom({ eta: 0.3, seed: 1 }))
    assert.deepEqual(model.getParams(), { numLeaves: 5, learningRate: 0.3, seed: 1 })
    model.setParams({ ...paramsFrom({ random_state: 2 }), numLeaves: undefined })
    assert.deepEqual(model.getParams(), { learningRate: 0.3, seed: 2 })
  })

  it('fits again from the start', async () => {
    const model = new GBDTClassifier(small)
    await model.fit(asArrays(valid), valid.label)
    await model.fit(rows, train.label)
    const fresh = await new GBDTClassifier(small).fit(rows, train.label)
    assert.equal(model.booster.toString(), fresh.booster.toString())
  })

  it('refuses two fits at a time, and fits again afterwards', async () => {
    const model = new GBDTClassifier(small)
    const first = model.fit(rows, train.label)
    await rejects(model.fit(rows, train.label), 'PARAMETER', 'already')
    await first
    await model.fit(rows, train.label)
  })

  it('calls back after every iteration and stops when asked to', async () => {
    const seen: number[] = []
    const callback: TrainingCallback = ({ iteration }, { model }) => {
      seen.push(iteration)
      assert.equal(model().trees.length, iteration + 1)
      return iteration === 4 ? 'stop' : undefined
    }
    const events: TrainingEvent[] = []
    const model = await new GBDTClassifier(small)
      .fit(rows, train.label, { callbacks: [callback], onEvent: (event) => events.push(event) })
    assert.deepEqual(seen, [0, 1, 2, 3, 4])
    assert.equal(model.booster.nTrees, 5)
    assert.deepEqual(events.map(({ kind }) => kind),
      ['started', ...seen.map(() => 'iteration'), 'stopped'])
  })

  it('rejects when it is aborted, and keeps the earlier model', async () => {
    const model = await new GBDTClassifier(small).fit(rows, train.label)
    const before = model.booster
    const controller = new AbortController()
    const callbacks: TrainingCallback[] = [({ iteration }) => {
      if (iteration === 2) controller.abort(new Error('enough'))
    }]
    const { signal } = controller
    await rejects(model.fit(rows, train.label, { signal, callbacks }), 'ABORTED', '3 of 10')
    assert.equal(model.booster, before)
    await rejects(model.fit(rows, train.label, { signal }), 'ABORTED')
    await model.fit(rows, train.label)
  })

  it('tells what callbacks throw', async () => {
    const callbacks: TrainingCallback[] = [() => Promise.reject(new RangeError('mine'))]
    await assert.rejects(new GBDTClassifier(small).fit(rows, train.label, { callbacks }),
      { name: 'RangeError', message: 'mine' })
  })

  it('stops early and predicts with the best iteration', async () => {
    const draw = draws(9)
    const noisy = train.label.map((y) => draw() < 0.3 ? 1 - y : y)
    const params = { numLeaves: 31, numIterations: 200, learningRate: 0.3,
      metric: 'binary_logloss' as const }
    const model = await new GBDTClassifier(params).fit(rows, noisy,
      { evalSet, earlyStoppingRounds: 5, evalNames: ['judge'] })
    const best = model.bestIteration!
    const history = model.evalResult['judge']!['binary_logloss']!
    assert.equal(history.length, best + 5)
    assert.equal(history.indexOf(Math.min(...history)), best - 1)
    const raw = await model.predictRaw(rows)
    assert.deepEqual(await model.predictRaw(rows, { iterations: [0, best] }), raw)
    assert.notDeepEqual(await model.predictRaw(rows, { iterations: [0, best + 5] }), raw)
  })

  it('checks evaluation sets', async () => {
    const fit = (options: object) => new GBDTClassifier(small).fit(rows, train.label, options)
    await rejects(fit({ earlyStoppingRounds: 3 }), 'PARAMETER', 'evaluation set')
    await rejects(fit({ evalSet, evalNames: ['a', 'b'] }), 'PARAMETER', 'evalNames')
    await rejects(fit({ evalSet: [rows] }), 'DATA', 'evalSet[0]')
    await rejects(fit({ evalSet: [[asArrays(valid), valid.label.map(() => 5)]] }), 'DATA', '5')
    const two = await fit({ evalSet: [...evalSet, ...evalSet],
      evalSampleWeight: [undefined, valid.label.map((y) => y + 1)] })
    assert.deepEqual(Object.keys(two.evalResult), ['valid_0', 'valid_1'])
    assert.notDeepEqual(two.evalResult['valid_0'], two.evalResult['valid_1'])
  })
})

describe('GBDTRegressor', () => {
  const target = Float64Array.from(train.length, (x, row) => 3 * x - train.width[row]!)

  it('predicts numbers; the score is R2', async () => {
    const model = await new GBDTRegressor({ numIterations: 50 }).fit(rows, target)
    const predicted = await model.predict(rows)
    const mean = target.reduce((sum, y) => sum + y, 0) / target.length
    const errors = target.reduce((sum, y, row) => sum + (y - predicted[row]!) ** 2, 0)
    const deviations = target.reduce((sum, y) => sum + (y - mean) ** 2, 0)
    const score = await model.score(rows, target)
    assert.ok(score > 0.95, `R2 is ${score}`)
    assert.ok(Math.abs(score - (1 - errors / deviations)) < 1e-12)
  })

  it('starts from init scores', async () => {
    const half = Float64Array.from(target, (y) => y / 2)
    const params = { numIterations: 50, boostFromAverage: false }
    const model = await new GBDTRegressor(params).fit(rows, target, { initScore: half })
    const rest = await model.predict(rows)
    const worst = target.reduce((most, y, row) =>
      Math.max(most, Math.abs(y - half[row]! - rest[row]!)), 0)
    assert.ok(worst < 0.5, `off by ${worst}`)
    await rejects(new GBDTRegressor(params).fit(rows, target, { initScore: [1] }), 'DATA',
      'initScore')
  })

  it('refuses texts as targets', async () => {
    await rejects(new GBDTRegressor().fit(rows, train.colour), 'DATA', 'text')
    await rejects(new GBDTRegressor({ objective: 'binary' }).fit(rows, target), 'PARAMETER',
      'GBDTClassifier')
  })
})
