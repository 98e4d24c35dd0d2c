import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync,
  writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { BinnedDataset } from '@coppice/engine'
import type { CoppiceError } from '@coppice/model'
import { withLocalMerges } from '../../src/loading/local-merges.js'
import { defaultBinning } from '../../src/loading/job.js'
import type { DatasetOptions, DatasetSurvey } from '../../src/loading/options.js'
import { surveyDataset } from '../../src/loading/survey.js'
import { loadDataset } from '../../src/node/load-dataset.js'
import { hashFile } from '../../src/node/source-partitions.js'
import {
  type BinnedPartition, openPartitionLoader, type PartitionLoader,
} from '../../src/node/partition-loader.js'
import type { PartitionSource } from '../../src/node/source-ref.js'
import { ThreadPool } from '../../src/node/thread-pool.js'
import type { Format } from '../../src/reader.js'
import { defaultTextOptions } from '../../src/readers.js'
import { sampleTable, writeParts } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'
import { overWire, wireRunner } from './wire-runner.js'

const nRows = 2000
const table = sampleTable(11, nRows)
const params = { ...defaultBinning, maxBin: 60, binConstructSampleCnt: 700 }
const roles: DatasetOptions = {
  label: 'y',
  weight: 'weight',
  group: 'query',
  initScore: 'real2',
  categorical: ['city', 'code'],
  labelKind: 'binary',
}
const real2 = { name: 'real2', type: 'float' as const, values: table[1]!.values }
const tableWithScores = [...table, real2]

