import assert from 'node:assert/strict'
import { Dataset, GBDTClassifier, GBDTRegressor, train } from '../src/index.js'
import { rejects } from './support.js'

const rows = Array.from({ length: 60 }, (_, i) => [i % 7, i % 11])
const y = rows.map(([a]) => Number(a! > 3))
const data = Dataset.from(rows, y)
const params = { objective: 'binary', numIterations: 1, numLeaves: 3 } as const

describe('options of other kinds than they must be', () => {
  const run = (options: object): Promise<unknown> => train(params, data, options)

  it('are refused before anything is read: evaluation sets', async () => {
    await rejects(run({ evalSets: data }), 'PARAMETER', 'evalSets must be a list', 'got Dataset')
    await rejects(run({ evalSets: null }), 'PARAMETER', 'evalSets must be a list', 'got null')
    for (const [set, got] of [
      [null, 'nothing'], [3, 'a number'], [{}, 'nothing'], [[rows, y], 'with 0, 1'],
      [{ name: 'v', data: rows }, 'with name, data'],
    ] as const) {
      await rejects(run({ evalSets: [data, set] }), 'PARAMETER', 'evalSets[1] must be a Dataset',
        set === null ? 'null' : got)
    }
    await rejects(run({ evalSets: [{ name: 1, data }] }), 'PARAMETER', 'evaluation set 0', 'got 1')
    await rejects(run({ evalSets: [{ name: 'v', data, weight: 1 }] }), 'PARAMETER', '"weight"')
    const model = await train(params, data, { evalSets: [data, { name: 'v', data }] })
    assert.deepEqual(model.model.evaluation.map(({ dataset }) => dataset), ['valid_0', 'v'])
  })

  it('are refused: what is to be called, signals, models', async () => {
    await rejects(run({ callbacks: () => {} }), 'PARAMETER', 'callbacks must be a list')
    await rejects(run({ callbacks: [3] }), 'PARAMETER', 'callbacks[0] must be a function')
    for (const name of ['onEvent', 'onLoad', 'onNotice', 'onJob']) {
      await rejects(run({ [name]: 3 }), 'PARAMETER', `${name} must be a function, got number`)
    }
    await rejects(run({ signal: {} }), 'PARAMETER', 'signal must be an AbortSignal', 'got Object')
    await rejects(run({ resumeFrom: 'm.json' }), 'PARAMETER', 'resumeFrom must be a Booster')
    await rejects(run({ initModel: 'm.json' }), 'PARAMETER', 'initModel must be a Booster')
  })

  it('are refused by fit: lists of evaluation sets, names of columns', async () => {
    const fit = (options: object): Promise<unknown> =>
      new GBDTClassifier({ numIterations: 1, numLeaves: 3 }).fit(rows, y, options)
    await rejects(fit({ evalSet: data }), 'PARAMETER', 'evalSet must be a list', 'got Dataset')
    await rejects(fit({ evalSet: [[rows, y]], evalNames: 'v' }), 'PARAMETER', 'evalNames')
    await rejects(fit({ evalSet: [[rows, y]], evalNames: [7] }), 'PARAMETER', 'got 7')
    // as a list of letters it would have named two columns
    await rejects(fit({ featureNames: 'ab' }), 'DATA', 'featureNames', '"ab"')
    await rejects(fit({ featureNames: ['a', 2] }), 'DATA', 'featureNames')
    const objects = rows.map(([a, b]) => ({ a: a!, b: b! }))
    const named = (featureNames: readonly string[]) =>
      new GBDTRegressor({ numIterations: 1, numLeaves: 3 }).fit(objects, y, { featureNames })
    await rejects(named(['b', 'a']), 'DATA', 'featureNames', "'a', 'b'", 'leave it out')
    await named(['a', 'b'])
    await rejects(new GBDTClassifier().fit({ a: 1, b: 2 } as never, y), 'DATA', "'a' is a number",
      '[row]')
  })

  it('are refused by data sets where they are made', async () => {
    const open = (inputs: unknown, options: object = {}) =>
      Dataset.open(inputs as string, options)
    for (const inputs of [3, null, undefined, {}, ['a.csv', 4]]) {
      await rejects(open(inputs), 'PARAMETER', 'the files of a Dataset must be a path')
    }
    for (const [name, value, noun] of [
      ['header', 'yes', "true, false or 'auto'"], ['missingValues', 'NA', 'a list of texts'],
      ['missingValues', [-999], 'a list of texts'], ['format', 'xls', 'one of parquet'],
      ['categorical', {}, 'a column by name or index, or a list of them'],
      ['label', true, 'or a list of them'], ['weight', ['w'], 'a column by name or index'],
      ['group', 1n < 2n, 'a column by name or index'], ['schema', 'float', 'an object of types'],
    ] as const) {
      const options = { [name]: value }
      await rejects(open('none.csv', options), 'PARAMETER', `${name} must be `, noun)
      await rejects(() => Dataset.remote('none.csv', options), 'PARAMETER', `${name} must be `)
    }
    const from = (y_: unknown, options: object = {}): unknown =>
      Dataset.from(rows, y_ as number[], options)
    for (const labels of [3, 'label', true, {}]) {
      await rejects(() => from(labels), 'PARAMETER', 'the labels must be an array')
    }
    for (const name of ['weights', 'initScores', 'positions']) {
      await rejects(() => from(y, { [name]: 2 }), 'PARAMETER', `${name} must be an array`, 'got 2')
    }
    await rejects(() => from(y, { ignore: [null] }), 'PARAMETER', 'ignore must be a column')
    from(null, { label: 0, ignore: ['b'], categorical: 'a', weight: 1 })
    from({ data: y, shape: [60, 1] })
  })
})
