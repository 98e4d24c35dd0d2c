import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Dataset, GBDTRegressor, paramsFrom, train } from '../../src/index.js'

interface Golden {
  readonly X: readonly (readonly number[])[]
  readonly y: readonly number[]
  readonly cases: readonly {
    readonly schedule: Readonly<Record<string, readonly number[]>>
    readonly leaves: readonly number[]
    readonly predictions: readonly number[]
  }[]
}

/** Made by make-golden.py. */
const goldenFile = new URL('../../../test/schedules/lightgbm-schedules.json', import.meta.url)
const { X, y, cases } = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden

const params = {
  num_leaves: 7, min_data_in_leaf: 0, min_sum_hessian_in_leaf: 5.3, learning_rate: 0.25,
  min_data_in_bin: 1, feature_pre_filter: false, num_threads: 1, num_iterations: 5,
}

describe('parameter_schedule, beside LightGBM\'s reset_parameter', () => {
  for (const { schedule, leaves, predictions } of cases) {
    it(`has its trees: ${JSON.stringify(schedule)}`, async () => {
      const booster = await train(
        paramsFrom({ ...params, parameter_schedule: schedule }), Dataset.from(X, y))
      assert.deepEqual(booster.model.trees.map(({ leafValue }) => leafValue.length), leaves)
      const own = await booster.predict(X)
      predictions.forEach((value, i) => {
        const off = Math.abs(Number(own[i]) - value)
        assert.ok(off <= 2e-5 * Math.max(1, Math.abs(value)), `row ${i}: ${own[i]}, not ${value}`)
      })
    })
  }

  it('takes functions of the iteration, JSON and short lists, and is in the model', async () => {
    const common = { ...paramsFrom(params), numIterations: 3 }
    const fit = async (parameterSchedule: object | string): Promise<string> =>
      (await train({ ...common, parameterSchedule }, Dataset.from(X, y))).toString()
    const listed = await fit({ lambda_l2: [2, 1, 0], learning_rate: [0.5, 0.25, 0.125] })
    assert.equal(await fit({ lambdaL2: Float64Array.of(2, 1, 0), reg_lambda: undefined,
      eta: (iteration: number) => 0.5 / (1 << iteration) }), listed)
    assert.equal(
      await fit('{"learning_rate": [0.5, 0.25, 0.125], "reg_lambda": [2, 1, 0]}'), listed)
    const treesOf = (text: string): string => text.slice(text.indexOf('"trees"'))
      .replace(/"chainHash.*/, '')
    const shorter = await fit({ lambda_l2: [2, 1], eta: [0.5, 0.25, 0.125] })
    assert.equal(treesOf(shorter), treesOf(listed))
    assert.match(listed, /"parameter_schedule":"\{\\"lambda_l2\\":\[2,1,0\],\\"learning_rate/)
    const rates = await train({ ...common, learningRateSchedule: [0.5] }, Dataset.from(X, y))
    assert.equal(treesOf(await fit({ learningRate: [0.5] })), treesOf(rates.toString()))
    const model = new GBDTRegressor({ ...common, parameterSchedule: {
      featureFraction: (iteration) => iteration === 0 ? 0.4 : 1 } })
    assert.equal(new Set((await model.fit(X, y)).booster.model.trees[0]!.splitFeature).size, 1)
  })

  const refused: readonly (readonly [object | string, RegExp])[] = [
    [{ lambda_l2: [-1] }, /^parameter_schedule: lambda_l2 must be a finite number >= 0, got -1/],
    [{ max_bin: [15] }, /^max_bin in parameter_schedule cannot change from iteration to iteration/],
    [{ lamda_l2: [1] }, /^"lamda_l2" in parameter_schedule is no parameter; did you mean "lambda_/],
    [{ numLeafs: [3] }, /"numLeafs" in parameter_schedule is no .*; did you mean "num_leaves"/],
    [[0.1], /must be an object of lists of numbers.*: learning_rate, num_leaves/],
    [{ lambda_l2: [1], reg_lambda: [1] }, /has lambda_l2 twice, in two spellings; give it once/],
    ['{"lambda_l2": 1}', /must be an object of lists/],
    [{ lambda_l2: [1, 1, 1, 1, 1, 1] }, /6 values of lambda_l2, and there are num_iterations = 5/],
    [{ num_leaves: [8] }, /num_leaves 8, and num_leaves = 7 is the largest/],
    [{ bagging_fraction: [0.5] }, /bagging_fraction, which does nothing while bagging_freq is 0/],
    [{ min_sum_hessian_in_leaf: [1, 0] }, /iteration 1: min_data_in_leaf = 0 and min_sum_hessian/],
    [{ lambda_l1: () => NaN }, /parameterSchedule.lambda_l1 gives NaN for iteration 0/],
    [{ lambda_l1: (i: number) => [1, 2][i]!.toFixed() && 1 },
      /parameterSchedule.lambda_l1 throws for iteration 2: Cannot read.*; it must give a finite/],
  ]
  for (const [schedule, message] of refused) {
    const name = typeof schedule === 'string' ? schedule : JSON.stringify(schedule)
    it(`refuses ${name}`, async () => {
      const given = paramsFrom({ ...params, parameter_schedule: schedule })
      await assert.rejects(train(given, Dataset.from(X, y)), { code: 'PARAMETER', message })
    })
  }
})
