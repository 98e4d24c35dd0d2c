import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Dataset, paramsFrom, train } from '../../src/index.js'

interface GoldenCase {
  readonly label: string
  readonly weights: string | null
  readonly params: Readonly<Record<string, unknown>>
  readonly nLeaves: readonly number[]
  /** Of the raw scores of all rows, by output. */
  readonly sums: readonly number[]
  /** Of the first rows: rows x outputs. */
  readonly scores: readonly number[]
}

/** Made by make-golden.py. */
const goldenFile = new URL('../../../test/modes/lightgbm-modes.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as {
  readonly X: readonly (readonly (number | null)[])[]
  readonly labels: Readonly<Record<string, readonly number[]>>
  readonly weights: Readonly<Record<string, readonly number[]>>
  readonly cases: readonly GoldenCase[]
}

const rows = golden.X.map((row) => row.map((value) => value ?? NaN))

/** LightGBM's gradients are float32. */
const TOLERANCE = 2e-6

describe('dart, rf and goss beside LightGBM', () => {
  for (const { label, weights, params, nLeaves, sums, scores } of golden.cases) {
    const title = `${label}, ${weights ?? 'no'} weights, ${JSON.stringify(params)}`
    it(`has its trees and scores: ${title}`, async () => {
      const trained = await train(
        paramsFrom({
          num_leaves: 8, min_data_in_bin: 1, num_iterations: 6, ...params, num_threads: 1,
        }),
        Dataset.from(rows, golden.labels[label]!,
          weights === null ? {} : { weights: golden.weights[weights]! }))
      const own = await trained.predict(rows, { type: 'raw' })
      assert.deepEqual(trained.model.trees.map((tree) => tree.leafValue.length), nLeaves)
      for (const [i, value] of scores.entries()) {
        assert.ok(Math.abs(value - own[i]!) < TOLERANCE, `score ${i}: ${own[i]}, not ${value}`)
      }
      for (const [output, sum] of sums.entries()) {
        const ownSum = own.reduce(
          (total, score, i) => i % sums.length === output ? total + score : total, 0)
        assert.ok(Math.abs(ownSum - sum) < TOLERANCE * rows.length, `${ownSum}, not ${sum}`)
      }
    })
  }
})
