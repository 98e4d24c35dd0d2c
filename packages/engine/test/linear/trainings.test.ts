import assert from 'node:assert/strict'
import { createPredictor, parseModel, serializeModel, type Model } from '@coppice/model'
import {
  auditLinearLeaves, type DataRecipe, makeDataset, recutRaw, type RawDataset, withRawValues,
  withSlopes,
} from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { selectRows } from '../../src/execution/select-rows.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { train } from '../../src/training/train.js'
import type { TrainOptions, TrainResult } from '../../src/training/types.js'
import { digest } from '../support/trainings.js'

const features: DataRecipe['features'] = [
  { kind: 'numeric', bins: 12 },
  { kind: 'numeric', bins: 9, missing: 'nan', missingShare: 0.15 },
  { kind: 'categorical', categories: 6 },
  { kind: 'numeric', bins: 2 },
  { kind: 'numeric', bins: 14, order: 'skewed' },
]
const base: DataRecipe = { seed: 3, nRows: 900, features, label: 'regression' }
const params = { linearTree: true, numIterations: 6, numLeaves: 8, minDataPerGroup: 20 }

function made(recipe: DataRecipe = base): RawDataset {
  const rows = withRawValues(makeDataset(recipe))
  return recipe.label === 'regression' ? withSlopes(rows) : rows
}

