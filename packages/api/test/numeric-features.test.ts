import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { type Booster, Dataset, evaluate, train } from '../src/index.js'
import { writePredictions } from '../src/command/index.js'
import { rejects, temporaryFolder } from './support.js'

const start = Date.UTC(2024, 0, 1)

/** Rows with a date, a boolean and a number; the label follows the date. */
function csvOf(nRows: number, dateOf: (row: number) => string = isoDay): string {
  const lines = Array.from({ length: nRows }, (_, row) =>
    `${dateOf(row)},${row % 3 === 0},${row / 7},${Number(row >= nRows / 2)}`)
  return `when,open,size,y\n${lines.join('\n')}\n`
}

function isoDay(row: number): string {
  return new Date(start + row * 86_400_000).toISOString().slice(0, 10)
}

describe('features that are numbers', () => {
  const file = temporaryFolder()
  const params = { objective: 'binary' as const, numLeaves: 4, numIterations: 5 }
  let booster: Booster
  let path: string

  before(async () => {
    path = file('days.csv')
    writeFileSync(path, csvOf(300))
    booster = await train(params, await Dataset.open(path, { label: 'y' }))
  })

  it('may be dates and booleans in what is predicted, as in training', async () => {
    const dataset = await Dataset.open(path, { label: 'y' })
    const ofFile = await booster.predict(dataset)
    const ofMemory = await booster.predict({
      when: Array.from({ length: 300 }, (_, row) => new Date(start + row * 86_400_000)),
      open: Array.from({ length: 300 }, (_, row) => row % 3 === 0),
      size: Array.from({ length: 300 }, (_, row) => row / 7),
    })
    assert.deepEqual([...ofFile], [...ofMemory])
    assert.ok((ofFile[0] as number) !== (ofFile[299] as number), 'the date decides')
    const { metrics, nRows } = await evaluate(booster, dataset)
    assert.equal(nRows, 300)
    assert.equal(metrics['auc'], 1)
  })

  it('are refused where they are text, with file, line and value', async () => {
    const bad = file('bad.csv')
    writeFileSync(bad, csvOf(300, (row) => (row === 41 ? 'oops' : isoDay(row))))
    const dataset = await Dataset.open(bad, { label: 'y' })
    await rejects(booster.predict(dataset), 'DATA', 'bad.csv', 'line 43', "'when'", "'oops'",
      'missing values')
    const mixed = file('number.csv')
    writeFileSync(mixed, csvOf(300, (row) => (row < 150 ? String(row) : 'oops')))
    const half = await Dataset.open(mixed, { label: 'y' })
    await rejects(booster.predict(half), 'DATA', 'number.csv', 'line 152', "'when'", "'oops'")
    await rejects(evaluate(booster, half), 'DATA', 'number.csv', 'line 152', "'oops'")
  })

  it('come with labels whose row and file are named where one is missing', async () => {
    const bad = file('label.csv')
    writeFileSync(bad, csvOf(300).replace(/(2024-01-06,.*,)\d\n/, '$1\n'))
    const dataset = await Dataset.open([path, bad], { label: 'y' })
    await rejects(evaluate(booster, dataset), 'DATA', 'label of row 6 of', 'label.csv', 'missing')
  })

  it('are refused as text among the kept columns too', async () => {
    const bad = file('kept.csv')
    writeFileSync(bad, csvOf(300, (row) => (row < 150 ? String(row) : 'oops')))
    const out = { write: () => Promise.resolve() }
    const job = { booster, inputs: bad, out, type: 'raw' as const, keep: ['when', 'open'] }
    await rejects(writePredictions(job), 'DATA', 'kept.csv', 'line 152', "'oops'")
  })
})
