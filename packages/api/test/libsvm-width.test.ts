import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openRaw } from '@coppice/data/node'
import { isCsr } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { type Booster, Dataset, evaluate, train } from '../src/index.js'
import { writePredictions } from '../src/command/index.js'
import { labelledBatches } from '../src/scoring/labelled-batches.js'

const nFeatures = 12
const all = Array.from({ length: nFeatures }, (_, f) => `Column_${f}`)

/** Rows with entries in columns below `width`, as LibSVM and as CSV with all columns. */
async function writeRows(
  folder: string, name: string, nRows: number, width: number,
): Promise<void> {
  const random = new TestRandom(width)
  const rows = Array.from({ length: nRows }, (_, row) => {
    const entries = new Map([[0, random.normal()], [1 + random.below(width - 1), 1 + row % 3]])
    if (row === 0) entries.set(width - 1, 2)
    return { label: Number(entries.get(0)! > 0) ^ Number(random.below(9) === 0), entries }
  })
  await writeFile(path.join(folder, `${name}.svm`), rows.map(({ label, entries }) =>
    [label, ...[...entries].map(([f, value]) => `${f}:${value}`)].join(' ')).join('\n'))
  await writeFile(path.join(folder, `${name}.csv`), [['label', ...all].join(), ...rows.map(
    ({ label, entries }) => [label, ...all.map((_, f) => entries.get(f) ?? 0)].join())].join('\n'))
}

describe('LibSVM files that lack the last columns of a model', () => {
  let folder = ''
  let booster: Booster
  const file = (name: string): string => path.join(folder, name)
  const open = (name: string, options = {}): Promise<Dataset> =>
    Dataset.open(file(name), { label: 'label', ...options })
  const params = {
    objective: 'binary', numIterations: 4, numLeaves: 6, minDataInLeaf: 5, numThreads: 1,
  } as const

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-width-'))
    await writeRows(folder, 'train', 400, nFeatures)
    await writeRows(folder, 'narrow', 60, nFeatures - 4)
    booster = await train(params, await open('train.svm'))
  })
  after(() => rm(folder, { recursive: true }))

  it('are predicted as if they had them', async () => {
    const expected = await booster.predict(await open('narrow.csv'))
    assert.deepEqual(await booster.predict(await open('narrow.svm')), expected)
    const keep = ['label', 'Column_10', 'Column_0']
    const tables = []
    for (const inputs of ['narrow.svm', 'narrow.csv']) {
      const out = file('out.csv')
      await writePredictions({ booster, inputs: file(inputs), out, type: 'probability', keep })
      tables.push(await readFile(out, 'utf8'))
    }
    assert.equal(tables[0], tables[1])
  })

  it('are evaluated without their zeros, and to the same numbers', async () => {
    const narrow = await open('narrow.svm')
    assert.deepEqual(
      await evaluate(booster, narrow), await evaluate(booster, await open('narrow.csv')))
    const half = Array.from({ length: 30 }, (_, i) => 2 * i)
    assert.deepEqual(await evaluate(booster, narrow.select(half)),
      await evaluate(booster, (await open('narrow.csv')).select(half)))
    for await (const { columns, nRows } of labelledBatches(booster.model, narrow)) {
      assert.ok(isCsr(columns) && columns.data.length <= 2 * nRows + 1)
    }
    const weight = 'Column_0'
    const weighted = { weight: 'Column_7' }
    assert.deepEqual(await evaluate(booster, await open('narrow.svm', weighted)),
      await evaluate(booster, await open('narrow.csv', weighted)))
    await assert.rejects(evaluate(booster, await open('narrow.svm', { weight })), /weight of row/)
  })

  it('are evaluation sets of a training', async () => {
    const histories = []
    for (const kind of ['svm', 'csv']) {
      const events: unknown[] = []
      await train(params, await open(`train.${kind}`), {
        evalSets: [await open(`narrow.${kind}`)],
        onEvent: (event) => { if (event.kind === 'iteration') events.push(event.metrics) },
      })
      histories.push(events)
    }
    assert.ok(histories[0]!.length === 4)
    assert.deepEqual(histories[0], histories[1])
  })

  it('may not have more columns than the model, unless these have another role', async () => {
    await writeRows(folder, 'wide', 40, nFeatures + 2)
    const message = /wide\.svm has the column 'Column_12', but the last .* is 'Column_11'/
    const wide = await open('wide.svm')
    await assert.rejects(booster.predict(wide), message)
    await assert.rejects(evaluate(booster, wide), message)
    await assert.rejects(writePredictions({
      booster, inputs: file('wide.svm'), out: file('out.csv'), type: 'raw' }), message)
    const ignore = ['Column_12', 'Column_13']
    const few = await open('wide.svm', { ignore })
    assert.equal((await booster.predict(few)).length, 2 * 40)
    await assert.rejects(booster.predict(await open('wide.svm', { ignore: ['Column_12'] })),
      /'Column_13'/)
    // Models of LightGBM may have lost features that no tree uses.
    const raw = await openRaw(file('wide.svm'))
    raw.fitTo({ features: booster.model.features, origin: {} as never }, {})
    assert.throws(() => raw.fitTo(booster.model, {}), message)
    await raw.close()
    await writeFile(file('other.csv'), 'label,Column_0\n1,2\n')
    await assert.rejects(booster.predict(await open('other.csv')), /'Column_1' is not in/)
  })
})
