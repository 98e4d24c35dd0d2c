import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { defaultBinning } from '../../src/loading/job.js'
import { surveyDataset } from '../../src/loading/survey.js'
import { formatManifest, type ManifestPartition } from '../../src/manifest.js'
import type { HttpSettings } from '../../src/node/http-ranges.js'
import { resolveInputs } from '../../src/node/inputs.js'
import { loadDataset } from '../../src/node/load-dataset.js'
import { openPartitionLoader } from '../../src/node/partition-loader.js'
import { partitionData } from '../../src/node/partition.js'
import { readRaw } from '../../src/node/read-raw.js'
import { resolveUri } from '../../src/node/remote-inputs.js'
import { hashFile } from '../../src/node/source-partitions.js'
import type { Format } from '../../src/reader.js'
import { defaultTextOptions } from '../../src/readers.js'
import { FileServer, sendStatus } from './file-server.js'
import { sampleTable, sliceTable, tableBytes, writeParts } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'
import { wireRunner } from './wire-runner.js'

const nRows = 3000
const table = sampleTable(20260801, nRows)
const roles = {
  label: 'y',
  weight: 'weight',
  group: 'query',
  categorical: ['city', 'code'],
  labelKind: 'binary',
  params: { maxBin: 60, binConstructSampleCnt: 1000 },
} as const

