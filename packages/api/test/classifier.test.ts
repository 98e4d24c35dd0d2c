import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { tableFromArrays } from 'apache-arrow'
import { Dataset, GBDTClassifier, GBDTRegressor, type MemoryRows } from '../src/index.js'
import {
  asArrays, asColumns, asCsv, asObjects, draws, makeFlowers, rejects, temporaryFolder,
} from './support.js'

const train = makeFlowers(2000, 1)
const fresh = makeFlowers(500, 2)
const params = { numLeaves: 15, numIterations: 30 }
const featureNames = ['length', 'width', 'colour']

async function fitted(): Promise<GBDTClassifier> {
  return new GBDTClassifier(params).fit(asArrays(train), train.label, { featureNames })
}

describe('GBDTClassifier', () => {
  const file = temporaryFolder()

  it('learns two classes; probabilities are rows x 2 and sum to 1', async () => {
    const model = await fitted()
    const probabilities = await model.predictProba(asArrays(fresh))
    assert.equal(probabilities.length, 2 * fresh.label.length)
    for (let i = 0; i < probabilities.length; i += 2) {
      assert.ok(Math.abs(probabilities[i]! + probabilities[i + 1]! - 1) < 1e-12)
    }
    const predicted = await model.predict(asArrays(fresh))
    const share = predicted.filter((value, row) => value === fresh.label[row]).length / 500
    assert.ok(share >= 0.95, `only ${share} are right`)
    assert.equal(await model.score(asArrays(fresh), fresh.label), share)
    assert.deepEqual(model.classes, [0, 1])
    assert.equal(model.nFeatures, 3)
    assert.deepEqual(model.featureNames, featureNames)
  })

  it('gives the same bytes and predictions for every kind of input', async () => {
    const csv = file('flowers.csv')
    writeFileSync(csv, asCsv(train))
    const inputs: [string, MemoryRows][] = [
      ['objects', asObjects(train)], ['columns', asColumns(train)],
      ['an Arrow table', tableFromArrays(asColumns(train))],
    ]
    const reference = await fitted()
    const bytes = reference.booster.toString()
    for (const [kind, rows] of inputs) {
      const model = await new GBDTClassifier(params).fit(rows, train.label)
      assert.equal(model.booster.toString(), bytes, kind)
    }
    const opened = await Dataset.open(csv, { label: 'species' })
    const fromFile = await new GBDTClassifier(params).fit(opened)
    assert.equal(fromFile.booster.toString(), bytes, 'a CSV file')
    const expected = await reference.predictProba(asArrays(fresh))
    const kinds = [asObjects(fresh), asColumns(fresh), tableFromArrays(asColumns(fresh)),
      Dataset.from(asArrays(fresh))]
    for (const rows of kinds) {
      assert.deepEqual(await reference.predictProba(rows), expected)
    }
    const score = await reference.score(asColumns(train), train.label)
    assert.equal(await reference.score(opened), score)
  })

  it('takes matrices of any typed array, row-major', async () => {
    const nRows = train.label.length
    const cells = Array.from({ length: nRows }, (_, row) =>
      [Math.floor(train.length[row]! * 100), Math.floor(train.width[row]! * 100)])
    const data = Int32Array.from(cells.flat())
    const matrix = { data, shape: [nRows, 2] as const }
    const a = await new GBDTClassifier(params).fit(cells, train.label)
    const b = await new GBDTClassifier(params).fit(matrix, train.label)
    assert.equal(a.booster.toString(), b.booster.toString())
    assert.deepEqual(await a.predictProba(matrix), await a.predictProba(cells))
  })

  it('takes labels of any type and sorts the classes', async () => {
    const rows = asArrays(train)
    const names = ['no', 'yes']
    const asText = await new GBDTClassifier(params).fit(rows, train.label.map((y) => names[y]!))
    assert.deepEqual(asText.classes, names)
    assert.ok(['no', 'yes'].includes((await asText.predict(rows.slice(0, 1)))[0] as string))
    const asTruth = await new GBDTClassifier(params).fit(rows, train.label.map((y) => y === 1))
    assert.deepEqual(asTruth.classes, [false, true])
    assert.equal(await asTruth.score(rows, train.label.map((y) => y === 1)) > 0.95, true)
    const shifted = await new GBDTClassifier(params).fit(rows, train.label.map((y) => 7 - 9 * y))
    assert.deepEqual(shifted.classes, [-2, 7])
    const probabilities = await asText.predictProba(rows)
    assert.deepEqual(await asTruth.predictProba(rows), probabilities)
  })

  it('chooses the multiclass objective for more than two classes', async () => {
    const kinds = train.label.map((y, row) => train.length[row]! > 0.8 ? 'long' : `kind ${y}`)
    const model = await new GBDTClassifier(params).fit(asArrays(train), kinds)
    assert.deepEqual(model.classes, ['kind 0', 'kind 1', 'long'])
    assert.deepEqual(model.toJSON().objective, { name: 'multiclass', numClass: 3 })
    const probabilities = await model.predictProba(asArrays(fresh))
    assert.equal(probabilities.length, 3 * 500)
    assert.ok(await model.score(asArrays(train), kinds) > 0.95)
  })

  it('predicts the same after saving and loading', async () => {
    const model = await fitted()
    await model.save(file('model.json'))
    const loaded = await GBDTClassifier.load(file('model.json'))
    const rows = asArrays(fresh)
    assert.deepEqual(await loaded.predictProba(rows), await model.predictProba(rows))
    assert.deepEqual(await loaded.predictRaw(rows), await model.predictRaw(rows))
    assert.deepEqual(await loaded.predictLeaves(rows), await model.predictLeaves(rows))
    assert.equal(loaded.getParams().numLeaves, 15)
    await rejects(GBDTRegressor.load(file('model.json')), 'MODEL', 'classifier')
    await rejects(GBDTClassifier.load(file('nowhere.json')), 'IO', 'nowhere.json')
    const again = await loaded.fit(rows, fresh.label)
    assert.equal(again.booster.nTrees, 30)
  })

  it('counts splits and sums gains', async () => {
    const model = await fitted()
    const splits = model.featureImportances()
    const leaves = model.toJSON().trees.reduce((sum, tree) => sum + tree.leafValue.length - 1, 0)
    assert.equal(splits.reduce((sum, n) => sum + n, 0), leaves)
    assert.ok(model.featureImportances('gain').every((gain) => gain > 0))
  })

  it('weighs rows: those of weight 0 do not count', async () => {
    const draw = draws(5)
    const noise = train.label.map((y, row) => row < 1000 ? y : Number(draw() < 0.5))
    const weights = Float64Array.from(noise, (_, row) => row < 1000 ? 1 : 0)
    const model = await new GBDTClassifier(params).fit(asArrays(train), noise,
      { sampleWeight: weights })
    assert.ok(await model.score(asArrays(fresh), fresh.label) > 0.95)
    const right = await model.score(asArrays(train), noise, weights)
    const half = await model.score(asArrays(train).slice(0, 1000), noise.slice(0, 1000))
    assert.equal(right, half)
  })

  it('predicts no rows as no rows', async () => {
    assert.equal((await (await fitted()).predictProba([])).length, 0)
    assert.deepEqual(await (await fitted()).predict([]), [])
    const columns = { length: new Float64Array(0), width: [], colour: [] }
    assert.deepEqual(await (await fitted()).predict(columns), [])
  })

  it('refuses columns that it does not know, of no rows, too', async () => {
    const { length: _, ...others } = { length: [], width: [], colour: [] }
    for (const rows of [{}, others]) await rejects((await fitted()).predict(rows), 'DATA', 'length')
  })

  it('refuses what it cannot use, by name', async () => {
    const rows = asArrays(train)
    const model = await fitted()
    await rejects(model.predict([[1, 2]]), 'DATA', '2', '3')
    await rejects(model.predict([{ length: 1, width: 1 }]), 'DATA', 'colour')
    await rejects(model.predict([{ length: 'long', width: 1, colour: 'red' }]), 'DATA', 'length')
    await rejects(model.score(rows, train.label.map(() => 3)), 'DATA', 'row 0', '3')
    const fit = (y: ArrayLike<number>, options = {}) =>
      new GBDTClassifier(params).fit(rows, y, options)
    await rejects(fit([1, 0]), 'DATA', '2', '2000')
    await rejects(fit(train.label.map(() => 1)), 'DATA', 'label')
    await rejects(fit(train.label.map((y, row) => row === 7 ? NaN : y)), 'DATA', 'row 7')
    await rejects(fit(train.label.map((y) => y + 0.5)), 'DATA', '1.5')
    await rejects(fit(train.label, { sampleWeight: [1] }), 'DATA', 'weight')
    await rejects(fit(train.label, { sampleWeight: train.label.map(() => -1) }), 'DATA', 'weight')
    await rejects(fit(train.label, { evalSets: [] }), 'PARAMETER', 'evalSets')
    await rejects(new GBDTClassifier().fit(rows, undefined as never), 'DATA', 'labels')
    await rejects(new GBDTClassifier({ objective: 'regression' }).fit(rows, train.label),
      'PARAMETER', 'regression')
    await rejects(new GBDTClassifier({ numLeaves: 1 }).fit(rows, train.label), 'PARAMETER',
      'numLeaves')
    await rejects(new GBDTClassifier({ objective: 'binary' }).fit(rows,
      train.label.map((_, row) => row % 3)), 'DATA', '3 classes')
  })
})
