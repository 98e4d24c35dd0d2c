import assert from 'node:assert/strict'
import { cv, Dataset, GBDTClassifier, GBDTRegressor, train, tune } from '../src/index.js'
import { asColumns, makeFlowers, rejects } from './support.js'

const flowers = makeFlowers(300, 5)
const X = asColumns(flowers)
const group = new Array<number>(30).fill(10)
const queryId = flowers.label.map((_, row) => Math.floor(row / 10))
const params = { objective: 'binary', numLeaves: 4, numIterations: 2 } as const

describe('refuseUnreadQueries', () => {
  const plain = Dataset.from(X, flowers.label)
  const table = { ...X, q: queryId, y: flowers.label }
  const ways: [way: string, dataset: Dataset][] = [
    ['sizes', Dataset.from(X, flowers.label, { group })],
    ['ids', Dataset.from(X, flowers.label, { queryId })],
    ['a column', Dataset.from(table, null, { label: 'y', group: 'q' })],
  ]
  const words = ['have queries', '"binary"', 'ignore', 'lambdarank']

  it('refuses queries of rows that nobody ranks', async () => {
    for (const [way, dataset] of ways) {
      await rejects(train(params, dataset), 'PARAMETER', 'the rows have', ...words)
      await rejects(train(params, plain, { evalSets: [{ name: way, data: dataset }] }),
        'PARAMETER', `evaluation set "${way}"`, ...words)
      await rejects(new GBDTClassifier(params).fit(dataset), 'PARAMETER', ...words)
    }
    await rejects(new GBDTClassifier(params).fit(X, flowers.label, { queryId }),
      'PARAMETER', ...words)
    await rejects(new GBDTRegressor({ numIterations: 2 }).fit(X, flowers.length, { group }),
      'PARAMETER', '"regression"')
    await rejects(new GBDTClassifier(params).fit(X, flowers.label,
      { evalSet: [[X, flowers.label]], evalGroup: [group] }), 'PARAMETER', '"valid_0"')
  })

  it('refuses those of a refit', async () => {
    const model = await train(params, plain)
    for (const queries of [{ group }, { queryId }, { groupSizes: group }]) {
      await rejects(model.refit(X, flowers.label, queries), 'PARAMETER', 'refit', ...words)
    }
  })

  it('lets pass what ranks, and what is cut between queries', async () => {
    for (const [, dataset] of ways) {
      const ranked = await train({ ...params, objective: 'lambdarank' }, dataset,
        { evalSets: [dataset] })
      assert.ok('ndcg@5' in ranked.evalResult['valid_0']!)
      await train(params, dataset, { validationFraction: 0.3, evalSets: [dataset] })
      const { validRows } = await cv(params, dataset, { nFolds: 3 })
      for (const rows of validRows) {
        const counts = new Map<number, number>()
        for (const row of rows) {
          counts.set(queryId[row]!, (counts.get(queryId[row]!) ?? 0) + 1)
        }
        assert.ok([...counts.values()].every((count) => count === 10))
      }
      const { booster } = await tune(params, { numLeaves: [3, 4] }, dataset, { nFolds: 2 })
      assert.ok(booster !== null)
    }
  })
})
