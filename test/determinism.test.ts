import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { partitionData } from '@coppice/data/node'
import { Dataset, train, type TrainingParams } from 'coppice'

const nRows = 40_000

/** Numbers in [0, 1), by a linear congruential generator. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 8) / 0x100_0000
  }
}

/** Sorted by `day`, so that cuts of the file are regions of the data; gaps, text and weights. */
function makeCsv(): string {
  const next = generator(20)
  const lines = ['day,reading,count,city,flag,w,kind']
  for (let row = 0; row < nRows; row++) {
    const reading = next() * 8 - 4
    const count = Math.floor(next() * 12)
    const city = `c${Math.floor(next() * next() * 40)}`
    const flag = next() < 0.4
    const signal = reading * (flag ? 1 : -0.5) + (count > 6 ? 1 : 0) + city.length + row / nRows
    const kind = signal + next() * 3 > 4 ? 'late' : 'punctual'
    const shown = next() < 0.1 ? 'NA' : reading.toFixed(4)
    lines.push(
      [Math.floor(row / 400), shown, count, city, flag, (next() * 2).toFixed(3), kind].join())
  }
  return lines.join('\n')
}

const settings: Readonly<Record<string, TrainingParams>> = {
  'plain trees': {},
  'bagging and feature sampling by node': {
    baggingFraction: 0.6, baggingFreq: 2, featureFraction: 0.9, featureFractionBynode: 0.7,
  },
  'depth-wise growth, linear leaves': {
    growPolicy: 'depthwise', maxDepth: 5, linearTree: true, linearLambda: 1,
  },
}

describe('the same bytes', () => {
  let folder: string
  const inputs = new Map<string, string>()

  before(async function () {
    this.timeout(60_000)
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-determinism-'))
    const csv = path.join(folder, 'rows.csv')
    await writeFile(csv, makeCsv())
    inputs.set('one CSV file', csv)
    for (const [partitions, outputFormat] of [[3, 'parquet'], [8, 'arrow']] as const) {
      const out = path.join(folder, `in-${partitions}`)
      const [written] = await partitionData({ inputs: csv, out, partitions, outputFormat })
      assert.equal(written!.partitions.length, partitions)
      // a witness that the cuts differ
      assert.ok(written!.partitions.every(({ rows }) => rows > 0 && rows < nRows / 2))
      inputs.set(`${partitions} ${outputFormat} partitions`, written!.manifest)
    }
  })

  after(() => rm(folder, { recursive: true, force: true }))

  for (const [name, params] of Object.entries(settings)) {
    it(`for any threads, partitions and speculation: ${name}`, async () => {
      const digests = new Map<string, string>()
      for (const [input, files] of inputs) {
        for (const [numThreads, speculation] of [[1, 1], [2, 4], [3, 8]] as const) {
          const dataset = await Dataset.open(files, { label: 'kind', weight: 'w' })
          let threads = 0
          const booster = await train({
            objective: 'binary', numLeaves: 31, numIterations: 8, minDataPerGroup: 20,
            ...params, numThreads, speculation,
          }, dataset, {
            onEvent: (event) => {
              if (event.kind === 'started') threads = event.nThreads
            },
          })
          assert.equal(threads, numThreads)
          const file = path.join(folder, 'model.json')
          await booster.save(file)
          const digest = createHash('sha256').update(await readFile(file)).digest('hex')
          digests.set(`${input}, ${numThreads} threads, speculation ${speculation}`, digest)
        }
      }
      assert.equal(digests.size, 9)
      assert.equal(new Set(digests.values()).size, 1, JSON.stringify([...digests], null, 1))
    }).timeout(60_000)
  }
})
