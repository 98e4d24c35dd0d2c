import assert from 'node:assert/strict'
import { WorkerFiles } from '../../../src/node/worker-files.js'
import { Token } from '../../../src/transport/index.js'

const token = new Token('0123456789-0123456789', 'the test')
const hash = 'ab'.repeat(32)

async function open(coordinator: string, headersFor?: (uri: string) => Record<string, string>) {
  return WorkerFiles.open({
    worker: 'w1', coordinator, token, caFile: null,
    source: headersFor === undefined ? {} : { headersFor },
  })
}

describe('WorkerFiles', () => {
  it('fetches uploads from the coordinator as this worker knows it', async () => {
    for (const [coordinator, base] of [
      ['ws://10.0.0.1:7077', 'http://10.0.0.1:7077'],
      ['wss://proxy.example/trees/', 'https://proxy.example/trees'],
    ] as const) {
      const files = await open(coordinator)
      for (const end of [hash, `${hash}.json`]) {
        assert.equal(files.locate(`http://localhost:7077/v1/data/${end}`), `${base}/v1/data/${end}`)
        assert.equal(files.locate(`https://a.b/c/v1/data/${end}`), `${base}/v1/data/${end}`)
      }
    }
  })

  it('leaves all other files where they are', async () => {
    const files = await open('ws://10.0.0.1:7077')
    for (const uri of ['/data/a.csv', 's3://bucket/a', 'http://x/a.csv', `/v1/data/${hash}`,
      `http://x/v1/data/${hash}.csv`, 'http://x/v1/data/abc', 'http://[', 'data/http:/x']) {
      assert.equal(files.locate(uri), uri)
    }
  })

  it('shows the token to the coordinator and to nobody else', async () => {
    const files = await open('ws://10.0.0.1:7077', () => ({ 'X-Own': '1' }))
    const headersFor = files.options.headersFor!
    assert.deepEqual(headersFor(files.locate(`http://h:1/v1/data/${hash}`)),
      { Authorization: token.header })
    for (const uri of [`http://10.0.0.1:70770/v1/data/${hash}`, `http://evil/v1/data/${hash}`,
      `http://10.0.0.1:7077.evil/v1/data/${hash}`, 'http://10.0.0.1:7077/other',
      `https://10.0.0.1:7077/v1/data/${hash}`]) {
      assert.deepEqual(headersFor(uri), { 'X-Own': '1' }, uri)
    }
  })

  it('says of a cache that cannot be made which folder, and why', async () => {
    await assert.rejects(WorkerFiles.open({
      worker: 'w1', coordinator: 'ws://10.0.0.1:7077', token: null, caFile: null,
      source: { cache: { folder: '/proc/coppice/c', bytesMax: 1e9 } },
    }), { code: 'IO', message:
      /^cannot use the folder \/proc\/coppice\/c as a cache: the folder .* cannot be made: / })
  })
})
