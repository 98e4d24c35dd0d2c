import assert from 'node:assert/strict'
import {
  cv, type CustomMetric, type CustomObjective, Dataset, evaluate, GBDTRegressor, train, tune,
} from '../../src/index.js'
import { asColumns, makeFlowers, temporaryFolder } from '../support.js'

const flowers = makeFlowers(240, 51)
const X = asColumns(flowers)
const data = (): Dataset => Dataset.from(X, flowers.label)

/** Log-loss by hand. */
const logLoss: CustomObjective = {
  name: 'own log-loss', numClass: 2, link: 'sigmoid', baseScore: 'mean',
  gradients: ({ nRows, labels, scores, math }, gradients, hessians) => {
    for (let i = 0; i < nRows; i++) {
      const p = math.sigmoid(scores[i]!)
      gradients[i] = p - labels[i]!
      hessians[i] = p * (1 - p)
    }
  },
}
/** A share of rows that are right: more is better. */
const hits: CustomMetric = {
  name: 'hits', higherIsBetter: true,
  losses: ({ nRows, labels, predictions }, losses) => {
    for (let i = 0; i < nRows; i++) {
      losses[i] = Number(predictions[2 * i + 1]! > 0.5 === labels[i]! > 0.5)
    }
  },
}
/** The same of all rows at once. */
const allHits: CustomMetric = {
  name: 'all.hits', higherIsBetter: true,
  value: ({ nRows, labels, predictions }) => {
    let right = 0
    for (let i = 0; i < nRows; i++) {
      if (predictions[2 * i + 1]! > 0.5 === labels[i]! > 0.5) right++
    }
    return right / nRows
  },
}
const rows = (begin: number, end: number): number[] =>
  Array.from({ length: end - begin }, (_, i) => begin + i)
const small = {
  numIterations: 12, numLeaves: 5, minDataInLeaf: 5, learningRate: 0.4,
} as const

describe('objectives and metrics of one\'s own', () => {
  const file = temporaryFolder()

  it('are cross-validated as those that they repeat', async () => {
    const params = { ...small, metric: ['binary_error'] } as const
    const [own, ours] = await Promise.all([
      cv({ ...params, objective: logLoss, customMetrics: hits }, data(),
        { nFolds: 3, outOfFold: true }),
      cv({ ...params, objective: 'binary' }, data(), { nFolds: 3, outOfFold: true }),
    ])
    const errors = ours.metrics['valid binary_error-mean']!
    assert.deepEqual(own.metrics['valid binary_error-mean'], errors)
    own.metrics['valid hits-mean']!.forEach((share, i) =>
      assert.ok(Math.abs(1 - share - errors[i]!) < 1e-12))
    own.outOfFold!.forEach((p, i) => assert.ok(Math.abs(p - ours.outOfFold![i]!) < 1e-6))
  })

  it('stop early where more is better, also after an interruption', async () => {
    const params = { ...small, objective: logLoss, metric: 'None', customMetrics: hits,
      earlyStoppingRound: 3, numIterations: 60 } as const
    const whole = await cv(params, data(), { nFolds: 3 })
    const values = whole.metrics['valid hits-mean']!
    assert.equal(whole.bestIteration, values.indexOf(Math.max(...values)) + 1)
    const state = file('state.json')
    const abort = new AbortController()
    const options = { nFolds: 3, state }
    await assert.rejects(cv(params, data(), { ...options, signal: abort.signal,
      onIteration: ({ iteration }) => { if (iteration === 1) abort.abort() } }), /aborted/)
    const resumed = await cv(params, data(), options)
    assert.deepEqual(resumed.metrics, whole.metrics)
    assert.equal(resumed.bestIteration, whole.bestIteration)
    const other = { ...logLoss, name: 'another' }
    await assert.rejects(cv({ ...params, objective: other }, data(), options),
      /state/)
  })

  it('have metrics of folds that nothing is split in', async () => {
    const { metrics } = await cv({ ...small, objective: 'binary', metric: 'binary_error',
      customMetrics: hits, minDataInLeaf: 20 }, data(), { folds: [
      { train: rows(0, 35), valid: rows(35, 70) }, { train: rows(0, 200), valid: rows(200, 240) },
    ] })
    const [errors, shares] = [metrics['valid binary_error-mean']!, metrics['valid hits-mean']!]
    assert.equal(errors.length, 12)
    errors.forEach((error, i) => assert.ok(Math.abs(1 - shares[i]! - error) < 1e-12))
  })

  it('are what a search goes by', async () => {
    const { best, metric, trials, booster } = await tune(
      { ...small, objective: logLoss, metric: 'None', customMetrics: hits },
      { learningRate: [0.001, 0.4] }, data(), { nFolds: 3 })
    assert.equal(metric, 'hits')
    assert.equal(trials.length, 2)
    assert.equal(best.params['learningRate'], 0.4)
    assert.equal(booster!.model.objective.name, 'custom')
  })

  it('measure models on other rows, in any batches', async () => {
    const model = await train({ ...small, objective: 'binary' }, data())
    const options = { metrics: 'binary_error', customMetrics: [hits, allHits] } as const
    const { metrics } = await evaluate(model, data(), options)
    assert.deepEqual(Object.keys(metrics), ['binary_error', 'hits', 'all.hits'])
    assert.ok(Math.abs(metrics['hits']! - (1 - metrics['binary_error']!)) < 1e-12)
    assert.equal(metrics['hits'], metrics['all.hits'])
    const alone = await evaluate(model, data(), { metrics: 'None', customMetrics: hits })
    assert.deepEqual(alone.metrics, { hits: metrics['hits'] })
    await assert.rejects(evaluate(model, data(), { customMetrics: { ...hits, name: 'auc' } }),
      /named "auc", which is another's name/)
    await assert.rejects(evaluate(model, data(), { customMetrics: { name: 'x' } as never }),
      /must be a function/)
    await assert.rejects(evaluate(model, data(), { customMetrics: [hits, hits] }), /its own/)
  })

  it('see the labels of all columns', async () => {
    const y = flowers.label.map((label, row) => [label, row % 3])
    const model = await new GBDTRegressor({ ...small, objective: 'multi_regression' }).fit(X, y)
    const worst: CustomMetric = {
      name: 'worst',
      losses: ({ nRows, nOutputs, labels, predictions }, losses) => {
        for (let i = 0; i < nRows; i++) {
          losses[i] = Math.max(...Array.from({ length: nOutputs }, (_, k) =>
            Math.abs(labels[k * nRows + i]! - predictions[i * nOutputs + k]!)))
        }
      },
    }
    const { metrics } = await evaluate(
      model.booster, Dataset.from(X, y), { metrics: 'None', customMetrics: worst })
    const predictions = await model.predict(X)
    const sum = y.reduce((total, row, i) => total +
      Math.max(...row.map((label, k) => Math.abs(label - predictions[2 * i + k]!))), 0)
    assert.ok(Math.abs(metrics['worst']! - sum / y.length) < 1e-12)
  })
})
