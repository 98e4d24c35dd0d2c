import assert from 'node:assert/strict'
import { holdOutFold } from '../../src/cv/hold-out.js'
import { countSelected, hasRow } from '@coppice/engine'
import {
  crossValScore, cv, Dataset, GBDTClassifier, GBDTRegressor, train,
} from '../../src/index.js'
import { ConnectedCluster } from '../../src/cluster/connected-cluster.js'
import { FakeClient } from '../cluster/fake-client.js'
import { asColumns, makeFlowers, rejects, temporaryFolder } from '../support.js'

const flowers = makeFlowers(1000, 61)
const noisy = flowers.label.map((label, row) => row % 5 === 0 ? 1 - label : label)
const small = { numLeaves: 7, numIterations: 60, learningRate: 0.3 }

describe('validationFraction', () => {
  const file = temporaryFolder()

  it('is a selection of rows: the training on it is one on the rest', async () => {
    const all = Dataset.from(asColumns(flowers), noisy)
    const strata = Float64Array.from(noisy)
    const { train: part, valid } = holdOutFold({ nRows: 1000, strata, groupSizes: null }, 0.2, 3)
    const rows = [...noisy.keys()]
    const booster = await train({ ...small, objective: 'binary', earlyStoppingRound: 4 }, all,
      { validationFraction: 0.2, validationSeed: 3 })
    const same = await train({ ...small, objective: 'binary', earlyStoppingRound: 4 },
      all.select(rows.filter((row) => hasRow(part, row))), { evalSets: [
        { name: 'validation', data: all.select(rows.filter((row) => hasRow(valid, row))) }] })
    assert.equal(booster.toString(), same.toString())
    assert.ok(booster.nIterations < 60)
  })

  it('ends estimators early, the same on threads and on a cluster', async () => {
    const cluster = new ConnectedCluster('ws://127.0.0.1:1', new FakeClient(file('.')))
    const models = []
    for (const options of [{}, { cluster }]) {
      const model = await new GBDTClassifier(small).fit(asColumns(flowers), noisy,
        { validationFraction: 0.1, earlyStoppingRounds: 5, ...options })
      models.push(model.booster.toString())
      assert.ok(model.bestIteration! < 55)
      assert.deepEqual(Object.keys(model.evalResult), ['validation'])
    }
    const threads = await new GBDTClassifier({ ...small, numThreads: 3 })
      .fit(asColumns(flowers), noisy, { validationFraction: 0.1, earlyStoppingRounds: 5 })
    assert.equal(threads.booster.toString(), models[0])
    assert.equal(models[1], models[0])
    const regressor = await new GBDTRegressor(small).fit(asColumns(flowers),
      Array.from(flowers.length), { validationFraction: 0.5 })
    assert.equal(regressor.evalResult['validation']!['l2']!.length, 60)
  })

  it('cuts queries on a cluster as here, by ids, sizes and columns', async () => {
    const cluster = new ConnectedCluster('ws://127.0.0.1:1', new FakeClient(file('.')))
    const ids = Array.from(noisy, (_, row) => `q${Math.floor(row / 9)}`)
    const table = { ...asColumns(flowers), q: ids, y: noisy }
    const sizes = Array.from({ length: 112 }, (_, query) => query < 111 ? 9 : 1)
    const ways = [
      Dataset.from(asColumns(flowers), noisy, { groupSizes: sizes }),
      Dataset.from(asColumns(flowers), noisy, { queryId: ids }),
      Dataset.from(table, null, { label: 'y', group: 'q' }),
    ]
    const params = { objective: 'rank_xendcg', numLeaves: 4, numIterations: 2 } as const
    const models = new Set<string>()
    for (const [i, options] of [{ cluster }, { cluster }, { cluster }, {}].entries()) {
      const { boosters } = await cv(params, ways[i % 3]!, { nFolds: 2, ...options })
      models.add(boosters.join())
      if (i % 3 > 0) continue
      const split = await train(params, ways[0]!, { validationFraction: 0.3, ...options })
      models.add(String(split))
    }
    assert.equal(models.size, 2)
    const broken = { ...table, q: ids.with(999, 'q0') }
    const torn = Dataset.from(broken, null, { label: 'y', group: 'q' })
    await rejects(cv(params, torn, { nFolds: 2, cluster }), 'DATA', 'query q0', 'two separate runs')
  })

  it('keeps queries whole', () => {
    const groupSizes = Uint32Array.from({ length: 40 }, (_, query) => 1 + query % 7)
    const nRows = groupSizes.reduce((sum, n) => sum + n, 0)
    const { train: part, valid } = holdOutFold({ nRows, strata: null, groupSizes }, 0.25, 1)
    let row = 0
    let nValid = 0
    for (const size of groupSizes) {
      const count = countSelected(valid, row, row + size)
      assert.ok(count === 0 || count === size)
      assert.equal(countSelected(part, row, row + size), size - count)
      nValid += Number(count > 0)
      row += size
    }
    assert.equal(nValid, 10)
  })

  it('refuses what is no share', async () => {
    const all = Dataset.from(asColumns(flowers), noisy)
    for (const validationFraction of [0, 1, -1, NaN, '0.1' as unknown as number]) {
      await rejects(train({ objective: 'binary' }, all, { validationFraction }), 'PARAMETER',
        'validationFraction', 'above 0')
    }
    await rejects(train({ objective: 'binary' }, all, { validationSeed: 1 }), 'PARAMETER',
      'does nothing without validationFraction')
    await rejects(train({ objective: 'binary' }, all, { validationFraction: 0.1,
      evalSets: [{ name: 'validation', data: all }] }), 'DATA', 'names must differ')
  })
})

describe('clone', () => {
  it('has the parameters and no model', async () => {
    const model = await new GBDTClassifier({ numLeaves: 5, numIterations: 2 })
      .fit(asColumns(flowers), noisy)
    const other = model.clone()
    assert.ok(other instanceof GBDTClassifier)
    assert.deepEqual(other.getParams(), model.getParams())
    assert.throws(() => other.booster, /not fitted/)
    other.setParams({ numLeaves: 9 })
    assert.equal(model.getParams().numLeaves, 5)
  })
})

describe('crossValScore', () => {
  it('scores each fold by a model of the others', async () => {
    const model = new GBDTClassifier({ numLeaves: 5, numIterations: 3 })
    const rows = [...noisy.keys()]
    const folds = [0, 1].map((part) => ({
      train: rows.filter((row) => row % 2 !== part), valid: rows.filter((row) => row % 2 === part),
    }))
    const scores = await crossValScore(model, asColumns(flowers), noisy, { folds })
    const all = Dataset.from(asColumns(flowers), noisy)
    for (const [fold, { train: own, valid }] of folds.entries()) {
      const fitted = await model.clone().fit(all.select(own))
      assert.equal(scores[fold], await fitted.score(all.select(valid)))
    }
    const again = await crossValScore(new GBDTRegressor({ numIterations: 2 }), all, null,
      { nFolds: 2 })
    assert.equal(again.length, 2)
    assert.throws(() => model.booster, /not fitted/)
  })
})
