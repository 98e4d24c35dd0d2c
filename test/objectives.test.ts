import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import {
  type Booster, Dataset, evaluate, GBDTClassifier, GBDTRegressor, type Labels, LocalCluster,
  train, type TrainingParams,
} from 'coppice'

/** Columns with gaps and categories, and labels of every kind. */
function makeRows(nRows: number, seed: number) {
  const random = new TestRandom(seed)
  return Array.from({ length: nRows }, () => {
    const reading = random.uniform() * 4 - 2
    const count = random.below(12)
    const city = `c${random.below(6)}`
    const signal = reading + (count > 6 ? 0.5 : -0.5) + (city === 'c1' ? 1 : 0)
    const noisy = signal + random.normal()
    return {
      X: { reading: random.uniform() < 0.1 ? null : reading, count, city },
      weight: 0.1 + random.uniform() * 2,
      number: noisy,
      counts: Math.max(0, Math.round(2 + noisy)),
      amount: 0.01 + (2 + signal) ** 2 * random.uniform(),
      share: 1 / (1 + 2 ** -noisy),
      kind: noisy > 1 ? 'late' : noisy > -0.5 ? 'punctual' : 'early',
    }
  })
}

type Row = ReturnType<typeof makeRows>[number]

type Label = number | string | readonly number[]
const jobs: readonly (readonly [TrainingParams, (row: Row) => Label])[] = [
  [{ objective: 'regression', regSqrt: true, metric: ['l2', 'quantile'] }, (row) => row.number],
  [{ objective: 'regression_l1', baggingFraction: 0.7, baggingFreq: 1 }, (row) => row.counts],
  [{ objective: 'quantile', alpha: 0.8 }, (row) => row.number],
  [{ objective: 'mape', metric: ['mape', 'l1'] }, (row) => row.amount],
  [{ objective: 'huber', alpha: 0.7, metric: ['huber', 'mape'] }, (row) => row.number],
  [{ objective: 'fair' }, (row) => row.number],
  [{ objective: 'poisson', metric: ['poisson', 'l2'] }, (row) => row.counts],
  [{ objective: 'gamma', metric: ['gamma', 'gamma_deviance'] }, (row) => row.amount],
  [{ objective: 'tweedie', tweedieVariancePower: 1.3 }, (row) => row.counts],
  [{ objective: 'cross_entropy', metric: ['cross_entropy', 'kullback_leibler'] },
    (row) => row.share],
  [{ objective: 'cross_entropy_lambda' }, (row) => row.share],
  [{ objective: 'binary', metric: ['average_precision', 'auc'] },
    (row) => row.kind === 'late' ? 1 : 0],
  [{ objective: 'multiclassova', isUnbalance: true, metric: ['multi_logloss', 'auc_mu'],
    aucMuWeights: [0, 1, 2, 1, 0, 1, 3, 1, 0] }, (row) => row.kind],
  [{ objective: 'expectile', expectileAlpha: 0.8, metric: ['expectile', 'r2'] },
    (row) => row.number],
  [{ objective: 'focal', focalGamma: 1, metric: ['expected_calibration_error', 'mcc'] },
    (row) => row.kind === 'late' ? 1 : 0],
  [{ objective: 'multi_quantile', quantiles: [0.2, 0.8], baggingFraction: 0.7, baggingFreq: 1 },
    (row) => row.number],
  [{ objective: 'multi_regression', metric: ['rmse', 'r2'] }, (row) => [row.number, row.counts]],
  [{ objective: 'squared_log_error', metric: ['rmsle', 'l2'] }, (row) => row.counts],
  [{ objective: 'aft', aftLossDistribution: 'logistic', aftLossDistributionScale: 0.8,
    metric: ['aft_nloglik', 'interval_regression_accuracy'] },
  ({ amount, counts }) => [counts > 8 ? 0 : amount, counts > 3 ? amount + counts % 3 : Infinity]],
  [{ objective: 'cox', metric: ['cox_nloglik', 'c_index'] },
    ({ amount, counts }) => counts > 3 ? -Math.ceil(amount) : Math.ceil(8 * amount) / 8],
  [{ objective: 'multi_label', metric: ['auc', 'binary_logloss'] },
    (row) => [Number(row.number > 0), Number(row.counts > 2), Number(row.amount > 1)]],
]

describe('every objective on a cluster', function () {
  this.timeout(60_000)
  const [rows, judge, fresh] = [makeRows(2000, 1), makeRows(400, 2), makeRows(30, 3)]
  let cluster: LocalCluster

  before(async () => {
    cluster = await LocalCluster.start({ workers: 3, threadsPerWorker: 1 })
  })
  after(() => cluster.close())

  for (const [params, labelOf] of jobs) {
    it(`gives the bytes of a training here: ${params.objective}`, async () => {
      const dataset = (of: readonly Row[]): Dataset => Dataset.from(
        of.map(({ X }) => X), of.map(labelOf) as Labels,
        { weights: of.map(({ weight }) => weight) })
      const run = (options: object): Promise<Booster> => train(
        { ...params, numIterations: 3, numLeaves: 7 }, dataset(rows),
        { evalSets: [{ name: 'judge', data: dataset(judge) }], ...options })
      const [here, there] = [await run({}), await run({ cluster })]
      assert.equal(there.toString(), here.toString())
      assert.ok(here.model.evaluation.length > 0 && here.nIterations === 3)
      const X = fresh.map((row) => row.X)
      const predictions = await here.predict(X, { type: 'probability' })
      assert.deepEqual(await there.predict(X, { type: 'probability' }), predictions)
      assert.ok(new Set(predictions).size > 5)
    })
  }
})

