import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { InlineExecutor, train } from '@coppice/engine'
import { createPredictor, type Predictor } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { datasetFromMemory } from '../../src/index.js'
import { scoreRows } from '../../src/node/index.js'

type Table = Readonly<Record<string, Float64Array>>

/** Rows of that many features, and a model of some of them. */
async function makeScored(
  nRows: number, nFeatures: number,
): Promise<{ predictor: Predictor, table: Table }> {
  const random = new TestRandom(nFeatures)
  const names = Array.from({ length: nFeatures }, (_, f) => `f${f}`)
  const table = Object.fromEntries(names.map((name) =>
    [name, Float64Array.from({ length: nRows }, () => random.normal())]))
  const some = Object.fromEntries(names.map((name) => [name, table[name]!.subarray(0, 60)]))
  const labels = Float64Array.from(table['f0']!.subarray(0, 60), (x, r) => x + table['f1']![r]!)
  const data = await datasetFromMemory(some, labels, { labelKind: 'number' })
  const params = { objective: 'regression', numIterations: 3, numLeaves: 4, minDataInLeaf: 5 }
  const { model } = await train({ params, train: data }, new InlineExecutor())
  return { predictor: createPredictor(model), table }
}

/** Threads that are started while something is done. */
async function countThreads(work: () => Promise<unknown>): Promise<number> {
  let nThreads = 0
  const onWorker = (): void => void nThreads++
  process.on('worker', onWorker)
  try {
    await work()
  } finally {
    process.off('worker', onWorker)
  }
  return nThreads
}

describe('scoreRows', () => {
  it('gives threads a few MB at a time, however many features there are', async () => {
    const { predictor, table } = await makeScored(1200, 1500)
    const wanted = predictor.predictRaw(table)
    const sizes: number[] = []
    const packer = predictor.packer.bind(predictor)
    predictor.packer = (input) => {
      const { pack, ...size } = packer(input)
      return { ...size, pack: (start, end) => {
        const rows = pack(start, end)
        sizes.push(rows.values.byteLength)
        return rows
      } }
    }
    assert.deepEqual(await scoreRows(predictor, table, 2), wanted)
    assert.ok(sizes.length > 1 && Math.max(...sizes) <= 4 << 20, String(sizes))
  })

  it('starts no thread that has nothing to do', async () => {
    const { predictor, table } = await makeScored(600, 3)
    const few = Object.fromEntries(Object.entries(table).map(([name, column]) =>
      [name, column.subarray(0, 100)]))
    assert.equal(await countThreads(() => scoreRows(predictor, few, 50)), 0)
    const nThreads = await countThreads(async () =>
      assert.deepEqual(await scoreRows(predictor, table, 50), predictor.predictRaw(table)))
    // the third is this one
    assert.equal(nThreads, 2)
  })

  it('leaves the rows in memory as they are, and lets timers run meanwhile', async () => {
    const { predictor, table } = await makeScored(200_000, 3)
    const nFeatures = 3
    const data = Float64Array.from({ length: 200_000 * nFeatures }, (_, i) =>
      table[`f${i % nFeatures}`]![Math.floor(i / nFeatures)]!)
    const wanted = predictor.predictRaw(table)
    const matrix = { data, shape: [200_000, nFeatures] as const }
    let nTicks = 0
    const timer = setInterval(() => void nTicks++, 1)
    try {
      for (const nThreads of [2, 3]) {
        assert.deepEqual(await scoreRows(predictor, matrix, nThreads), wanted)
      }
    } finally {
      clearInterval(timer)
    }
    assert.equal(data.length, 200_000 * nFeatures)
    assert.ok(nTicks > 0)
  })

  it('names the first row that does not fit, whoever it is dealt to', async () => {
    const { predictor, table } = await makeScored(40_000, 3)
    const f0: (number | string)[] = Array.from(table['f0']!)
    const other: (number | string)[] = Array.from(table['f1']!)
    other[12_500] = 'text 12500'
    for (const bad of [39_999, 20_123, 12_345]) {
      f0[bad] = `text ${bad}`
      for (const nThreads of [1, 2, 4]) {
        await assert.rejects(scoreRows(predictor, { ...table, f0 }, nThreads),
          { code: 'DATA', message: new RegExp(`text ${bad}`) })
        // however rows are cut: columns are looked at one after the other
        await assert.rejects(scoreRows(predictor, { ...table, f0, f1: other }, nThreads),
          { code: 'DATA', message: new RegExp(`text ${Math.min(bad, 12_500)}`) })
      }
    }
  })

  it('has threads in processes whose options are none of a thread', () => {
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
    const script = `
      import { ThreadPool } from ${url('../../src/node/index.js')}
      const pool = new ThreadPool(1)
      const context =
        { textOptions: {}, columns: [], partitions: [], scan: null, prediction: null }
      const id = pool.addContext(pool.addSources([]), context, null)
      const [merged] = await pool.run(id, [{ kind: 'merge', parts: [] }])
      await pool.close()
      process.stdout.write(String(merged.values.length))`
    const { status, stdout, stderr } = spawnSync(
      process.execPath, ['--input-type=module', '-e', script],
      { cwd: new URL('.', import.meta.url).pathname, encoding: 'utf8', timeout: 15_000 })
    assert.equal(status, 0, stderr)
    assert.equal(stdout, '0')
  })
})
