import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Dataset, paramsFrom, train } from '../../src/index.js'

interface GoldenCase {
  readonly data: 'plain' | 'missing'
  readonly params: Readonly<Record<string, unknown>>
  readonly nLeaves: readonly number[]
  readonly loss: number
  readonly predictions: readonly number[]
}

/** Made by make-golden.py. */
const goldenFile = new URL('../../../test/constraints/lightgbm-constraints.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as {
  readonly X: readonly (readonly number[])[]
  readonly missing: readonly (number | null)[]
  readonly y: readonly number[]
  readonly cases: readonly GoldenCase[]
}

const rows = {
  plain: golden.X,
  missing: golden.X.map((row, i) => row.map((value, f) =>
    f === 1 ? golden.missing[i] ?? NaN : value)),
}

describe('rules of trees beside LightGBM', () => {
  for (const { data, params, nLeaves, loss, predictions } of golden.cases) {
    it(`has its trees and predictions: ${data}, ${JSON.stringify(params)}`, async () => {
      const trained = await train(paramsFrom({
        num_leaves: 12, min_data_in_bin: 1, ...params, objective: 'regression',
        min_data_in_leaf: 5, num_threads: 1, num_iterations: 5,
      }), Dataset.from(rows[data], golden.y))
      const own = await trained.predict(rows[data])
      assert.deepEqual(trained.model.trees.map((tree) => tree.leafValue.length), nLeaves)
      // LightGBM's gradients are float32
      for (const [i, value] of predictions.entries()) {
        assert.ok(Math.abs(value - own[i]!) < 1e-6, `row ${i}: ${own[i]}, not ${value}`)
      }
      const off = golden.y.map((y, i) => y - own[i]!)
      const ownLoss = off.reduce((sum, error) => sum + error * error, 0) / off.length
      assert.ok(Math.abs(ownLoss - loss) < 1e-6, `a loss of ${ownLoss}, not ${loss}`)
    })
  }
})
