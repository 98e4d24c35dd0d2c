import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Dataset, paramsFrom, train } from '../../src/index.js'

interface GoldenCase {
  readonly label: string
  readonly weight: string
  readonly params: Readonly<Record<string, unknown>>
  readonly baseScore: number
  /** Of all nodes of all trees, each tree from its root, left before right. */
  readonly features: readonly number[]
  readonly predictions: readonly number[]
  readonly metrics: Readonly<Record<string, number>>
}

/** Made by make-golden.py. */
const goldenFile = new URL('../../../test/percentiles/lightgbm-percentiles.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as {
  readonly X: readonly (readonly number[])[]
  readonly labels: Readonly<Record<string, readonly number[]>>
  readonly weights: Readonly<Record<string, readonly number[] | null>>
  readonly cases: readonly GoldenCase[]
}

/** LightGBM's labels and weights are float32, and so is its alpha. */
function assertNear(actual: number, expected: number, what: string): void {
  const off = Math.abs(actual - expected)
  assert.ok(off <= 2e-5 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, not ${expected}`)
}

describe('leaves that are percentiles, beside LightGBM', () => {
  for (const { label, weight, params, ...expected } of golden.cases) {
    it(`has its scores: ${JSON.stringify(params)}, labels ${label}, weights ${weight}`, async () => {
      const weights = golden.weights[weight]!
      const data = Dataset.from(golden.X, golden.labels[label]!,
        weights === null ? {} : { weights: Float64Array.from(weights) })
      const metric = Object.keys(expected.metrics)
      const booster = await train(paramsFrom({
        ...params, num_leaves: 7, min_data_in_leaf: 0, min_data_in_bin: 1, num_threads: 1,
        num_iterations: 3, min_sum_hessian_in_leaf: 4.7, metric, feature_pre_filter: false,
      }), data, { evalSets: [{ name: 'again', data }] })
      const { model } = booster
      assertNear(model.baseScores[0]!, expected.baseScore, 'base score')
      const features = model.trees.flatMap(({ splitFeature, leftChild, rightChild }) => {
        const visit = (node: number): number[] => node < 0 ? []
          : [splitFeature[node]!, ...visit(leftChild[node]!), ...visit(rightChild[node]!)]
        return visit(0)
      })
      assert.deepEqual(features, expected.features)
      const predictions = await booster.predict(golden.X)
      expected.predictions.forEach((value, i) =>
        assertNear(Number(predictions[i]!), value, `prediction ${i}`))
      for (const [name, value] of Object.entries(expected.metrics)) {
        const series = model.evaluation.find((own) => own.metric === name)!
        assertNear(series.values.at(-1)!, value, name)
      }
    })
  }
})
