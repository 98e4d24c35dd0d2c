import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { partitionData } from '@coppice/data/node'
import { TestRandom } from '@coppice/testkit'
import { cv, Dataset, LocalCluster, train } from 'coppice'
import { writeFileSync } from 'node:fs'

function makeRows(nRows: number, seed: number) {
  const random = new TestRandom(seed)
  return Array.from({ length: nRows }, () => {
    const a = random.uniform() * 8 - 4
    const city = `c${Math.floor(random.uniform() * random.uniform() * 20)}`
    return { a, b: random.below(30), city, w: random.uniform() + 0.5,
      y: Number(a + city.length + random.uniform() * 3 > 3) }
  })
}

const params = {
  objective: 'binary', metric: ['auc', 'binary_logloss'], numLeaves: 7, numIterations: 5,
  minDataPerGroup: 20, baggingFraction: 0.8, baggingFreq: 1, learningRate: 0.3,
} as const

describe('selected rows on a cluster', function () {
  this.timeout(60_000)
  const rows = makeRows(3000, 5)
  let folder = ''
  let cluster: LocalCluster

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-cv-'))
    const header = 'a,b,city,w,y'
    const lines = rows.map(({ a, b, city, w, y }) => [a, b, city, w, y].join())
    writeFileSync(path.join(folder, 'all.csv'), `${[header, ...lines].join('\n')}\n`)
    await partitionData({ inputs: path.join(folder, 'all.csv'), out: path.join(folder, 'parts'),
      partitions: 6, outputFormat: 'parquet' })
    cluster = await LocalCluster.start({ workers: 2, threadsPerWorker: 1, auditEvery: 2 })
  })
  after(async () => {
    await cluster.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('train to the same bytes, where partitions have none of them, too', async () => {
    const files = await Dataset.open(path.join(folder, 'parts', 'manifest.json'),
      { label: 'y', weight: 'w' })
    const memory = Dataset.from(rows, null, { label: 'y', weight: 'w' })
    const cases = [
      { data: files, chosen: Array.from({ length: 900 }, (_, i) => 1400 + i) },
      { data: memory, chosen: rows.flatMap((_, row) => row % 5 === 3 ? [] : [row]) },
    ]
    for (const { data, chosen } of cases) {
      const rest = [...rows.keys()].filter((row) => !chosen.includes(row))
      const fit = (of: Dataset, there: boolean) => train(params, of.select(chosen), {
        evalSets: [{ name: 'rest', data: of.select(rest) }],
        ...(there ? { cluster } : {}),
      })
      assert.equal((await fit(data, true)).toString(), (await fit(memory, false)).toString())
    }
    assert.deepEqual(cluster.notices, [])
  })

  it('cross-validate to the same bytes', async () => {
    const files = await Dataset.open(path.join(folder, 'parts', 'manifest.json'),
      { label: 'y', weight: 'w' })
    const stopping = { ...params, numIterations: 8, earlyStoppingRound: 2 }
    const here = await cv(stopping, files, { nFolds: 2, outOfFold: true })
    const there = await cv(stopping, files, { nFolds: 2, outOfFold: true, cluster })
    assert.deepEqual(there.boosters.map(String), here.boosters.map(String))
    assert.deepEqual(there.metrics, here.metrics)
    assert.deepEqual(there.outOfFold, here.outOfFold)
  })
})
