import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { InlineExecutor, train } from '@coppice/engine'
import { CoppiceError, createPredictor, type Predictor } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { datasetFromMemory, type PredictedRows, type PredictionType } from '../../src/index.js'
import { openRaw, predictFiles } from '../../src/node/index.js'
import { readStoredUnit } from '../../src/loading/read-unit.js'
import { UnitPredictor } from '../../src/prediction/predict-unit.js'
import { useTempFolder } from './temp-folder.js'

const nFeatures = 700
const nRows = 1000

describe('predicting LibSVM, whose zeros are not stored', function () {
  this.timeout(60_000)
  const inFolder = useTempFolder()
  const models = new Map<string, Predictor>()
  const names = Array.from({ length: nFeatures }, (_, f) => `Column_${f}`)

  before(async () => {
    const random = new TestRandom(3)
    const rows = Array.from({ length: nRows }, () => new Map<number, number | null>([
      [random.below(20), 1],
      [20, random.below(30) === 0 ? null : random.normal()],
      [21, random.below(6)],
      [22 + random.below(nFeatures - 22), 2],
    ]))
    // the last columns are in some row of the first file, and in none of the second
    rows[0]!.set(nFeatures - 1, 1)
    const parts = [rows.slice(0, 800), rows.slice(800).map((row) =>
      new Map([...row].filter(([f]) => f < nFeatures - 9)))]
    for (const [i, part] of parts.entries()) {
      const lines = part.map((row, r) => [r % 2, ...[...row]
        .sort(([a], [b]) => r % 3 ? a - b : b - a)
        .map(([f, value]) => `${f}:${value ?? 'nan'}`)].join(' '))
      await writeFile(inFolder(`${i}.svm`), lines.join('\n'))
      await writeFile(inFolder(`${i}.csv`), [['label', ...names].join(), ...part.map((row, r) =>
        [r % 2, ...names.map((_, f) => row.has(f) ? row.get(f) ?? 'NA' : 0)].join())].join('\n'))
    }
    const X = {
      data: rows.flatMap((row) => [...row.values()].map((value) => value ?? NaN)),
      indices: rows.flatMap((row) => [...row.keys()]),
      indptr: [0, ...rows.map((_, r) => rows.slice(0, r + 1).reduce((n, { size }) => n + size, 0))],
      shape: [nRows, nFeatures] as const,
    }
    const labels = rows.map((row) => Number((row.get(20) ?? 1) > 0) + Number(row.has(3)))
    const fit = async (name: string, params: object, options: object): Promise<void> => {
      const data = await datasetFromMemory(X, labels, {
        featureNames: names, labelKind: 'class', ...options })
      const { model } = await train({ params: { objective: 'multiclass', numClass: 3,
        numIterations: 3, numLeaves: 8, minDataPerGroup: 10, ...params }, train: data },
      new InlineExecutor())
      models.set(name, createPredictor(model))
    }
    await fit('numbers', {}, {})
    await fit('numbers as categories', {}, { categorical: ['Column_21'] })
    await fit('texts', {}, { categorical: ['Column_21'], schema: { Column_21: 'string' } })
  })

  async function predict(
    model: string, type: PredictionType, nThreads: number, pattern: string,
  ): Promise<PredictedRows[]> {
    const predictor = models.get(model)!
    const raw = await openRaw(inFolder(pattern))
    try {
      const parts: PredictedRows[] = []
      const types = Object.fromEntries(names.map((name) => [name,
        model === 'texts' && name === 'Column_21' ? 'string' : 'number'] as const))
      const job = { predictor, type, wanted: [...names, 'label'], kept: [nFeatures, 21], types }
      for await (const part of predictFiles(raw, job, nThreads)) parts.push(part)
      return parts
    } finally {
      await raw.close()
    }
  }

  const valuesOf = (parts: readonly PredictedRows[]): unknown => ({
    predictions: parts.flatMap(({ predictions }) => [...predictions]),
    kept: [0, 1].map((k) => parts.flatMap(({ kept }): unknown[] => {
      const chunk = kept[k]!
      return chunk.type === 'string' ? Array.from(chunk.codes, (code) => chunk.dictionary[code])
        : [...chunk.values]
    })),
  })

  for (const [model, type, nThreads] of [
    ['numbers', 'raw', 2], ['numbers as categories', 'leaf', 1], ['texts', 'probability', 1],
  ] as const) {
    it(`gives what the same rows do that have every value: ${model}, ${type}`, async () => {
      const dense = await predict(model, type, 1, '?.csv')
      const sparse = await predict(model, type, nThreads, '?.svm')
      assert.deepEqual(valuesOf(sparse), valuesOf(dense))
      // Only with all zeros a unit has to be small: two files, in one piece each, or not.
      const nUnits = sparse.length
      assert.equal(nUnits === 2, model !== 'texts', String(nUnits))
    })
  }

  it('gives the same in parts of a unit', async () => {
    const units = new UnitPredictor(models.get('numbers')!)
    const [whole] = await predict('numbers', 'raw', 1, '0.svm')
    const plan = { model: new Uint8Array(0), modelHash: '', iterations: null, type: 'raw' as const,
      types: [], kept: [0] }
    const raw = await openRaw(inFolder('0.svm'))
    const context = raw.context(names)
    const { reader, source } = await raw.files.open(0)
    const { plan: planned, columnIdx } = context.partitions[0]!
    const all = { ...planned.units[0]!, nRows: planned.nRows, end: source.byteLength }
    let nReads = 0
    const read = () => {
      nReads++
      return readStoredUnit({ reader, source, plan: planned, unit: all, ...context }, columnIdx,
        columnIdx.map(() => 'number'))
    }
    const found: number[] = []
    for (const [start, end] of [[0, 1], [1, 333], [333, planned.nRows]] as const) {
      const part = await units.predict(plan, { key: 'a', nRows: planned.nRows, start, end }, read)
      found.push(...part.predictions)
    }
    await raw.close()
    assert.deepEqual(found, [...whole!.predictions])
    assert.equal(nReads, 1)
  })

  it('names the line of a value that is no number, however units are joined', async () => {
    await writeFile(inFolder('bad.svm'),
      Array.from({ length: 700 }, (_, r) => `1 5:${r === 650 ? 'x' : 1} 699:1`).join('\n'))
    await assert.rejects(predict('numbers', 'raw', 1, 'bad.svm'), (error: unknown) =>
      error instanceof CoppiceError && error.code === 'DATA' &&
      error.message.includes('bad.svm, line 651: the value of index 5, \'x\', is not a number'))
  })
})