describe('openPartitionLoader', function () {
  this.timeout(60_000)
  const temp = useTempFolder()
  // Threads take longer to start than these files to read: all workers share some.
  let pool: ThreadPool
  before(() => (pool = new ThreadPool(2)))
  after(() => pool.close())

  const survey = (
    sources: readonly PartitionSource[],
    workers: readonly PartitionLoader[],
    options = roles,
  ): Promise<DatasetSurvey> =>
    surveyDataset(
      {
        partitions: sources.map(({ uri, format, expected }) => ({ name: uri, format, expected })),
        textOptions: defaultTextOptions,
        params,
        runner: withLocalMerges(wireRunner(workers, 5), () => Promise.resolve()),
        memory: null,
      },
      options,
    )

  async function sourcesOf(paths: readonly string[], format: Format, hasManifest: boolean) {
    const sources: PartitionSource[] = []
    for (const uri of paths) {
      const rows = 500
      const expected = hasManifest ? { rows, hash: await hashFile(uri) } : null
      sources.push({ uri, format, expected })
    }
    return sources
  }

  const formats: Format[] = ['parquet', 'arrow', 'csv', 'tsv']
  for (const format of formats) {
    it(`surveys and bins ${format} on three workers to the bytes of one process`, async () => {
      const cuts = [500, 1000, 1500]
      const paths = await writeParts(temp(`many-${format}`), tableWithScores, cuts, format, 70)
      const local = await loadDataset({ ...roles, params, inputs: paths, threads: 1 })
      const sources = await sourcesOf(paths, format, format !== 'tsv')
      const workers = [0, 1, 2].map(() => openPartitionLoader(sources, pool))
      const found = await survey(sources, workers)
      const recipe = overWire(found.recipe)
      assert.deepEqual(found.groupSizes, local.data.groupSizes)
      assert.deepEqual(found.columns, local.columns)
      const parts = await Promise.all([
        workers[0]!.encode(recipe, [2, 0]),
        workers[1]!.encode(recipe, [3]),
        workers[2]!.encode(recipe, [1]),
      ])
      const partitions = parts.flat().sort((a, b) => a.partition - b.partition)
      assert.deepEqual(partitions.map(({ partition }) => partition), [0, 1, 2, 3])
      requireSameRows(partitions, local.data)
      for (const partition of partitions) {
        assert.ok(partition.blocks[0]!.bins.buffer instanceof SharedArrayBuffer)
        assert.ok(partition.label!.buffer instanceof SharedArrayBuffer)
      }
      const [again] = await workers[1]!.encode(recipe, [1])
      assert.deepEqual(again, partitions[1])
      for (const worker of workers) await worker.close()
    })
  }

  it('does without labels, weights, groups and scores, and bins by a reference', async () => {
    const [train] = await writeParts(temp('plain'), table, [], 'parquet', 300)
    const [valid] = await writeParts(temp('plain-v'), sampleTable(3, 300), [], 'parquet', 100)
    const options: DatasetOptions = { ignore: ['code', 'query'] }
    const sources = await sourcesOf([train!], 'parquet', false)
    const validSources = await sourcesOf([valid!], 'parquet', false)
    const reference = await survey(sources, [openPartitionLoader(sources, pool)], options)
    const loader = openPartitionLoader(validSources, pool)
    const byReference: DatasetOptions = { ...options, label: 'y', reference: reference.recipe }
    const { recipe } = await survey(validSources, [loader], byReference)
    const [partition] = await loader.encode(recipe, [0])
    const data = await loadDataset({ ...options, params, inputs: train! })
    const same = await loadDataset({
      ...options, params, label: 'y', inputs: valid!, reference: data.data,
    })
    requireSameRows([partition!], same.data)
    assert.equal(partition!.weight, null)
    assert.equal(partition!.groupSizes, null)
  })

  it('hashes bins, labels, weights, scores and group sizes as documented', async () => {
    const paths = await writeParts(temp('hash'), tableWithScores, [500], 'parquet', 70)
    const sources = await sourcesOf(paths, 'parquet', false)
    const loader = openPartitionLoader(sources, pool)
    const { recipe } = await survey(sources, [loader])
    const [partition] = await loader.encode(recipe, [0])
    const { blocks, label, weight, initScore, groupSizes, hash } = partition!
    const { bins } = blocks[0]!
    const count = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)
    const expected = createHash('sha256').update('coppice-partition-1')
    expected.update(count(500)).update(count(bins.length)).update(bins)
    for (const array of [label, weight, initScore, groupSizes]) {
      const bytes = Buffer.from(array!.buffer, array!.byteOffset, array!.byteLength)
      expected.update(count(bytes.length)).update(bytes)
    }
    assert.equal(hash, expected.digest('hex'))
    const without = await survey(sources, [loader], { ...roles, weight: undefined })
    const [other] = await loader.encode(without.recipe, [0])
    assert.notEqual(other!.hash, hash)
  })

  describe('when files change', () => {
    let sources: PartitionSource[]
    let loader: PartitionLoader
    let paths: string[]
    let found: DatasetSurvey
    async function prepare(name: string, format: Format, hasManifest: boolean) {
      paths = await writeParts(temp(name), tableWithScores, [500, 1000, 1500], format, 100)
      sources = await sourcesOf(paths, format, hasManifest)
      const before = openPartitionLoader(sources, pool)
      found = await survey(sources, [before])
      await before.close()
      // Another worker, which never saw these files.
      loader = openPartitionLoader(sources, pool)
    }
    const refuses = (code: string, message: RegExp, partitions = [0, 1]) =>
      assert.rejects(loader.encode(found.recipe, partitions), { code, message })

    it('names a file that vanished', async () => {
      await prepare('gone', 'csv', false)
      rmSync(paths[1]!)
      await refuses('IO', /part-1\.csv: no such file/)
    })

    for (const format of ['csv', 'parquet', 'arrow'] as const) {
      it(`names a ${format} file that was truncated, or grew`, async () => {
        await prepare(`cut-${format}`, format, false)
        truncateSync(paths[1]!, 3000)
        await refuses('IO', new RegExp(`part-1\\.${format} has 3000 bytes but had \\d+ when`))
        await prepare(`grown-${format}`, format, false)
        appendFileSync(paths[0]!, 'x')
        await refuses('IO', new RegExp(`part-0\\.${format} has .* changed or truncated since`))
      })
    }

    it('names a file of the same length with other rows', async () => {
      await prepare('rows', 'csv', false)
      const text = readFileSync(paths[1]!, 'utf8')
      const middle = text.indexOf('\n', 2000)
      writeFileSync(paths[1]!, `${text.slice(0, middle)} ${text.slice(middle + 1)}`)
      await refuses('IO', /part-1\.csv: the records from line 2 on are no longer the 500 rows/)
    })

    it('checks what a manifest promises before it is used, also after it was checked', async () => {
      await prepare('promise', 'parquet', true)
      const good = readFileSync(paths[1]!)
      const bad = Uint8Array.from(good)
      bad[500]! ^= 1
      writeFileSync(paths[1]!, bad)
      await refuses('IO', /part-1\.parquet has the SHA-256 \w+ but its manifest says/)
      await refuses('IO', /part-1\.parquet has the SHA-256 \w+ but its manifest says/)
      const scan = { sampleRule: null, labelKind: null }
      const context = { ...found.recipe, scan, prediction: null }
      const unit = found.recipe.partitions[1]!.plan.units[0]!
      const task = { kind: 'scan' as const, partitionIdx: 1, unit, asText: null }
      await assert.rejects(loader.runTask(context, task), { code: 'IO', message: /SHA-256/ })
      writeFileSync(paths[1]!, good)
      await loader.runTask(context, task)
      const [partition] = await loader.encode(found.recipe, [1])
      assert.equal(partition!.nRows, 500)
      writeFileSync(paths[1]!, bad)
      await refuses('IO', /SHA-256/)
    })

    it('says so when the rows are not as many as the manifest says', async () => {
      await prepare('fewer', 'parquet', true)
      const lying = sources.map((source) => ({ ...source, expected: { rows: 7, hash: '0' } }))
      await assert.rejects(survey(lying, [loader]), {
        code: 'DATA', message: /part-0\.parquet has 500 rows but its manifest says 7/,
      })
    })
  })

  it('gives up at once when it is aborted, and goes on with the next call', async () => {
    const paths = await writeParts(temp('abort'), tableWithScores, [500], 'csv', 70)
    const sources = await sourcesOf(paths, 'csv', false)
    const loader = openPartitionLoader(sources, pool)
    const { recipe } = await survey(sources, [loader])
    const controller = new AbortController()
    const work = loader.encode(recipe, [0, 1], controller.signal)
    controller.abort()
    await assert.rejects(work, { code: 'ABORTED' })
    await assert.rejects(loader.encode(recipe, [0], AbortSignal.abort()), { code: 'ABORTED' })
    assert.equal((await loader.encode(recipe, [0, 1])).length, 2)
  })

  it('gives up what is under way when it is closed, and sharers of its threads go on', async () => {
    const paths = await writeParts(temp('close'), tableWithScores, [500], 'csv', 70)
    const sources = await sourcesOf(paths, 'csv', false)
    const other = openPartitionLoader(sources, pool)
    const { recipe } = await survey(sources, [other])
    const loader = openPartitionLoader(sources, pool)
    const context = { ...recipe, scan: { sampleRule: null, labelKind: null }, prediction: null }
    const unit = recipe.partitions[0]!.plan.units[0]!
    const task = { kind: 'scan' as const, partitionIdx: 0, unit, asText: null }
    const works = Array.from({ length: 10 }, () => loader.runTask(context, task))
    const settled = Promise.allSettled(works)
    const encoded = other.encode(recipe, [0, 1])
    // Files without a promise are not looked at before their tasks are sent.
    await Promise.resolve()
    await loader.close()
    for (const result of await settled) {
      assert.equal(result.status, 'rejected')
      assert.equal((result.reason as CoppiceError).code, 'ABORTED')
    }
    assert.equal((await encoded).length, 2)
  })

  it('keeps the contexts of few partitions, however many there are', async () => {
    const cuts = Array.from({ length: 49 }, (_, i) => 40 * (i + 1))
    const paths = await writeParts(temp('fifty'), tableWithScores, cuts, 'csv', 70)
    // As files are: part-10 comes before part-2.
    const sources = await sourcesOf(paths.sort(), 'csv', false)
    const loader = openPartitionLoader(sources, pool)
    const { recipe } = await survey(sources, [loader])
    const { data } = await loadDataset({ ...roles, params, inputs: paths, threads: 1 })
    requireSameRows(await loader.encode(recipe, recipe.partitions.map((_, i) => i)), data)
    await loader.close()
  })

  it('names the file and the row of a value that cannot be used', async () => {
    const paths = await writeParts(temp('bad-label'), tableWithScores, [500], 'csv', 70)
    const sources = await sourcesOf(paths, 'csv', false)
    const loader = openPartitionLoader(sources, pool)
    const { recipe } = await survey(sources, [loader])
    const lines = readFileSync(paths[1]!, 'utf8').split('\n')
    const label = table.findIndex(({ name }) => name === 'y')
    const fields = lines[3]!.split(',')
    // The text column that holds a comma is before it.
    fields[fields.length - (tableWithScores.length - label)] = '7'
    lines[3] = fields.join(',')
    writeFileSync(paths[1]!, lines.join('\n'))
    await assert.rejects(loader.encode(recipe, [0, 1]), (error: CoppiceError) => {
      assert.equal(error.code, 'DATA')
      assert.match(error.message, /label 7 in row 3 of .*part-1\.csv/)
      return true
    })
  })

  it('survives the death of its threads', async () => {
    const paths = await writeParts(temp('death'), tableWithScores, [500], 'parquet', 70)
    const sources = await sourcesOf(paths, 'parquet', false)
    const { recipe } = await survey(sources, [openPartitionLoader(sources, pool)])
    // A thread that ends, once, when it is to hash a file.
    const worker = new URL('../../src/node/load-worker.js', import.meta.url)
    writeFileSync(temp('mortal.mjs'), `
      import { existsSync, writeFileSync } from 'node:fs'
      import { parentPort } from 'node:worker_threads'
      import ${JSON.stringify(worker.href)}
      parentPort.on('message', ({ task }) => {
        if (task?.kind !== 'hash' || existsSync(${JSON.stringify(temp('died'))})) return
        writeFileSync(${JSON.stringify(temp('died'))}, '')
        process.exit(1)
      })`)
    const mortal = new ThreadPool(1, { module: pathToFileURL(temp('mortal.mjs')) })
    try {
      const loader = openPartitionLoader(sources, mortal)
      const context = { ...recipe, scan: null, prediction: null }
      const task = { kind: 'hash' as const, partitionIdx: 0 }
      const works = [loader.runTask(context, task), loader.runTask(context, task)]
      for (const work of works) {
        await assert.rejects(work, { code: 'INTERNAL', message: /a loading thread failed/ })
      }
      assert.equal(await loader.runTask(context, task), await hashFile(paths[0]!))
      assert.equal((await loader.encode(recipe, [1]))[0]!.nRows, nRows - 500)
      await mortal.close()
      await assert.rejects(loader.encode(recipe, [1]), { code: 'INTERNAL' })
    } finally {
      await mortal.close()
    }
  })

  it('ends threads that have nothing to do, and starts them again', async () => {
    const paths = await writeParts(temp('idle'), tableWithScores, [500], 'csv', 70)
    const sources = await sourcesOf(paths, 'csv', false)
    const lazy = new ThreadPool(1, { idleMs: 5 })
    const loader = openPartitionLoader(sources, lazy)
    try {
      assert.equal(lazy.isRunning, false)
      const { recipe } = await survey(sources, [loader])
      for (let i = 0; i < 2; i++) {
        const [partition] = await loader.encode(recipe, [1])
        assert.equal(partition!.nRows, nRows - 500)
        while (lazy.isRunning) await new Promise((resolve) => setTimeout(resolve, 5))
      }
    } finally {
      await lazy.close()
    }
  })

  it('bins LibSVM and npy partitions, also empty ones', async () => {
    mkdirSync(temp('sparse'))
    writeFileSync(temp('sparse', 'a.libsvm'), '1 0:2 3:4\n0 1:1\n1 0:1 3:2\n')
    writeFileSync(temp('sparse', 'b.libsvm'), '')
    writeFileSync(temp('sparse', 'c.libsvm'), '0 0:7\n1 1:3 2:4\n')
    copyFileSync(temp('sparse', 'c.libsvm'), temp('sparse', 'd.libsvm'))
    const paths = ['a', 'b', 'c', 'd'].map((name) => temp('sparse', `${name}.libsvm`))
    const options: DatasetOptions = { labelKind: 'binary' }
    const small = { ...params, minDataInBin: 1, featurePreFilter: false }
    const sources = await sourcesOf(paths, 'libsvm', false)
    const loader = openPartitionLoader(sources, pool)
    const { recipe } = await surveyDataset(
      {
        partitions: sources.map(({ uri, format }) => ({ name: uri, format, expected: null })),
        textOptions: defaultTextOptions,
        params: small,
        runner: wireRunner([loader], 1),
        memory: null,
      },
      options,
    )
    const { data } = await loadDataset({ ...options, params: small, inputs: paths })
    requireSameRows(await loader.encode(recipe, [0, 1, 2, 3]), data)
  })
})

/** Partitions in order hold the same rows as a data set. */
function requireSameRows(partitions: readonly BinnedPartition[], data: BinnedDataset): void {
  const join = (arrays: readonly (Uint8Array | Float64Array | Uint32Array | null)[]) =>
    arrays.some((array) => array === null) ? null
      : Buffer.concat(arrays.map((a) => Buffer.from(a!.buffer, a!.byteOffset, a!.byteLength)))
  let firstRow = 0
  for (const partition of partitions) {
    assert.equal(partition.firstRow, firstRow)
    firstRow += partition.nRows
  }
  assert.equal(firstRow, data.nRows)
  const binsOf = (blocks: BinnedDataset['blocks']) => join(blocks.map(({ bins }) => bins))
  assert.deepEqual(binsOf(partitions.flatMap(({ blocks }) => blocks)), binsOf(data.blocks))
  for (const key of ['label', 'weight', 'initScore', 'groupSizes'] as const) {
    assert.deepEqual(join(partitions.map((partition) => partition[key])), join([data[key]]), key)
  }
}
