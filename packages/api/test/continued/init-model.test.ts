import assert from 'node:assert/strict'
import type { ErrorCode } from '@coppice/model'
import {
  Booster, type CoppiceError, Dataset, GBDTClassifier, type Model, train,
} from '../../src/index.js'
import { draws } from '../support.js'

type Row = { readonly size: number, readonly age: number, readonly colour: string }

/** Ages are NaN in every `everyNaN`-th row. */
function makeRows(nRows: number, seed: number, colours: readonly string[], everyNaN: number) {
  const draw = draws(seed)
  const X: Row[] = []
  const y: number[] = []
  for (let i = 0; i < nRows; i++) {
    const row = {
      size: draw() * 4 - 2, age: i % everyNaN === 1 ? NaN : draw() * 10 - 3,
      colour: colours[Math.floor(draw() * colours.length)]!,
    }
    X.push(row)
    y.push(row.size * (row.age > 2 ? 2 : -1) + (row.colour === 'red' ? 3 : 0))
  }
  return { X, y }
}

const params = {
  numLeaves: 6, minDataInLeaf: 5, minDataPerGroup: 5, catSmooth: 1, maxCatToOnehot: 1,
  numIterations: 4, learningRate: 0.4, numThreads: 1,
} as const

const forest = { boosting: 'rf', baggingFraction: 0.5, baggingFreq: 1, numIterations: 2 } as const

const old = makeRows(300, 1, ['blue', 'red', 'white'], 7)
const fresh = makeRows(240, 2, ['amber', 'red', 'green'], 1000)
const judge = makeRows(150, 3, ['amber', 'blue', 'green', 'red', 'white', 'zinc'], 5)

const dataOf = ({ X, y }: ReturnType<typeof makeRows>): Dataset => Dataset.from(X, y)
const begin = (): Promise<Booster> => train(params, dataOf(old))
const rawOf = (booster: Booster, X: readonly Row[], end: number): Promise<Float64Array> =>
  booster.predict(X, { type: 'raw', iterations: [0, end] })

/** Scores of both: the model's, and those of trees trained on top by their init scores. */
async function sumOf(first: Booster, X: readonly Row[], more: Booster): Promise<number[]> {
  const [a, b] = [await first.predict(X, { type: 'raw' }), await more.predict(X, { type: 'raw' })]
  return Array.from(a, (score, i) => score + b[i]!)
}

