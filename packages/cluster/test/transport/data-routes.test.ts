import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestRandom } from '@coppice/testkit'
import { upload } from '../../src/node/client-http.js'
import { parseRange } from '../../src/transport/byte-range.js'
import { Token } from '../../src/transport/index.js'
import type { CoordinatorServerOptions } from '../../src/transport/index.js'
import { eventually } from '../support/eventually.js'
import { readReply, sendRaw } from '../support/raw-http.js'
import { startServer } from '../support/test-server.js'
import type { TestServer } from '../support/test-server.js'

const random = new TestRandom(5)
const content = Buffer.from(Uint8Array.from({ length: 300_000 }, () => random.word()))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const name = sha256(content)

describe('/v1/data', () => {
  let folder = ''
  let test: TestServer
  const start = async (options: Partial<CoordinatorServerOptions> = {}): Promise<void> => {
    test = await startServer({ spoolFolder: join(folder, 'spool'), ...options })
  }
  const send = (path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${test.server.port}/v1/data/${path}`, init)
  const put = (path: string, body: Buffer): Promise<Response> =>
    send(path, { method: 'PUT', body: new Uint8Array(body) })
  const files = (): string[] => readdirSync(join(folder, 'spool'))
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'coppice-spool-')) })
  afterEach(async () => {
    await test.server.close()
    rmSync(folder, { recursive: true })
  })

  it('stores an upload under its hash and gives it back', async () => {
    await start()
    const response = await put(name, content)
    assert.equal(response.status, 201)
    assert.deepEqual(files(), [name])
    assert.ok(readFileSync(join(folder, 'spool', name)).equals(content))
    assert.deepEqual(test.events, [
      { kind: 'wanted', sha256: name },
      { kind: 'uploaded', sha256: name, byteLength: content.length },
    ])
    const got = await send(name)
    assert.equal(got.status, 200)
    assert.equal(got.headers.get('etag'), `"${name}"`)
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(content))
    assert.equal((await put(name, content)).status, 200, 'a second time')
    const empty = Buffer.alloc(0)
    assert.equal((await put(sha256(empty), empty)).status, 201)
    assert.equal((await (await send(sha256(empty))).arrayBuffer()).byteLength, 0)
  })

  it('takes a body of unknown length', async () => {
    await start()
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < content.length; i += 7777) {
          controller.enqueue(new Uint8Array(content.subarray(i, i + 7777)))
        }
        controller.close()
      },
    })
    assert.equal((await send(name, { method: 'PUT', body, duplex: 'half' })).status, 201)
    assert.deepEqual(files(), [name])
  })

  it('answers HEAD, and 404 for what is not there', async () => {
    await start()
    assert.equal((await send(name, { method: 'HEAD' })).status, 404)
    assert.equal((await send(name)).status, 404)
    await put(name, content)
    const response = await send(name, { method: 'HEAD' })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-length'), `${content.length}`)
    assert.equal(response.headers.get('accept-ranges'), 'bytes')
  })

  it('tells who counts on an upload from who only looks', async () => {
    await start()
    await put(name, content)
    test.events.length = 0
    await send(name, { method: 'HEAD' })
    await send(name, { headers: { range: 'bytes=0-9' } })
    assert.deepEqual(test.events, [])
    const token = null
    const uri = await upload({ url: test.server.url, token, caFile: null }, content)
    assert.ok(uri.endsWith(`/v1/data/${name}`))
    assert.deepEqual(test.events, [{ kind: 'wanted', sha256: name }])
  })

  it('serves ranges', async () => {
    await start()
    await put(name, content)
    const n = content.length
    const cases: [string, number, number][] = [['bytes=0-0', 0, 0], ['bytes=10-19', 10, 19],
      ['bytes=0-', 0, n - 1], ['bytes=-1', n - 1, n - 1],
      [`bytes=${n - 5}-${n + 50}`, n - 5, n - 1],
      [`bytes=-${n + 10}`, 0, n - 1], ['bytes=65530-131080', 65_530, 131_080]]
    for (const [range, first, last] of cases) {
      const response = await send(name, { headers: { range } })
      assert.equal(response.status, 206, range)
      assert.equal(response.headers.get('content-range'), `bytes ${first}-${last}/${n}`)
      assert.ok(Buffer.from(await response.arrayBuffer())
        .equals(content.subarray(first, last + 1)), range)
    }
    for (const range of [`bytes=${n}-`, 'bytes=-0']) {
      const response = await send(name, { headers: { range } })
      assert.equal(response.status, 416, range)
      assert.equal(response.headers.get('content-range'), `bytes */${n}`)
    }
    const changed = await send(name, { headers: { 'range': 'bytes=1-2', 'if-range': '"old"' } })
    assert.equal(changed.status, 200)
    await changed.arrayBuffer()
    const same = await send(name, { headers: { 'range': 'bytes=1-2', 'if-range': `"${name}"` } })
    assert.equal(same.status, 206)
    await same.arrayBuffer()
    assert.equal((await send(name, { headers: { 'if-none-match': `"${name}"` } })).status, 304)
  })

  it('keeps nothing of a content with another hash', async () => {
    await start()
    const other = Buffer.from(content)
    other[1000]! ^= 1
    const response = await put(name, other)
    assert.equal(response.status, 422)
    assert.match(await response.text(), new RegExp(`${sha256(other)}, not ${name}`))
    assert.deepEqual(files(), [])
  })

  it('keeps nothing of an upload that breaks off', async () => {
    await start()
    const socket = connect(test.server.port, '127.0.0.1')
    socket.write(`PUT /v1/data/${name} HTTP/1.1\r\nHost: localhost\r\n`
      + `Content-Length: ${content.length}\r\n\r\n`)
    socket.write(content.subarray(0, 100_000))
    await eventually('it is being written', () => files().length === 1)
    assert.match(files()[0]!, /\.partial$/)
    socket.destroy()
    await eventually('it is removed', () => files().length === 0)
    assert.equal((await put(name, content)).status, 201)
  })

  it('lets go of an upload that stalls, and keeps nothing of it', async () => {
    await start({ limits: { idleMs: 80 } })
    const socket = connect(test.server.port, '127.0.0.1')
    socket.write(`PUT /v1/data/${name} HTTP/1.1\r\nHost: localhost\r\n`
      + `Content-Length: ${content.length}\r\n\r\n`)
    socket.write(content.subarray(0, 100_000))
    assert.ok((await readReply(socket, 3000)).isClosed)
    await eventually('it is removed', () => files().length === 0)
  })

  it('says what the disk says, and lives on', async () => {
    await start()
    rmSync(join(folder, 'spool'), { recursive: true })
    const response = await put(name, content)
    assert.equal(response.status, 500)
    assert.match(await response.text(), /ENOENT/)
    assert.match(test.told('warning').join(), /cannot serve \/v1\/data\/.*ENOENT/)
    mkdirSync(join(folder, 'spool'))
    assert.equal((await put(name, content)).status, 201)
  })

  it('bounds an upload, declared or not, and answers before the body is through', async () => {
    await start({ spoolLimits: { fileBytesMax: 250_000 } })
    const response = await put(name, content)
    assert.equal(response.status, 413)
    assert.match(await response.text(), /at most 250000 bytes/)
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(content))
        controller.close()
      },
    })
    assert.equal((await send(name, { method: 'PUT', body, duplex: 'half' })).status, 413)
    assert.deepEqual(files(), [])
  })

  it('bounds all uploads together, what is there at the start included', async () => {
    await start({ spoolLimits: { totalBytesMax: 400_000 } })
    assert.equal((await put(name, content)).status, 201)
    const next = content.subarray(0, 150_000)
    const response = await put(sha256(next), next)
    assert.equal(response.status, 507)
    const small = content.subarray(0, 99_000)
    assert.equal((await put(sha256(small), small)).status, 201)
    await test.server.close()
    await start({ spoolLimits: { totalBytesMax: 400_000 } })
    assert.equal((await put(sha256(next), next)).status, 507)
    assert.deepEqual(files().sort(), [name, sha256(small)].sort())
  })

  it('takes uploads of one content at the same time', async () => {
    await start({ spoolLimits: { totalBytesMax: 1_300_000 } })
    const responses = await Promise.all([1, 2, 3, 4].map(() => put(name, content)))
    assert.ok(responses.every(({ status }) => status === 201 || status === 200))
    assert.deepEqual(files(), [name])
    // Counted once: there is room for three more of this size, and not for four.
    for (const [i, status] of [201, 201, 201, 507].entries()) {
      const other = Buffer.concat([content, Buffer.of(i)])
      assert.equal((await put(sha256(other), other)).status, status, `${i}`)
    }
  })

  it('removes what an earlier run left unfinished', async () => {
    await start()
    await test.server.close()
    writeFileSync(join(folder, 'spool', `.${name}.0011.partial`), 'half')
    await start()
    assert.deepEqual(files(), [])
  })

  it('lets a client wait for the word before it sends', async () => {
    const token = new Token('a-secret-of-enough-characters', 'token.txt')
    await start({ token, limits: { failureDelayMs: 0 } })
    const head = `PUT /v1/data/${name} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n`
      + `Content-Length: ${content.length}\r\n`
    const refused = await sendRaw(test.server.port, `${head}\r\n`)
    assert.equal(refused.status, 401)
    assert.ok(refused.isClosed)
    const socket = connect(test.server.port, '127.0.0.1')
    socket.write(`${head}Connection: close\r\n`
      + 'Authorization: Bearer a-secret-of-enough-characters\r\n\r\n')
    socket.once('data', (bytes) => {
      assert.match(bytes.toString(), /^HTTP\/1.1 100 Continue/)
      socket.write(content)
    })
    assert.match((await readReply(socket, 3000)).text, /HTTP\/1.1 201 Created/)
  })

  it('wants the token before anything else', async () => {
    await start({ token: new Token('a-secret-of-enough-characters', 't'),
      limits: { failureDelayMs: 0 } })
    assert.equal((await put(name, content)).status, 401)
    assert.equal((await send(name)).status, 401)
    assert.deepEqual(files(), [])
  })

  it('knows hashes only as 64 small hexadecimal digits', async () => {
    await start()
    for (const path of [name.toUpperCase(), name.slice(1), `${name}0`, '..%2f..%2fetc%2fpasswd',
      `../${name}`]) {
      assert.equal((await put(path, content)).status, 404, path)
    }
    assert.equal((await send(name, { method: 'DELETE' })).status, 405)
    assert.deepEqual(files(), [])
  })

  it('is not there without a folder, and names a folder that cannot be used', async () => {
    await start({ spoolFolder: null })
    assert.equal((await put(name, content)).status, 404)
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(startServer({ spoolFolder: join(folder, 'file') }),
      { code: 'IO', message: /cannot use the folder for uploads .*file/ })
    assert.ok(!existsSync(join(folder, 'spool')))
  })
})

describe('parseRange', () => {
  it('ignores what is no single range of bytes', () => {
    for (const header of [undefined, '', 'bytes', 'bytes=', 'bytes=-', 'bytes=2-1', 'lines=0-1',
      'bytes=0-1,3-4', 'bytes=a-b', 'bytes=--1']) {
      assert.deepEqual(parseRange(header, 10), { kind: 'all' }, header)
    }
  })

  it('finds the same bytes as a slice, for all short ranges of a short file', () => {
    const bytes = Array.from({ length: 6 }, (_, i) => i)
    for (let first = 0; first < 8; first++) {
      for (let last = first; last < 9; last++) {
        const range = parseRange(`bytes=${first}-${last}`, bytes.length)
        const expected = bytes.slice(first, last + 1)
        if (expected.length === 0) assert.equal(range.kind, 'unsatisfiable')
        else {
          assert.deepEqual(range, { kind: 'part', first, last: expected.at(-1) })
        }
      }
    }
    assert.deepEqual(parseRange('bytes=0-0', 0), { kind: 'unsatisfiable' })
    assert.deepEqual(parseRange('bytes=-5', 0), { kind: 'unsatisfiable' })
  })
})