describe('data on a web server', function () {
  this.timeout(30_000)
  const temp = useTempFolder()
  const server = new FileServer()
  const http: HttpSettings = { retryMs: 1, nAttempts: 4 }
  before(() => server.open(temp()))
  after(() => server.close())
  beforeEach(() => server.reset())

  /** Writes parts and their manifest; returns the paths. */
  async function publish(name: string, format: Format, cuts: readonly number[], rowsPerUnit = 100) {
    const paths = await writeParts(temp(name), table, cuts, format, rowsPerUnit)
    const bounds = [0, ...cuts, nRows]
    const partitions: ManifestPartition[] = []
    for (const [i, path] of paths.entries()) {
      const rows = bounds[i + 1]! - bounds[i]!
      partitions.push({ uri: `part-${i}.${format}`, format, rows, hash: await hashFile(path) })
    }
    writeFileSync(temp(name, 'manifest.json'), formatManifest(partitions))
    return paths
  }

  const formats: Format[] = ['parquet', 'arrow', 'csv', 'tsv']
  for (const format of formats) {
    it(`loads ${format} as from files, by manifest, in spite of faults`, async () => {
      const paths = await publish(`all-${format}`, format, [1000, 2500])
      const local = await loadDataset({ ...roles, inputs: paths, threads: 1 })
      let n = 0
      server.fault = (request, response) => {
        if (++n % 5 !== 0) return 'next'
        if (n % 2 === 0) request.socket.destroy()
        else sendStatus(response, 503)
        return 'answered'
      }
      const inputs = server.url(`all-${format}/manifest.json`)
      // Threads take longer to start than these files to read.
      for (const threads of format === 'parquet' ? [1, 2] : [1]) {
        const { data, partitions } = await loadDataset({ ...roles, inputs, threads, http })
        assert.deepEqual(data, local.data)
        assert.equal(partitions[1]!.name, server.url(`all-${format}/part-1.${format}`))
        assert.equal(partitions[1]!.hash, await hashFile(paths[1]!))
      }
    })
  }

  it('loads single files, in the order of their addresses, and telling formats', async () => {
    const [a, b] = await writeParts(temp('single'), table, [1000], 'csv')
    const x = temp('single', 'x.txt')
    writeFileSync(x, readFileSync(a!))
    const uris = ['single/x.txt', 'single/part-1.csv?a=1'].map((name) => server.url(name))
    const inputs = await resolveInputs(uris)
    assert.deepEqual(inputs.map(({ path, format }) => [path, format]),
      [[uris[1], 'csv'], [uris[0], 'csv']])
    const remote = await loadDataset({ ...roles, inputs: uris, threads: 1 })
    const local = await loadDataset({ ...roles, inputs: [b!, x], threads: 1 })
    assert.deepEqual(remote.data, local.data)
    await assert.rejects(resolveInputs([uris[0]!, uris[0]!]), { message: /is given twice/ })
    await assert.rejects(resolveInputs(server.url('no.csv')), {
      code: 'IO', message: /no\.csv: its server answers 404/,
    })
    await assert.rejects(resolveInputs(server.url('single/*.csv')), {
      code: 'IO', message: /web servers do not list their files/,
    })
  })

  it('takes few requests for a partition, however many columns and units it has', async () => {
    const wide = sliceTable(table, 0, 500)
    const columns = Array.from({ length: 6 }, (_, i) =>
      wide.map((column) => ({ ...column, name: `${column.name}_${i}` }))).flat()
    mkdirSync(temp('wide'))
    const counts: Record<string, number> = {}
    for (const format of ['parquet', 'arrow', 'csv'] as const) {
      // 60 columns in 10 units, where the format has units of its own.
      writeFileSync(temp('wide', `w.${format}`), await tableBytes(columns, format, 50))
      server.reset()
      const inputs = server.url(`wide/w.${format}`)
      const categorical = columns.map(({ name }) => name).filter((name) => name.startsWith('code'))
      const { data } = await loadDataset({ inputs, threads: 1, categorical })
      assert.equal(data.nRows, 500)
      counts[format] = server.requests.length
    }
    // Two passes over 10 row groups or batches; the text is one unit.
    assert.ok(counts['parquet']! <= 2 + 2 * 10 + 3, `parquet took ${counts['parquet']}`)
    assert.ok(counts['arrow']! <= 2 + 10 + 2 * 10 + 3, `arrow took ${counts['arrow']}`)
    assert.ok(counts['csv']! <= 2 + 3 + 3, `csv took ${counts['csv']}`)
  })

  it('reads raw rows and cuts partitions from elsewhere', async () => {
    const [path] = await publish('raw', 'parquet', [])
    const inputs = server.url('raw/manifest.json')
    const read = async (from: string) => {
      const units = []
      for await (const unit of readRaw(from, ['color', 'real'])) units.push(unit.columns)
      return units
    }
    assert.deepEqual(await read(inputs), await read(path!))
    const [written] = await partitionData({ inputs, out: temp('cut'), partitions: 2, http })
    const [same] = await partitionData({ inputs: path!, out: temp('cut-2'), partitions: 2 })
    assert.deepEqual(written!.partitions, same!.partitions)
  })

  it('reads what a local manifest names elsewhere', async () => {
    const paths = await publish('mixed', 'csv', [1000])
    const partitions = []
    for (const [i, uri] of [server.url('mixed/part-0.csv'), 'part-1.csv'].entries()) {
      const hash = await hashFile(paths[i]!)
      partitions.push({ uri, format: 'csv' as const, rows: [1000, 2000][i]!, hash })
    }
    writeFileSync(temp('mixed', 'some.json'), formatManifest(partitions))
    const { data } = await loadDataset({ ...roles, inputs: temp('mixed', 'some.json'), threads: 1 })
    assert.deepEqual(data, (await loadDataset({ ...roles, inputs: paths, threads: 1 })).data)
    assert.ok(server.requests.every((request) => request.includes('part-0')))
    assert.ok(server.requests.length > 0)
  })

  it('resolves what a manifest names', () => {
    const at = 'https://h/x/manifest.json?v=1'
    assert.equal(resolveUri('part 1#a?.csv', at), 'https://h/x/part%201%23a%3F.csv')
    assert.equal(resolveUri('../y/a.csv', at), 'https://h/y/a.csv')
    assert.equal(resolveUri('s3://b/k', at), 's3://b/k')
    assert.equal(resolveUri('a.csv', 's3://b/x/manifest.json'), 's3://b/x/a.csv')
    assert.equal(resolveUri('../a.csv', 's3://b/x/manifest.json'), 's3://b/a.csv')
    assert.equal(resolveUri('https://h/a.csv', '/d/manifest.json'), 'https://h/a.csv')
    assert.equal(resolveUri('a.csv', '/d/manifest.json'), '/d/a.csv')
    assert.throws(() => resolveUri('file:///etc/passwd', at), {
      code: 'IO', message: /names the local file/,
    })
  })

  describe('for a worker', () => {
    const params = { ...defaultBinning, ...roles.params }
    async function prepare(name: string) {
      const paths = await publish(name, 'parquet', [1000])
      const headersFor = () => ({ authorization: 'Bearer abc' })
      const options = { headersFor, http, tempFolder: temp(`${name}-tmp`) }
      mkdirSync(options.tempFolder)
      const found = await resolveInputs(server.url(`${name}/manifest.json`), undefined, options)
      const sources = found.map(({ path: uri, ...rest }) => ({ uri, ...rest }))
      return { paths, sources, options }
    }

    it('bins partitions, fetched with a token and checked', async () => {
      server.fault = (request, response) => {
        if (request.headers.authorization === 'Bearer abc') return 'next'
        sendStatus(response, 401)
        return 'answered'
      }
      const { paths, sources, options } = await prepare('worker')
      const loader = openPartitionLoader(sources, 2, options)
      try {
        const { recipe } = await surveyDataset(
          {
            partitions: sources.map(({ uri, ...rest }) => ({ name: uri, ...rest })),
            textOptions: defaultTextOptions,
            params,
            runner: wireRunner([loader], 3),
            memory: null,
          },
          roles,
        )
        server.requests.length = 0
        const [partition] = await loader.encode(recipe, [1])
        const { data } = await loadDataset({ ...roles, inputs: paths, threads: 1 })
        const nFeatures = data.features.length
        assert.deepEqual(partition!.blocks[0]!.bins, data.blocks[0]!.bins.slice(1000 * nFeatures))
        assert.ok(server.requests.length <= 2, 'copied in one go')
        assert.deepEqual(readdirSync(options.tempFolder), [], 'the copy is gone')
        // The same rows, but not the bytes that the manifest promises.
        const damaged = Uint8Array.from(readFileSync(paths[1]!))
        damaged[600]! ^= 1
        writeFileSync(paths[1]!, damaged)
        await assert.rejects(loader.encode(recipe, [0, 1]), {
          code: 'IO', message: /part-1\.parquet has the SHA-256 .* its manifest says/,
        })
        assert.deepEqual(readdirSync(options.tempFolder), [])
      } finally {
        await loader.close()
      }
    })
  })
})