describe('train with initModel', () => {
  it('is a training on init scores, whose trees come behind those of the model', async () => {
    const first = await begin()
    const both = await train(params, dataOf(fresh),
      { initModel: first, evalSets: [dataOf(judge)] })
    const alone = await train(params, Dataset.from(fresh.X, fresh.y, {
      initScores: await first.predict(fresh.X, { type: 'raw' }),
    }))
    assert.equal(both.nIterations, 8)
    assert.deepEqual(both.model.trees.slice(4).map(({ leafValue }) => leafValue),
      alone.model.trees.map(({ leafValue }) => leafValue))
    const raw = await rawOf(both, judge.X, 8)
    for (const [i, score] of (await sumOf(first, judge.X, alone)).entries()) {
      assert.ok(Math.abs(raw[i]! - score) < 1e-12, `row ${i}: ${raw[i]} and ${score}`)
    }
  })

  it('reads rows as the model did: missing values, unknown and new categories', async () => {
    const first = await begin()
    const [, age] = first.model.features
    assert.equal(age!.kind === 'numeric' && age!.missing, 'nan')
    const both = await train(params, dataOf(fresh), { initModel: first })
    assert.deepEqual(both.model.features[2], { name: 'colour', kind: 'categorical',
      categories: ['amber', 'blue', 'green', 'red', 'white'] })
    assert.deepEqual(await rawOf(both, judge.X, 4), await rawOf(first, judge.X, 4))
    // the other way round, the data have missing values and the model does not know any
    const other = await train(params, dataOf(fresh))
    const again = await train(params, dataOf(old), { initModel: other })
    assert.deepEqual(again.model.features[1], { name: 'age', kind: 'numeric', missing: 'nan' })
    assert.deepEqual(await rawOf(again, judge.X, 4), await rawOf(other, judge.X, 4))
  })

  it('takes columns in any order', async () => {
    const first = await begin()
    const turned = { ...fresh, X: fresh.X.map(({ size, age, colour }) => ({ colour, age, size })) }
    const both = await train(params, Dataset.from(turned.X, turned.y), { initModel: first })
    assert.deepEqual(both.featureNames, ['colour', 'age', 'size'])
    assert.deepEqual(await rawOf(both, judge.X, 4), await rawOf(first, judge.X, 4))
  })

  it('says what came from where, and goes on from what went on', async () => {
    const first = await begin()
    const second = await train({ ...params, numIterations: 2 }, dataOf(fresh),
      { initModel: first.model })
    const third = await train({ ...params, numIterations: 3 }, dataOf(judge),
      { initModel: Booster.parse(second.toString()) })
    assert.equal(third.model.formatVersion, 2)
    assert.deepEqual(third.model.earlier!.map(({ iterations, chainHash, objective }) =>
      [iterations, chainHash, objective]), [
      [4, first.model.chainHash, 'regression'], [2, second.model.chainHash, 'regression']])
    assert.deepEqual(third.model.earlier![0]!.parameters, first.model.parameters)
    assert.equal(third.nIterations, 9)
  })

  it('begins with what the model predicts with: up to its best iteration', async () => {
    const first = await train({ ...params, numIterations: 40, earlyStoppingRound: 2 },
      dataOf(old), { evalSets: [dataOf(fresh)] })
    assert.ok(first.bestIteration! < first.nIterations)
    const both = await train({ ...params, numIterations: 30, earlyStoppingRound: 2 },
      dataOf(fresh), { initModel: first, evalSets: [dataOf(judge)] })
    const [series] = both.model.evaluation
    assert.equal(series!.iterations[0], first.bestIteration)
    const best = series!.values.indexOf(Math.min(...series!.values))
    assert.equal(both.bestIteration, first.bestIteration! + best + 1)
  })

  for (const boosting of ['gbdt', 'dart'] as const) {
    it(`goes on from checkpoints, on threads, to the same bytes: ${boosting}`, async () => {
      const initModel = await begin()
      const checkpoints: Model[] = []
      const run = (options: object, numThreads = 1): Promise<Booster> =>
        train({ ...params, boosting, numThreads }, dataOf(fresh),
          { initModel, evalSets: [dataOf(judge)], ...options })
      const whole = await run({ callbacks: [
        ({ iteration }: { iteration: number }, { model }: { model: () => Model }) => {
          assert.equal(iteration, 4 + checkpoints.length)
          checkpoints.push(model())
        }] })
      for (const [i, resumeFrom] of checkpoints.entries()) {
        assert.equal(resumeFrom.trees.length, 5 + i)
        assert.equal((await run({ resumeFrom })).toString(), whole.toString())
      }
      if (boosting === 'dart') assert.equal((await run({}, 2)).toString(), whole.toString())
      await assert.rejects(train({ ...params, boosting }, dataOf(fresh),
        { resumeFrom: checkpoints[0]! }),
      /differs in .*initial model; .* model that it began with/)
    })
  }

  it('fits a classifier on top of another, of any texts', async () => {
    const names = (y: readonly number[]): string[] =>
      y.map((value) => value > 1 ? 'high' : value > -1 ? 'middle' : 'low')
    const first = await new GBDTClassifier(params).fit(old.X, names(old.y))
    const both = await new GBDTClassifier(params)
      .fit(fresh.X, names(fresh.y), { initModel: first.booster })
    assert.equal(both.booster.nTrees, 24)
    await assert.rejects(new GBDTClassifier(params)
      .fit(fresh.X, names(fresh.y).map((name) => name === 'low' ? 'poor' : name),
        { initModel: first.booster }), /its classes are \["high","low","middle"\], those of the/)
  })

  const refused: readonly (readonly [
    what: string, code: ErrorCode, message: RegExp,
    run: (first: Booster) => Promise<unknown>,
  ])[] = [
    ['features that are not there', 'MODEL', /the data lack its features "age"; give/,
      (initModel) => train(params, Dataset.from(
        fresh.X.map(({ size, colour }) => ({ size, colour })), fresh.y), { initModel })],
    ['features that the model does not know', 'MODEL', /not know the features "more" of/,
      (initModel) => train(params, Dataset.from(
        fresh.X.map((row) => ({ ...row, more: row.size })), fresh.y), { initModel })],
    ['a feature of another kind', 'MODEL', /"colour" is categorical, in the data it is numeric/,
      (initModel) => train(params, Dataset.from(
        fresh.X.map((row, i) => ({ ...row, colour: i })), fresh.y), { initModel })],
    ['categories of another kind', 'MODEL', /"colour" are strings, those of the data numbers/,
      (initModel) => train(params, Dataset.from(
        fresh.X.map((row, i) => ({ ...row, colour: i % 9 })), fresh.y,
        { categorical: ['colour'] }), { initModel })],
    ['scores that mean something else', 'MODEL', /a number \(regression, link identity\), the tr/,
      (initModel) => train({ ...params, objective: 'poisson' }, Dataset.from(
        fresh.X, fresh.y.map(Math.abs)), { initModel })],
    ['logarithms of times', 'MODEL', /a number \(aft, link exp\), the training a number \(regr/,
      async () => train(params, dataOf(fresh), { initModel: await train(
        { ...params, objective: 'aft', numIterations: 1 },
        Dataset.from(old.X, old.y.map((_, i) => [i + 1, i + 2]))) })],
    ['log-odds of labels', 'MODEL', /a number \(multi_label, link sigmoid\), the training/,
      async () => train({ ...params, objective: 'multi_regression' },
        Dataset.from(fresh.X, fresh.y.map((y) => [y, y + 1])), { initModel: await train(
          { ...params, objective: 'multi_label', numIterations: 1 },
          Dataset.from(old.X, old.y.map((y, i) => [i % 2, Number(y > 0)]))) })],
    ['zeros that are missing to one of both', 'MODEL', /NaN is missing, of the data's, zero is/,
      (initModel) => train({ ...params, zeroAsMissing: true }, dataOf(old), { initModel })],
    ['a forest on top', 'PARAMETER', /an initial model contradicts boosting = rf/,
      (initModel) => train(forest, dataOf(fresh), { initModel })],
    ['a forest below', 'MODEL', /cannot begin with a random forest/,
      async () => train(params, dataOf(fresh), { initModel: await train(forest, dataOf(old)) })],
    ['init scores', 'DATA', /the training data has init scores, and initModel says/,
      (initModel) => train(params, Dataset.from(fresh.X, fresh.y,
        { initScores: fresh.y }), { initModel })],
    ['init scores below a forest', 'DATA', /init scores contradict boosting = rf/,
      () => train(forest, Dataset.from(fresh.X, fresh.y, { initScores: fresh.y }))],
    ['what is no model', 'PARAMETER', /initModel must be a Booster, or a model as plain data/,
      () => train(params, dataOf(fresh), { initModel: 'model.json' as unknown as Booster })],
  ]
  for (const [what, code, message, run] of refused) {
    it(`refuses ${what}`, async () => {
      const first = await begin()
      await assert.rejects(run(first), (error: CoppiceError) => {
        assert.match(error.message, message)
        return error.code === code
      })
    })
  }
})