function run(
  own: Readonly<Record<string, unknown>>, data: RawDataset['data'], threads = 0,
  rest: Partial<TrainOptions> = {},
): Promise<TrainResult> {
  return train({ params: { ...params, ...own }, train: data, ...rest },
    threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
}

describe('linear leaves', () => {
  const audited: readonly (readonly [string, DataRecipe, Readonly<Record<string, unknown>>])[] = [
    ['regression', base, {}],
    ['with weights and regularised', { ...base, weights: 'positive' }, { linearLambda: 20 }],
    ['binary', { ...base, label: 'binary' }, { objective: 'binary' }],
  ]
  for (const [name, recipe, own] of audited) {
    it(`are at the minimum of their loss, in plain double precision: ${name}`, async () => {
      const rows = made(recipe)
      const { model } = await run(own, rows.data)
      const audit = auditLinearLeaves({ ...params, ...own }, rows, model)
      assert.ok(audit.nFitted > 20 && audit.nMissing > 50, JSON.stringify(audit))
      assert.ok(audit.worstDerivative < 1e-7, JSON.stringify(audit))
      assert.equal(model.trees[0]!.linear, undefined)
    })
  }

  it('are found out by the audit when a coefficient is a little off', async () => {
    const rows = made()
    const { model } = await run({}, rows.data)
    const trees = model.trees.map((tree) => tree.linear === undefined ? tree : { ...tree, linear: {
      ...tree.linear, coefficients: tree.linear.coefficients.map((own) =>
        own.map((value) => value * (1 + 1e-4))),
    } })
    const audit = auditLinearLeaves(params, rows, { ...model, trees })
    assert.ok(audit.worstDerivative > 1e-6, JSON.stringify(audit))
  })

  it('fit better than constant ones, where the labels have slopes', async () => {
    const { data, rows } = withSlopes(made(), 3)
    const lossOf = ({ model }: TrainResult): number => {
      const scores = createPredictor(model).predictRaw(rows)
      return data.label!.reduce((sum, y, row) => sum + (y - scores[row]!) ** 2, 0)
    }
    const losses = [lossOf(await run({}, data)), lossOf(await run({ linearTree: false }, data))]
    assert.ok(losses[0]! < 0.9 * losses[1]!, losses.join(' and '))
  })

  const cases: readonly (readonly [string, DataRecipe, Readonly<Record<string, unknown>>])[] = [
    ['bagging', base, { baggingFraction: 0.6, baggingFreq: 2 }],
    ['goss, weights', { ...base, weights: 'any' },
      { dataSampleStrategy: 'goss', learningRate: 0.5 }],
    ['multiclass, init scores', { ...base, label: { classes: 3 }, initScore: true },
      { objective: 'multiclass', numClass: 3, numIterations: 2 }],
    ['forest', base, { boosting: 'rf', baggingFraction: 0.6, baggingFreq: 1 }],
    ['dart', base, { boosting: 'dart', dropRate: 0.5, skipDrop: 0 }],
  ]
  for (const [i, [name, recipe, own]] of cases.entries()) {
    const nThreads = [2, 0, 0, 0, 3][i]!
    const where = nThreads === 0 ? '' : `, also on ${nThreads} threads`
    it(`are the same however rows are cut${where}: ${name}`, async () => {
      const rows = made({ ...recipe, nRows: nThreads > 0 ? 4200 : 900 })
      const valid = made({ ...recipe, nRows: 300, seed: 4 })
      const evalSets = [{ name: 'valid', data: { ...valid.data, features: rows.data.features } }]
      const digestOf = async (threads: number, blocks: readonly number[]): Promise<string> =>
        digest((await run({ ...own, speculation: blocks.length }, recutRaw(rows, blocks), threads,
          { evalSets })).model)
      const expected = await digestOf(0, [])
      assert.equal(await digestOf(nThreads, [300, 2, 1, 2049]), expected)
    })
  }

  it('predict what training saw, in every predictor, also from the file', async () => {
    const { data, rows } = made()
    const { model } = await run({ isProvideTrainingMetric: true, metric: ['l2'] }, data)
    const read = parseModel(serializeModel(model))
    const predictor = createPredictor(read)
    const scores = predictor.predictRaw(rows)
    const l2 = data.label!.reduce((sum, y, row) => sum + (y - scores[row]!) ** 2, 0) / data.nRows
    const { values } = model.evaluation[0]!
    assert.ok(Math.abs(values.at(-1)! - l2) < 1e-8 * l2, `${values.at(-1)!} and ${l2}`)
    rows.slice(0, 100).forEach((row, i) =>
      assert.equal(predictor.predictRow(row, 'raw')[0], scores[i]))
    const few = createPredictor(read).predictRaw(rows.slice(0, 5))
    assert.deepEqual([...few], [...scores.slice(0, 5)])
  })

  for (const boosting of ['gbdt', 'dart']) {
    it(`go on from a checkpoint to the same bytes: ${boosting}`, async () => {
      const { data } = made()
      const own = { boosting, baggingFraction: 0.7, baggingFreq: 1 }
      const kept: Model[] = []
      const { model } = await run(own, data, 0, {
        callbacks: [(_, { model: build }) => void kept.push(build())],
      })
      const resumed = await run(own, data, 2, { resumeFrom: kept[2]! })
      assert.equal(digest(resumed.model), digest(model))
    })
  }

  it('of selected rows are those of a data set of these rows', async () => {
    const rows = made()
    const bits = new Uint8Array(Math.ceil(rows.data.nRows / 8)).fill(0b1101_0111)
    bits[bits.length - 1] = 0b0101
    const isIn = (row: number): boolean => ((bits[row >> 3]! >> (row & 7)) & 1) === 1
    const selected = selectRows(recutRaw(rows, [13, 200]), bits)
    const raw = (data: RawDataset['data']): number[] => data.blocks.flatMap((b) => [...b.raw!])
    const width = raw(rows.data).length / rows.data.nRows
    assert.deepEqual(raw(selected),
      raw(rows.data).filter((_, i) => isIn(Math.floor(i / width))))
    const run1 = selectRows(rows.data, new Uint8Array(bits.length).fill(255, 0, 20))
    assert.deepEqual(raw(run1), raw(rows.data).slice(0, 160 * width))
  })

  it('take infinite values for missing, in trainings and predictions', async () => {
    const { data, rows } = made()
    const raw = data.blocks[0]!.raw!.slice()
    const odd = rows.map((row, i) => i % 50 === 0
      ? row.map((cell, f) => f === 4 ? (i % 100 === 0 ? Infinity : -Infinity) : cell) : row)
    const width = raw.length / data.nRows
    odd.forEach((row, i) => { raw[i * width + 3] = Number(row[4]) })
    const blocks = [{ ...data.blocks[0]!, raw }]
    const { model } = await run({}, { ...data, blocks })
    const coefficients = model.trees.flatMap(({ linear }) => linear?.coefficients.flat() ?? [])
    assert.ok(coefficients.length > 0 && coefficients.every((value) => Math.abs(value) < 100))
    const scores = createPredictor(model).predictRaw(odd)
    assert.ok(scores.every((score) => Math.abs(score) < 100))
  })

  it('need the values of the rows', async () => {
    const { data } = makeDataset(base)
    await assert.rejects(run({}, data),
      /linear_tree = true needs the values .* load the data with linear_tree = true/)
  })
})

describe('linear_tree', () => {
  it('is refused with what it contradicts', async () => {
    const { data } = made()
    const refused: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
      [{ objective: 'regression_l1' }, /objective = regression_l1 contradicts linear_tree = true/],
      [{ objective: 'quantile' }, /objective = quantile contradicts linear_tree/],
      [{ zeroAsMissing: true }, /zero_as_missing = true contradicts linear_tree = true/],
      [{ monotoneConstraints: [0, -1] }, /monotone_constraints contradict linear_tree/],
      [{ linearTree: false, linearLambda: 1 }, /linear_lambda = 1 contradicts linear_tree = false/],
    ]
    for (const [own, message] of refused) await assert.rejects(run(own, data), message)
  })

  it('leaves models of other trainings as they were', async () => {
    const { data } = made()
    const { model } = await run({ linearTree: false }, data)
    assert.equal(model.formatVersion, 1)
    assert.ok(Object.keys(model.parameters).every((name) => !name.startsWith('linear')))
    assert.equal((await run({}, data)).model.formatVersion, 2)
  })
})
