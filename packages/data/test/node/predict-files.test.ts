import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { InlineExecutor, train } from '@coppice/engine'
import { defaultThreads } from '@coppice/engine/threads'
import { CoppiceError, createPredictor, type Predictor } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import {
  datasetFromMemory, type PredictedRows, type PredictionType, predictColumns, unpackPrediction,
} from '../../src/index.js'
import { openRaw, predictFiles, predictionThreads } from '../../src/node/index.js'
import { useTempFolder } from './temp-folder.js'

const colours = ['red', 'green', 'blue']
const nFiles = 7
const nRows = 90

describe('predictFiles', () => {
  const inFolder = useTempFolder()
  const random = new TestRandom(4)
  const x = Array.from({ length: nFiles * nRows }, () => random.normal())
  const colour = x.map(() => colours[random.below(3)]!)
  let predictor: Predictor

  before(async () => {
    const labels = x.map((value, row) =>
      colours[Number(value > 0) + Number(colour[row] === 'red')]!)
    const data = await datasetFromMemory({ x, colour }, labels, { labelKind: 'class' })
    const params = { objective: 'multiclass', numClass: 3, numIterations: 5, numLeaves: 8,
      minDataPerGroup: 10 }
    const { model } = await train({ params, train: data }, new InlineExecutor())
    predictor = createPredictor(model, { iterations: [1, 4] })
    for (let file = 0; file < nFiles; file++) {
      const rows = Array.from({ length: nRows }, (_, r) => file * nRows + r)
      await writeFile(inFolder(`${file}.csv`),
        ['id,colour,x', ...rows.map((row) => `${row},${colour[row]},${x[row]}`), ''].join('\n'))
    }
  })

  async function predict(
    type: PredictionType, nThreads: number, pattern = '*.csv',
  ): Promise<PredictedRows[]> {
    const raw = await openRaw(inFolder(pattern))
    try {
      const parts: PredictedRows[] = []
      const job = { predictor, type, kept: [2], wanted: ['x', 'colour', 'id'],
        types: { x: 'number', colour: 'string', id: 'int' } as const }
      for await (const part of predictFiles(raw, job, nThreads)) parts.push(part)
      return parts
    } finally {
      await raw.close()
    }
  }

  for (const [type, nThreads] of [
    ['probability', 2], ['class', 3], ['raw', 3], ['leaf', 2], ['contribution', 2],
  ] as const) {
    it(`gives the same for 1 and ${nThreads} threads, and in memory: ${type}`, async () => {
      const parts = await predict(type, 1)
      assert.deepEqual(await predict(type, nThreads), parts)
      assert.deepEqual(parts.flatMap(({ kept: [ids] }) =>
        ids!.type === 'string' ? [] : [...ids!.values]), x.map((_, row) => row))
      const wanted = predictColumns(predictor, { x, colour }, type)
      const got = parts.flatMap(({ predictions }) =>
        Array.from<unknown>(unpackPrediction(predictor.model, type, predictions)))
      assert.deepEqual(got, Array.from<unknown>(wanted))
    })
  }

  it('names the first of the files that cannot be predicted, however many threads', async () => {
    for (const [file, text] of [['bad-1', 'grape'], ['bad-2', 'plum']] as const) {
      await writeFile(inFolder(`${file}.tsv`), `id\tcolour\tx\n1\tred\t${text}\n`)
    }
    const messages: string[] = []
    for (const nThreads of [1, 2, 3]) {
      await assert.rejects(predict('raw', nThreads, '*.tsv'), (error: unknown) => {
        assert.ok(error instanceof CoppiceError && error.code === 'DATA', String(error))
        messages.push(error.message)
        return true
      })
    }
    assert.match(messages[0]!, /bad-1\.tsv.*grape/)
    assert.deepEqual(messages, [messages[0], messages[0], messages[0]])
  })
})

describe('predictionThreads', () => {
  it('is what is asked for; else one thread for little work', () => {
    const size = { nRows: 1000, nColumns: 10, nTrees: 100 }
    assert.equal(predictionThreads(3, size), 3)
    assert.equal(predictionThreads(0, size), 1)
    assert.equal(predictionThreads(0, { ...size, nRows: 1_000_000 }), defaultThreads())
  })
})
