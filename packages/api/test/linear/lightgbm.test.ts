import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Dataset, paramsFrom, train } from '../../src/index.js'

interface GoldenCase {
  readonly data: 'plain' | 'missing'
  readonly label: string
  readonly params: Readonly<Record<string, unknown>>
  readonly nLeaves: readonly number[]
  /** Raw scores of the first rows. */
  readonly raw: readonly (readonly number[])[]
  /** Means, over all rows, of the raw scores and of their squares. */
  readonly mean: readonly number[]
  readonly square: readonly number[]
}

/** Made by make-golden.py. */
const goldenFile = new URL('../../../test/linear/lightgbm-linear.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as {
  readonly X: readonly (readonly number[])[]
  readonly missing: readonly (number | null)[]
  readonly labels: Readonly<Record<string, readonly number[]>>
  readonly weights: readonly number[]
  readonly cases: readonly GoldenCase[]
}

const rows = {
  plain: golden.X,
  missing: golden.X.map((row, i) => row.map((value, f) =>
    f === 1 ? golden.missing[i] ?? NaN : value)),
}

describe('linear leaves beside LightGBM', () => {
  for (const { data, label, params, nLeaves, raw, mean, square } of golden.cases) {
    it(`have its functions: ${label}, ${data}, ${JSON.stringify(params)}`, async () => {
      const { weights, categorical_feature: categorical, ...own } = params
      const trained = await train(paramsFrom({
        num_leaves: 8, min_data_in_leaf: 20, min_data_in_bin: 1, ...own, objective: label,
        linear_tree: true, num_threads: 1, num_iterations: 6,
      }), Dataset.from(rows[data], golden.labels[label]!, {
        ...(weights === true ? { weights: golden.weights } : {}),
        ...(categorical === undefined ? {} : { categorical: categorical as number[] }),
      }))
      assert.deepEqual(trained.model.trees.map((tree) => tree.leafValue.length), nLeaves)
      const isForest = own['boosting'] === 'rf'
      assert.ok(trained.model.trees.slice(isForest ? 0 : mean.length)
        .every(({ linear }) => linear !== undefined))
      const scores = await trained.predict(rows[data], { type: 'raw' })
      // LightGBM sums in float32
      const nOutputs = mean.length
      const isNear = (a: number, b: number): boolean =>
        Math.abs(a - b) < 1e-6 * Math.max(1, Math.abs(b))
      raw.forEach((outputs, row) => outputs.forEach((value, k) => {
        const found = Number(scores[row * nOutputs + k])
        assert.ok(isNear(found, value), `row ${row}: ${found}, not ${value}`)
      }))
      for (let k = 0; k < nOutputs; k++) {
        const of = golden.X.map((_, row) => Number(scores[row * nOutputs + k]))
        const meanOf = (values: readonly number[]): number =>
          values.reduce((sum, value) => sum + value, 0) / values.length
        assert.ok(isNear(meanOf(of), mean[k]!))
        assert.ok(isNear(meanOf(of.map((value) => value * value)), square[k]!))
      }
    })
  }
})
