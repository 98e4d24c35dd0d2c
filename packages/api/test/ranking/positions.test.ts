import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { camelCase } from '@coppice/engine'
import { Dataset, GBDTRanker, train } from '../../src/index.js'

interface Rows {
  readonly X: number[][]
  readonly weight: number[]
  readonly group: number[]
}

interface Golden {
  readonly positions: number[]
  readonly labels: number[]
  readonly cases: readonly {
    readonly params: Readonly<Record<string, unknown>>
    readonly weighted: boolean
    readonly predictions: number[]
    readonly biases: number[]
  }[]
}

// compiled to dist/test/ranking
const read = (name: string): unknown => JSON.parse(readFileSync(
  new URL(`../../../test/ranking/${name}.json`, import.meta.url), 'utf8'))
const { X, weight, group } = read('lightgbm-ranking') as Rows
const { positions, labels, cases } = read('lightgbm-positions') as Golden
const small = { numIterations: 6, numLeaves: 6, minDataInLeaf: 1, minSumHessianInLeaf: 1e-3,
  minDataInBin: 1, numThreads: 1 }

describe('positions of rows against LightGBM 4.6', () => {
  for (const { params, weighted, ...expected } of cases) {
    it(JSON.stringify(params), async () => {
      const model = new GBDTRanker({
        ...small,
        ...Object.fromEntries(Object.entries(params).map(([k, v]) => [camelCase(k), v])),
      })
      await model.fit(X, labels,
        { group, position: positions, sampleWeight: weighted ? weight : undefined })
      const scores = await model.predict(X.slice(0, expected.predictions.length))
      expected.predictions.forEach((score, row) =>
        assert.ok(Math.abs(scores[row]! - score) < 2e-5, `row ${row}: ${scores[row]}, ${score}`))
      const biases = model.booster.positionBiases!
      assert.equal(biases.length, expected.biases.length)
      // LightGBM tells six digits
      expected.biases.forEach((bias, p) => assert.ok(
        Math.abs(biases[p]! - bias) < 2e-5, `position ${p}: ${biases[p]}, ${bias}`))
    })
  }
})

describe('positions of rows', () => {
  it('may be a column; those of an evaluation set are not used', async () => {
    const rows = X.map((x, i) => ({ x0: x[0]!, x1: x[1]!, x2: x[2]!, x3: x[3]!,
      place: positions[i]!, y: labels[i]! }))
    const roles = { label: 'y', groupSizes: group }
    const params = { objective: 'lambdarank', ...small } as const
    const dataset = (): Dataset => Dataset.from(rows, null, { ...roles, position: 'place' })
    const named = await train(params, dataset(), { evalSets: [{ name: 'v', data: dataset() }] })
    const beside = await train(params,
      Dataset.from(rows.map(({ place: _, ...row }) => row), null, { ...roles, positions }))
    assert.deepEqual(named.model.trees, beside.model.trees)
    assert.deepEqual(named.positionBiases, beside.positionBiases)
    const without = await train(params, Dataset.from(rows, null, { ...roles, ignore: 'place' }))
    assert.notDeepEqual(without.model.trees, beside.model.trees)
    assert.equal(without.positionBiases, null)
  })

  it('are refused where nothing learns from them, and where they are none', async () => {
    const fit = (params: object, options: object): Promise<unknown> =>
      new GBDTRanker({ ...small, ...params }).fit(X, labels, { group, ...options })
    const position = positions
    await assert.rejects(fit({ objective: 'rank_xendcg' }, { position }), /"rank_xendcg" does not/)
    await assert.rejects(
      fit({ boosting: 'rf', baggingFraction: 0.5, baggingFreq: 1 }, { position }), /boosting = rf/)
    await assert.rejects(fit({ lambdarankPositionBiasRegularization: 1 }, {}),
      /lambdarank_position_bias_regularization = 1 does nothing/)
    for (const bad of [-1, 0.5, 16_384, NaN]) {
      await assert.rejects(fit({}, { position: positions.with(3, bad) }),
        /whole numbers from 0 to 16383/)
    }
    await assert.rejects(fit({}, { position: positions.slice(1) }), /give one per row/)
  })
})
