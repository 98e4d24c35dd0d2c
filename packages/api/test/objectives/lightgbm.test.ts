import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Dataset, evaluate, paramsFrom, train, type TrainingParams } from '../../src/index.js'

interface GoldenCase {
  readonly label: string
  readonly params: Readonly<Record<string, unknown>>
  readonly weighted: boolean
  readonly rootFeature: number
  readonly rootThreshold: number
  readonly baseScores: readonly number[]
  readonly predictions: readonly number[] | readonly (readonly number[])[]
  readonly metrics: Readonly<Record<string, number>>
}

/** Made by make-golden.py. */
const goldenFile = new URL('../../../test/objectives/lightgbm-objectives.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as {
  readonly X: readonly (readonly number[])[]
  readonly weight: readonly number[]
  readonly labels: Readonly<Record<string, readonly number[]>>
  readonly cases: readonly GoldenCase[]
}

function datasetOf({ label, weighted }: GoldenCase): Dataset {
  const weights = weighted ? { weights: Float64Array.from(golden.weight) } : {}
  return Dataset.from(golden.X, golden.labels[label]!, weights)
}

function paramsOf({ params, metrics }: GoldenCase): TrainingParams {
  return paramsFrom({
    ...params, num_leaves: 5, min_data_in_leaf: 0, min_data_in_bin: 1, num_threads: 1,
    num_iterations: 4, metric: Object.keys(metrics), feature_pre_filter: false,
  })
}

/** LightGBM's gradients are float32, and so are its labels and weights. */
function assertNear(actual: number, expected: number, what: string): void {
  const off = Math.abs(actual - expected)
  assert.ok(off <= 2e-5 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, not ${expected}`)
}

describe('objectives and metrics beside LightGBM', () => {
  for (const test of golden.cases) {
    const { params, weighted, baseScores, predictions, metrics } = test
    it(`has its scores and metrics: ${JSON.stringify(params)}${weighted ? ', weighted' : ''}`,
      async () => {
        const data = datasetOf(test)
        const evalSets = [{ name: 'again', data }]
        const booster = await train(paramsOf(test), data, { evalSets })
        const { model } = booster
        const probabilities = await booster.predict(golden.X, { type: 'probability' })
        baseScores.forEach((base, k) => assertNear(model.baseScores[k]!, base, `base score ${k}`))
        assert.equal(model.trees[0]!.splitFeature[0], test.rootFeature)
        assertNear(model.trees[0]!.threshold[0]!, test.rootThreshold, 'first threshold')
        const nColumns = probabilities.length / golden.X.length
        predictions.flat().forEach((value, i) => {
          const at = nColumns === 2 ? 2 * i + 1 : i
          assertNear(probabilities[at]!, value, `prediction ${i}`)
        })
        const evaluated = await evaluate(booster, data, { metrics: Object.keys(metrics) })
        for (const [name, value] of Object.entries(metrics)) {
          assertNear(evaluated.metrics[name]!, value, name)
          const series = model.evaluation.find(({ metric }) => metric === name)!
          assert.equal(series.values.at(-1), evaluated.metrics[name], `${name} of the trainer`)
        }
      })
  }
})
