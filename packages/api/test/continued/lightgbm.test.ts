import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Booster, Dataset, paramsFrom, train } from '../../src/index.js'

type Rows = readonly (readonly (number | null)[])[]

interface GoldenCase {
  readonly params: Readonly<Record<string, unknown>>
  readonly categorical: readonly number[]
  readonly nRounds: number
  readonly X: Rows
  readonly y: readonly number[]
  readonly newX: Rows
  readonly newY: readonly number[]
  readonly validX: Rows
  readonly validY: readonly number[]
  /** The model to begin with, as text. */
  readonly begun: string
  readonly nTrees: number
  readonly bestIteration: number
  /** On the rows of validation, after each iteration of the second training. */
  readonly metric: readonly number[]
  /** Raw scores of the rows of validation, of all trees. */
  readonly raw: readonly number[]
}

/** Made by make-golden.py. */
const goldenFile = new URL('../../../test/continued/lightgbm-continued.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as readonly GoldenCase[]

const featureNames = ['Column_0', 'Column_1', 'Column_2']

function rowsOf(X: Rows): number[][] {
  return X.map((row) => row.map((value) => value ?? NaN))
}

/** LightGBM's labels are float32. */
function assertNear(actual: number, expected: number, what: string): void {
  const off = Math.abs(actual - expected)
  assert.ok(off <= 2e-5 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, not ${expected}`)
}

describe('trainings that begin with a model, beside LightGBM', () => {
  for (const { X, y, newX, newY, ...each } of golden) {
    const { params, categorical, nRounds, begun, nTrees, bestIteration, metric, raw } = each
    const dataset = (rows: Rows, labels: readonly number[]): Dataset =>
      Dataset.from(rowsOf(rows), labels, { featureNames, categorical })
    const common = paramsFrom({
      learning_rate: 0.25, ...params, num_leaves: 5, min_data_in_leaf: 0, min_data_in_bin: 1,
      min_sum_hessian_in_leaf: 3.3,
      cat_smooth: 1, min_data_per_group: 1, max_cat_to_onehot: 1, feature_pre_filter: false,
    })
    const { earlyStoppingRound, ...first } = common
    const begins = {
      "LightGBM's": async () => Booster.parse(begun),
      'our own': async () => train({ ...first, numIterations: 5 }, dataset(X, y)),
    }
    for (const [whose, begin] of Object.entries(begins)) {
      it(`are the same after ${whose} model: ${JSON.stringify(params)}`, async () => {
        const initModel = await begin()
        const valid = dataset(each.validX, each.validY)
        const booster = await train({ ...common, numIterations: nRounds }, dataset(newX, newY),
          { initModel, evalSets: [valid] })
        // LightGBM drops the trees behind the best iteration
        const nIterations = earlyStoppingRound === undefined ? booster.nIterations
          : booster.bestIteration!
        assert.equal(nIterations * booster.model.treesPerIteration, nTrees)
        if (earlyStoppingRound !== undefined) assert.equal(nIterations, bestIteration)
        assert.equal(booster.nIterations, 5 + metric.length)
        const [series] = booster.model.evaluation
        assert.deepEqual(series!.iterations, metric.map((_value, i) => 5 + i))
        metric.forEach((value, i) => assertNear(series!.values[i]!, value, `iteration ${5 + i}`))
        const scores = await booster.predict(rowsOf(each.validX),
          { type: 'raw', iterations: [0, nIterations] })
        raw.forEach((value, i) => assertNear(scores[i]!, value, `raw score ${i}`))
      })
    }
  }
})
