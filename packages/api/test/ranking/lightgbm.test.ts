import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { camelCase } from '@coppice/engine'
import { GBDTRanker } from '../../src/index.js'

interface Golden {
  readonly X: number[][]
  readonly weight: number[]
  readonly labels: number[]
  readonly group: number[]
  readonly cases: readonly {
    readonly params: Readonly<Record<string, unknown>>
    readonly weighted: boolean
    readonly rootFeature: number
    readonly rootThreshold: number
    readonly predictions: number[]
    readonly metrics: Readonly<Record<string, number[]>>
  }[]
}

// compiled to dist/test/ranking
const golden = JSON.parse(readFileSync(
  new URL('../../../test/ranking/lightgbm-ranking.json', import.meta.url), 'utf8')) as Golden

/** Queries with their first rows and the mean weights of their rows. */
function queries(): { labels: number[], weight: number }[] {
  let row = 0
  return golden.group.map((size) => {
    const end = row + size
    const labels = golden.labels.slice(row, end)
    const weight = golden.weight.slice(row, end).reduce((sum, w) => sum + w, 0) / size
    row = end
    return { labels, weight }
  })
}

/**
 * What LightGBM's weighted NDCG is too large by: a query without a relevant row counts 1 there,
 * whatever its weight.
 */
function excess(): number {
  const all = queries()
  const sum = all.reduce((total, { weight }) => total + weight, 0)
  return all.filter(({ labels }) => labels.every((y) => y === 0))
    .reduce((total, { weight }) => total + 1 - weight, 0) / sum
}

describe('rankings against LightGBM 4.6', () => {
  assert.ok(Math.abs(excess()) > 1e-3)
  for (const { params, weighted, ...expected } of golden.cases) {
    it(`${JSON.stringify(params)}${weighted ? ' with weights' : ''}`, async () => {
      const model = new GBDTRanker({
        numIterations: 8, numLeaves: 6, minDataInLeaf: 1, minSumHessianInLeaf: 1e-3,
        minDataInBin: 1, numThreads: 1, isProvideTrainingMetric: true, metric: ['ndcg', 'map'],
        evalAt: [1, 3, 10],
        ...Object.fromEntries(Object.entries(params).map(([k, v]) => [camelCase(k), v])),
      })
      const { X, labels, group, weight } = golden
      await model.fit(X, labels, { group, sampleWeight: weighted ? weight : undefined })
      const [first] = model.booster.model.trees
      assert.equal(first!.splitFeature[0], expected.rootFeature)
      assert.ok(Math.abs(first!.threshold[0]! - expected.rootThreshold) < 1e-9)
      const scores = await model.predict(X.slice(0, expected.predictions.length))
      expected.predictions.forEach((score, row) =>
        // gradients of LightGBM are floats
        assert.ok(Math.abs(scores[row]! - score) < 2e-5, `row ${row}: ${scores[row]}, ${score}`))
      for (const [name, values] of Object.entries(expected.metrics)) {
        const more = weighted && name.startsWith('ndcg') ? excess() : 0
        const found = model.evalResult['training']![name]!
        values.forEach((value, i) =>
          assert.ok(Math.abs(found[i]! + more - value) < 2e-8, `${name} of iteration ${i}`))
      }
    })
  }
})
