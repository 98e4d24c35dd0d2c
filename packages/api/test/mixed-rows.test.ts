import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cv, Dataset, GBDTClassifier, GBDTRegressor, train } from '../src/index.js'
import { rejects } from './support.js'

const nRows = 80
const data = Float64Array.from({ length: nRows * 2 }, (_, i) => i * 37 % 101)
const matrix = { data, shape: [nRows, 2] as const }
const labelOf = (row: number): number => Number(data[row * 2]! > 50)
const y = Array.from({ length: nRows }, (_, row) => labelOf(row))
const params = { numIterations: 2, numLeaves: 3 }

describe('labels of several kinds', () => {
  const some = (row: number, value: unknown): unknown[] =>
    y.map((own, r) => r === row ? value : own)

  it('are refused, and not made one class', async () => {
    for (const [value, kind] of [['1', 'text'], [true, 'boolean']] as const) {
      const mixed = some(3, value) as number[]
      await rejects(new GBDTClassifier(params).fit(matrix, mixed), 'DATA',
        `label is a number in row 0 and a ${kind} in row 3`, 'one kind')
    }
    await rejects(new GBDTRegressor(params).fit(matrix, some(0, false) as number[]), 'DATA',
      'a boolean in row 0 and a number in row 1')
    for (const [value, kind] of [['1', 'text'], [true, 'boolean']] as const) {
      const labels = some(3, value) as number[]
      const rows = y.map((_, row) => ({ x: row % 17, y: labels[row]! }))
      const columns = { x: rows.map(({ x }) => x), y: labels }
      const arrays = rows.map(({ x }, row) => [x, labels[row]!])
      for (const [table, label] of [[rows, 'y'], [columns, 'y'], [arrays, 1]] as const) {
        const run = train({ ...params, objective: 'binary' }, Dataset.from(table, null, { label }))
        await rejects(run, 'DATA', label === 'y' ? "'y'" : "'Column_1'",
          `a number in row 0 and a ${kind} in row 3`)
      }
      const asText = Dataset.from(rows, null, { label: 'y', schema: { y: 'string' } })
      if (kind === 'text') await train({ ...params, objective: 'binary' }, asText)
    }
    const model = await new GBDTClassifier(params).fit(matrix, y.map((own) => BigInt(own)))
    assert.deepEqual(model.classes, [0, 1])
  })
})

describe('matrices with more than data and shape', () => {
  it('are refused: strides would say that they are read wrongly', async () => {
    const strided = { ...matrix, stride: [1, nRows] }
    await rejects(new GBDTRegressor(params).fit(strided, y), 'DATA', "'stride'", '{data, shape}')
    const model = await new GBDTRegressor(params).fit(matrix, y)
    await rejects(model.predict(strided), 'DATA', "'stride'")
    const booster = await train({ ...params, objective: 'regression' }, Dataset.from(matrix, y))
    assert.throws(() => booster.predictor().predictRaw(strided), /'stride'/)
    await rejects(train({ ...params, objective: 'multi_regression', numClass: 1 },
      Dataset.from(matrix, { data: y, shape: [nRows, 1], order: 'F' } as never)), 'DATA', "'order'")
  })
})

describe('sparse matrices with more than their four fields', () => {
  it('are refused: a format would say that they are read wrongly', async () => {
    const sparse = { data: y, indices: y.map(() => 0), indptr: [...y.keys(), nRows],
      shape: [nRows, 2] as const }
    await rejects(new GBDTRegressor(params).fit({ ...sparse, format: 'csc' } as never, y), 'DATA',
      "'format'", '{data, indices, indptr, shape}')
    const model = await new GBDTRegressor(params).fit(sparse, y)
    await rejects(model.predict({ ...sparse, base: 1 } as never), 'DATA', "'base'")
  })
})

describe('folds of the user', () => {
  it('are told what they are to be', async () => {
    const dataset = Dataset.from(matrix, y)
    const run = (fold: object): Promise<unknown> =>
      cv({ ...params, objective: 'binary' }, dataset, { folds: [fold as never] })
    await rejects(run({ train: [0, 1], test: [2] }), 'PARAMETER', 'folds[0]', 'valid is none')
    await rejects(run({ train: [0, 1], valid: [2], test: [3] }), 'PARAMETER', "'test'")
    await rejects(run({ train: 3, valid: [2] }), 'PARAMETER', 'train is none')
    await rejects(run(null as never), 'PARAMETER', 'folds[0]')
  })
})

describe('options of text files', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-text-options-'))
  after(() => rmSync(folder, { recursive: true }))
  const file = (name: string): string => path.join(folder, name)

  before(() => {
    writeFileSync(file('a.svm'), y.map((label, row) => `${label} 0:${row} 1:${row % 7}\n`).join(''))
    writeFileSync(file('a.csv'),
      'x1,2020,y\n' + y.map((label, row) => `${row},${row % 7},${label}\n`).join(''))
  })

  it('are refused where no file is CSV or TSV', async () => {
    for (const option of [{ header: true }, { missingValues: ['-999'] }]) {
      await rejects(Dataset.open(file('a.svm'), option), 'PARAMETER', Object.keys(option)[0]!,
        'libsvm', 'leave it out')
    }
    await Dataset.open(file('a.svm'), { header: 'auto' })
    await Dataset.open(file('a.svm'), { header: false })
    const csv = await Dataset.open(file('a.csv'), { header: true, label: 'y' })
    // what another data set was opened with was not said of this one
    await Dataset.open(file('a.svm'), { reference: csv })
  })

  it('are named where a header with a number in it was taken for data', async () => {
    const own = { ...params, objective: 'binary' } as const
    await rejects(train(own, await Dataset.open(file('a.csv'), { label: 'y' })), 'DATA',
      "'Column_0'", 'holds a number', '--header true')
    const model = await train(own, await Dataset.open(file('a.csv'), { label: 'y', header: true }))
    assert.deepEqual(model.featureNames, ['x1', '2020'])
  })
})
