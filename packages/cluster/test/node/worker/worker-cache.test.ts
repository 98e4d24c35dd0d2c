import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataSpec, digestOf, makeData, orderOf, trainHere } from '../coordinator/local-training.js'
import { TestCluster } from '../coordinator/test-cluster.js'

/** Files larger than what is fetched with the first look at them. */
const sets = { train: { nRows: 12_000, nPartitions: 2 } }
const params = { objective: 'regression', numIterations: 3, numLeaves: 4 }

describe('a worker with a cache', function () {
  this.timeout(30_000)
  const data = makeData(31, 'number', sets)
  const names = readdirSync(data.path('train'))
  const folder = mkdtempSync(join(tmpdir(), 'coppice-cache-'))
  const cache = { folder, bytesMax: 1e8 }
  let server: Server
  let hasTags = true
  let nServed = 0
  before((done) => {
    server = createServer(({ method, url, headers }, response) => {
      const file = readFileSync(data.path(`train/${url!.slice(1)}`))
      const told = {
        'accept-ranges': 'bytes', ...(hasTags ? { etag: `"${file.length}"` } : {}),
      }
      if (method === 'HEAD') {
        response.writeHead(200, { ...told, 'content-length': file.length }).end()
        return
      }
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range!)!.map(Number)
      const part = file.subarray(from, to! + 1)
      nServed += part.length
      response.writeHead(206, {
        'content-range': `bytes ${from}-${from! + part.length - 1}/${file.length}`,
        ...told,
      }).end(part)
    }).listen(0, '127.0.0.1', done)
  })
  after(() => {
    server.close()
    data.remove()
    rmSync(folder, { recursive: true })
  })
  beforeEach(() => {
    nServed = 0
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
  })
  const urls = () => names.map((name) =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`)
  const ordered = (inputs: readonly string[]) =>
    orderOf(params, { ...dataSpec(data.path('train')), inputs })

  /** Trains on one worker, which leaves afterwards. */
  async function trainOn(cluster: TestCluster, inputs: readonly string[], name: string) {
    const worker = cluster.addWorker(name, { cache })
    const { model } = await (await cluster.client()).train(ordered(inputs))
    await worker.stop()
    return digestOf(model)
  }

  it('fetches files once, also when it is started again, and trains the same', async () => {
    const expected = digestOf((await trainHere(ordered([data.path('train')]))).model)
    const cluster = await TestCluster.start(0)
    try {
      assert.equal(await trainOn(cluster, urls(), 'first'), expected)
      const nBytes = names.reduce((sum, name) => sum + statSync(data.path(`train/${name}`)).size, 0)
      assert.ok(nServed >= nBytes)
      nServed = 0
      assert.equal(await trainOn(cluster, urls(), 'second'), expected)
      const blocks = readdirSync(folder).filter((name) => name.endsWith('.block'))
      assert.ok(blocks.length >= names.length)
      assert.equal(nServed, 0, 'a look tells that it is the same file')
      // a block that is not there is all that is fetched
      const lost = join(folder, blocks[0]!)
      const nLost = statSync(lost).size - 4
      rmSync(lost)
      assert.equal(await trainOn(cluster, urls(), 'third'), expected)
      assert.equal(nServed, nLost)
    } finally {
      await cluster.stop()
    }
  })

  it('keeps what clients uploaded', async () => {
    const cluster = await TestCluster.start(0)
    try {
      const client = await cluster.client()
      const uploads: string[] = []
      for (const name of names) {
        uploads.push(await client.upload(readFileSync(data.path(`train/${name}`))))
      }
      const first = await trainOn(cluster, uploads, 'first')
      const blocks = readdirSync(folder).filter((name) => name.endsWith('.block'))
      assert.ok(blocks.length >= names.length)
      assert.equal(await trainOn(cluster, uploads, 'second'), first)
    } finally {
      await cluster.stop()
    }
  })

  it('says once that it cannot know a file again, and reads it', async () => {
    hasTags = false
    const cluster = await TestCluster.start(0)
    try {
      await trainOn(cluster, urls(), 'w')
      const told = cluster.notices.filter((line) => line.includes('is not kept in the cache'))
      assert.equal(told.length, 1)
      assert.deepEqual(readdirSync(folder), [])
    } finally {
      hasTags = true
      await cluster.stop()
    }
  })

  it('is not started with a cache that cannot be used', async () => {
    const cluster = await TestCluster.start(0)
    try {
      writeFileSync(join(folder, 'file'), '')
      const worker = cluster.addWorker('w', { cache: { ...cache, folder: join(folder, 'file') } })
      await assert.rejects(worker.stop(), { code: 'IO', message: /cannot use the folder .*file/ })
    } finally {
      await cluster.stop().catch(() => undefined)
    }
  })
})