describe('estimators and objectives', () => {
  const rows = makeRows(1000, 4)
  const X = rows.map((row) => row.X)

  it('predict counts by the mean, not by the score', async () => {
    const model = await new GBDTRegressor({ objective: 'poisson', numIterations: 20 })
      .fit(X, rows.map(({ counts }) => counts))
    const predictions = await model.predict(X)
    const mean = (values: ArrayLike<number>): number =>
      Array.from(values).reduce((sum, value) => sum + value, 0) / values.length
    assert.ok(predictions.every((value) => value > 0))
    assert.ok(Math.abs(mean(predictions) - mean(rows.map(({ counts }) => counts))) < 0.05)
    assert.ok(await model.score(X, rows.map(({ counts }) => counts)) > 0.5)
  })

  it('find the number of classes of multiclassova, and classes by the likeliest', async () => {
    const kinds = rows.map(({ kind }) => kind)
    const model = await new GBDTClassifier({ objective: 'ova', numIterations: 20 } as never)
      .fit(X, kinds)
    assert.deepEqual(model.classes, ['early', 'late', 'punctual'])
    const probabilities = await model.predictProba(X)
    const predicted = await model.predict(X)
    for (const [i, kind] of predicted.entries()) {
      const row = [...probabilities.subarray(3 * i, 3 * i + 3)]
      assert.equal(kind, model.classes[row.indexOf(Math.max(...row))])
    }
    assert.ok(await model.score(X, kinds) > 0.7)
  })

  it('train on losses of two classes beyond log-loss', async () => {
    const late = rows.map(({ kind }) => kind === 'late' ? 'late' : 'other')
    for (const objective of ['focal', 'hinge'] as const) {
      const model = await new GBDTClassifier({ objective, numIterations: 30, learningRate: 0.2 })
        .fit(X, late)
      const probabilities = await model.predictProba(X)
      assert.ok(probabilities.every((p, i) => p + probabilities[i ^ 1]! === 1))
      assert.equal(objective === 'hinge', probabilities.every((p) => p === 0 || p === 1))
      assert.ok(await model.score(X, late) > 0.8)
      const { metrics } = await evaluate(model.booster, Dataset.from(X, late), {
        metrics: ['accuracy', 'binary_error', 'auc', 'mcc'] })
      assert.ok(Math.abs(metrics['accuracy']! + metrics['binary_error']! - 1) < 1e-12)
      assert.equal(metrics['accuracy'], await model.score(X, late))
      assert.ok(metrics['auc']! > 0.8 && metrics['mcc']! > 0.4)
    }
  })

  it('refit with the numbers of their objectives', async () => {
    const numbers = rows.map(({ number }) => number)
    const late = rows.map(({ kind }) => kind === 'late' ? 1 : 0)
    for (const params of [{ objective: 'expectile', expectileAlpha: 0.9 },
      { objective: 'pseudo_huber', huberSlope: 2 },
      { objective: 'focal', focalGamma: 1 }] as const) {
      const y = params.objective === 'focal' ? late : numbers
      const model = await train(
        { ...params, numIterations: 3, boostFromAverage: false }, Dataset.from(X, y))
      const again = await (await model.refit(X, y, { decayRate: 0 })).predict(X, { type: 'raw' })
      const before = await model.predict(X, { type: 'raw' })
      assert.ok(before.every((score, i) => Math.abs(score - again[i]!) < 1e-9))
    }
  })

  it('refuse labels that an objective cannot have, and objectives of the other kind', async () => {
    const fit = (objective: string, y: readonly number[]) =>
      new GBDTRegressor({ objective } as TrainingParams).fit(X, y)
    const refuses = (work: Promise<unknown>, message: RegExp) => assert.rejects(work, { message })
    const numbers = rows.map(({ number }) => number)
    await refuses(fit('poisson', numbers), /label of row \d+ is -.*"poisson" needs labels of 0 or/)
    await refuses(fit('gamma', rows.map(({ counts }) => counts)), /"gamma" needs labels above 0/)
    await refuses(fit('cross_entropy', rows.map(({ counts }) => counts)), /from 0 to 1/)
    const exposed = new GBDTRegressor({ objective: 'xentlambda' } as never)
    await refuses(exposed.fit(X, rows.map(({ share }) => share),
      { sampleWeight: rows.map((_, i) => i % 2) }), /weight of row 0 is 0.*needs weights above 0/)
    await refuses(fit('binary', numbers), /binary is not for a regressor/)
    const classifier = new GBDTClassifier({ objective: 'huber' })
    await refuses(classifier.fit(X, numbers), /not for a classifier/)
  })
})
