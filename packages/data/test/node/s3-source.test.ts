import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import S3rver from 's3rver'
import { formatManifest, type ManifestPartition } from '../../src/manifest.js'
import { resolveInputs } from '../../src/node/inputs.js'
import { loadDataset } from '../../src/node/load-dataset.js'
import { openSource } from '../../src/node/open-source.js'
import { hashFile } from '../../src/node/source-partitions.js'
import { sampleTable, writeParts } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'

const nRows = 1000
const table = sampleTable(5, nRows)
const roles = {
  label: 'y', labelKind: 'binary', categorical: ['city', 'code'], params: { maxBin: 60 },
} as const

/** Through AWS's client, against a server that somebody else wrote. */
describe('openSource over S3', function () {
  this.timeout(30_000)
  const temp = useTempFolder()
  const saved = { ...process.env }
  let server: S3rver
  let client: S3Client
  let paths: string[]

  before(async () => {
    mkdirSync(temp('buckets'))
    server = new S3rver({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory: temp('buckets'),
      configureBuckets: [{ name: 'data' }],
    })
    const { port } = await server.run()
    const endpoint = `http://127.0.0.1:${port}`
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    })
    client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
    paths = await writeParts(temp('parts'), table, [400], 'parquet', 100)
    const partitions: ManifestPartition[] = []
    for (const [i, path] of paths.entries()) {
      const name = `part-${i}.parquet`
      await put(`train/${name}`, readFileSync(path))
      const rows = [400, 600][i]!
      partitions.push({ uri: name, format: 'parquet', rows, hash: await hashFile(path) })
    }
    await put('train/_SUCCESS.csv', 'a')
    await put('train/deep/part-2.csv', 'a,b\n1,2\n')
    await put('listed/manifest.json',
      formatManifest(partitions.map((p) => ({ ...p, uri: `../train/${p.uri}` }))))
  })
  after(async () => {
    client?.destroy()
    for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name]
    Object.assign(process.env, saved)
    await server?.close()
  })

  async function put(key: string, body: string | Uint8Array): Promise<void> {
    await client.send(new PutObjectCommand({ Bucket: 'data', Key: key, Body: body }))
  }
  const found = async (input: string) => (await resolveInputs(input)).map(({ path }) => path)

  it('reads ranges of objects', async () => {
    const file = readFileSync(paths[0]!)
    const source = await openSource('s3://data/train/part-0.parquet')
    assert.equal(source.byteLength, file.length)
    const ranges = [[0, 8], [file.length - 8, file.length], [0, file.length], [100, 900]]
    for (const [start, end] of ranges) {
      const bytes = await source.slice(start!, end!)
      assert.ok(Buffer.from(bytes).equals(file.subarray(start, end)), `${start} to ${end}`)
    }
  })

  it('notices an object that is written anew', async () => {
    const large = new Uint8Array(300_000)
    await put('big.bin', large)
    const source = await openSource('s3://data/big.bin')
    assert.equal((await source.slice(100_000, 200_000)).length, 100_000)
    await put('big.bin', large.fill(1))
    await assert.rejects(source.slice(100_000, 200_000), {
      code: 'IO', message: /s3:\/\/data\/big\.bin: it was changed while it was read/,
    })
  })

  it('keeps objects in a cache, by their state', async () => {
    mkdirSync(temp('cache'))
    const cache = { folder: temp('cache'), bytesMax: 1e9 }
    for (const [byte, nBlocks, isKnown] of [[1, 2, false], [1, 2, true], [2, 4, false]] as const) {
      const large = new Uint8Array(300_000).fill(byte)
      await put('kept.bin', large)
      const asked: string[] = []
      const hear = ({ method, headers }: IncomingMessage) =>
        asked.push(`${method} ${headers.range ?? ''}`.trim())
      server.httpServer.on('request', hear)
      const source = await openSource('s3://data/kept.bin', { cache })
      assert.deepEqual(await source.slice(0, 300_000), large)
      server.httpServer.off('request', hear)
      assert.deepEqual(asked, isKnown ? ['HEAD'] : ['HEAD', 'GET bytes=0-299999'])
      const kept = readdirSync(temp('cache')).filter((name) => name.endsWith('.block'))
      assert.equal(kept.length, nBlocks)
    }
  })

  it('lists folders and patterns, and reads manifests', async () => {
    const parts = [0, 1].map((i) => `s3://data/train/part-${i}.parquet`)
    assert.deepEqual(await found('s3://data/train/*.parquet'), parts)
    assert.deepEqual(await found('s3://data/train/part-?.{parquet,csv}'), parts)
    const all = ['s3://data/train/deep/part-2.csv', ...parts]
    assert.deepEqual(await found('s3://data/train/**/part-*'), all)
    assert.deepEqual(await found('s3://data/train/'), all)
    assert.deepEqual(await found('s3://data/train'), all)
    assert.deepEqual(await found('s3://data/listed'), parts)
    assert.deepEqual(await found('s3://data/listed/manifest.json'), parts)
  })

  it('names what is not there', async () => {
    const cases: [string, RegExp][] = [
      ['s3://data/no.csv', /s3:\/\/data\/no\.csv: there is no such object/],
      ['s3://data/no', /there is no data file at s3:\/\/data\/no\//],
      ['s3://data/x*.csv', /no object matches the pattern s3:\/\/data\/x\*\.csv/],
      ['s3://nobucket/a.csv', /s3:\/\/nobucket\/a\.csv: there is no such bucket/],
      ['s3:///a.csv', /it must be s3:\/\/BUCKET\/KEY/],
    ]
    for (const [input, message] of cases) {
      await assert.rejects(resolveInputs(input), { code: 'IO', message }, input)
    }
  })

  it('says what to install where the client is missing', () => {
    const hook = `export function resolve(name, context, next) {
      if (!name.startsWith('@aws-sdk/')) return next(name, context)
      throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
    const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
    const register = `import { register } from 'node:module'
      register(${JSON.stringify(dataUrl(hook))})`
    const opened = new URL('../../src/node/open-source.js', import.meta.url).href
    const script = `import { openSource } from ${JSON.stringify(opened)}
      openSource('s3://data/a.csv').catch(({ code, message }) => console.log(code, message))`
    const args = ['--import', dataUrl(register), '--input-type=module', '-e', script]
    const output = execFileSync(process.execPath, args, { encoding: 'utf8' })
    assert.match(output, /^IO cannot read s3:\/\/data\/a\.csv: S3 needs the package @aws-sdk/)
    assert.match(output, /install it with: npm install @aws-sdk\/client-s3$/m)
  })

  it('loads data sets as from files', async () => {
    const local = await loadDataset({ ...roles, inputs: paths, threads: 1 })
    const remote = await loadDataset({ ...roles, inputs: 's3://data/listed/', threads: 2 })
    assert.deepEqual(remote.data, local.data)
    assert.equal(remote.partitions[0]!.hash, await hashFile(paths[0]!))
  })
})
