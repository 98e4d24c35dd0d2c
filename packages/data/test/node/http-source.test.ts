import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { DefiniteError } from '../../src/node/definite-error.js'
import { type HttpSettings } from '../../src/node/http-ranges.js'
import { openSource } from '../../src/node/open-source.js'
import { joinRanges } from '../../src/node/remote-source.js'
import { ThreadPool } from '../../src/node/thread-pool.js'
import { displayUri, isLoopback } from '../../src/node/uri.js'
import { defaultTextOptions } from '../../src/readers.js'
import { FileServer, sendRange, sendStatus } from './file-server.js'
import { draw } from './sample-table.js'
import { useTempFolder } from './temp-folder.js'
import { certificate } from './test-certificate.js'

const nBytes = 500_000
const content = Uint8Array.from({ length: nBytes }, (_, i) => draw(1, 1, i, 256))

describe('openSource over HTTP', () => {
  const temp = useTempFolder()
  const server = new FileServer()
  const fast: HttpSettings = { retryMs: 1, nAttempts: 4, timeoutMs: 5000 }
  before(async () => {
    await server.open(temp())
    writeFileSync(temp('a.bin'), content)
    writeFileSync(temp('empty.bin'), '')
  })
  after(() => server.close())
  beforeEach(() => server.reset())
  const open = (name: string, http = fast) => openSource(server.url(name), { http })
  const bytes = (start: number, end: number) => content.slice(start, end)
  const refuses = (work: Promise<unknown>, message: RegExp) =>
    assert.rejects(work, { code: 'IO', message })

  it('reads ranges, and fetches pages for small ones', async () => {
    const source = await open('a.bin')
    assert.equal(source.byteLength, nBytes)
    assert.deepEqual(await source.slice(10, 20), bytes(10, 20))
    assert.deepEqual(await source.slice(5, 5), bytes(5, 5))
    assert.equal(server.requests.length, 1, 'the first page came with the first request')
    assert.deepEqual(await source.slice(nBytes - 8, nBytes), bytes(nBytes - 8, nBytes))
    const footer = [nBytes - 5000, nBytes - 8] as const
    assert.deepEqual(await source.slice(...footer), bytes(...footer))
    assert.equal(server.requests.length, 2, 'so did the footer before the last bytes')
    assert.deepEqual(await source.slice(0, nBytes), content)
    assert.deepEqual(await source.slice(100_000, 200_000), bytes(100_000, 200_000))
    assert.equal(server.requests.at(-1), 'GET /a.bin bytes=100000-199999')
    await source.close()
  })

  it('tells files that no machine can read from those that another may', async () => {
    const isDefinite = (uri: string, http = fast): Promise<boolean> =>
      openSource(uri, { http }).then(() => assert.fail(uri), (error: unknown) =>
        error instanceof DefiniteError && error.code === 'IO')
    // a name of this machine that is not known for one
    const elsewhere = (name: string): string => server.url(name).replace('127.0.0.1', '0.0.0.0')
    assert.equal(await isDefinite(elsewhere('none.bin')), true)
    assert.equal(await isDefinite(server.url('none.bin')), false, 'another machine is another host')
    for (const [status, expected] of [[410, true], [401, false], [403, false], [503, false]]) {
      server.fault = (_, response) => (sendStatus(response, status as number), 'answered')
      assert.equal(await isDefinite(elsewhere('a.bin')), expected, `${status}`)
    }
    for (const uri of ['ftp://host/a.csv', 'https://user:word@host/a.csv', 'https://:x/a.csv']) {
      await assert.rejects(async () => openSource(uri), DefiniteError, uri)
    }
    await assert.rejects(openSource(temp('none.bin')), (error) => !(error instanceof DefiniteError))
    const pool = new ThreadPool(1)
    const context = { textOptions: defaultTextOptions, columns: [], partitions: [], scan: null,
      prediction: null }
    const sources = pool.addSources(['none.csv'].map((name) =>
      ({ uri: elsewhere(name), format: 'csv' as const })))
    const plan = pool.run(pool.addContext(sources, context, null),
      [{ kind: 'plan', partitionIdx: 0 }])
    await assert.rejects(plan, DefiniteError, 'a thread tells')
    await pool.close()
  })

  it('knows the servers of the machine that asks', () => {
    const local = ['localhost', 'a.localhost', 'LOCALHOST.', '127.0.0.1', '127.1', '0x7f000001',
      '[::1]', '[0:0::1]', '[::ffff:127.0.0.1]']
    const other = ['host', 'localhost.net', '128.0.0.1', '12.7.0.1', '[::2]', '127.example.com']
    for (const host of local) assert.equal(isLoopback(new URL(`http://${host}:8/x`)), true, host)
    for (const host of other) assert.equal(isLoopback(new URL(`http://${host}:8/x`)), false, host)
  })

  it('fetches together what is announced together', async () => {
    const source = await open('a.bin')
    const ranges = [[300_000, 400_000], [70_000, 80_000], [80_000, 180_000], [90_000, 90_010]]
    await source.prefetch!(ranges as [number, number][])
    assert.deepEqual(server.requests.slice(1), ['GET /a.bin bytes=70000-399999'])
    for (const [start, end] of ranges) {
      assert.deepEqual(await source.slice(start!, end!), bytes(start!, end!))
    }
    await source.prefetch!([[80_000, 180_000]])
    assert.equal(server.requests.length, 2)
    assert.deepEqual(joinRanges([[0, 10], [1_000_000, 1_000_010], [20, 1 << 25]]),
      [[0, 10], [20, 1 << 25]])
  })

  it('reads files without bytes', async () => {
    const source = await open('empty.bin')
    assert.equal(source.byteLength, 0)
    assert.deepEqual(await source.slice(0, 0), new Uint8Array(0))
  })

  it('tries again after 503, and waits as long as the server asks for', async () => {
    let nLeft = 2
    server.fault = (_, response) => {
      if (nLeft-- <= 0) return 'next'
      sendStatus(response, 503, { 'retry-after': '0' })
      return 'answered'
    }
    const source = await open('a.bin')
    assert.equal(server.requests.length, 3)
    nLeft = 2
    assert.deepEqual(await source.slice(0, nBytes), content)
    nLeft = Infinity
    await refuses(source.slice(0, nBytes), /a\.bin: its server answers 503 .*\(tried 4 times\)/)
    assert.equal(server.requests.length, 3 + 3 + 4)
  })

  it('asks once where the answer does not pass, and again where it may', async () => {
    for (const status of [400, 401, 403, 404, 405, 410, 451, 408, 425, 429, 500, 502, 504]) {
      server.reset()
      server.fault = (_, response) => {
        sendStatus(response, status)
        return 'answered'
      }
      await refuses(open('a.bin'), new RegExp(`its server answers ${status}`))
      const mayPass = [408, 425, 429].includes(status) || status >= 500
      assert.equal(server.requests.length, mayPass ? 4 : 1, `${status}`)
    }
  })

  it('goes on where a connection broke', async () => {
    const source = await open('a.bin')
    let nLeft = 2
    server.fault = (request, response, file) => {
      if (nLeft-- <= 0) return 'next'
      const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range!)!.map(Number)
      response.writeHead(206, {
        'content-range': `bytes ${start}-${end}/${file.length}`,
        'content-length': end! + 1 - start!,
      })
      response.write(file.subarray(start, start! + 100_000), () => response.destroy())
      return 'answered'
    }
    assert.deepEqual(await source.slice(0, nBytes), content)
    const starts = server.requests.slice(1).map((request) => /bytes=(\d+)/.exec(request)![1])
    assert.equal(starts.length, 3)
    assert.equal(starts[0], '0')
    assert.ok(Number(starts[2]) > 0, 'what came is not asked for again')
  })

  it('gives up on connections that are reset or refused, naming the address', async () => {
    const source = await open('a.bin')
    server.fault = (request) => {
      request.socket.destroy()
      return 'answered'
    }
    await refuses(source.slice(0, nBytes), /a\.bin: the connection .*\(tried 4 times\)/)
    const closed = new FileServer()
    await closed.open(temp())
    const url = closed.url('a.bin')
    await closed.close()
    await refuses(openSource(url, { http: fast }), /the connection was refused; check host and/)
  })

  it('gives up on servers that say nothing', async () => {
    const source = await open('a.bin', { retryMs: 1, nAttempts: 2, timeoutMs: 50 })
    server.fault = () => 'answered'
    await refuses(source.slice(0, nBytes), /a\.bin: nothing came for 50 ms \(tried 2 times\)/)
  })

  it('notices a file that changes, grows or vanishes while it is read', async () => {
    const changed = /a\.bin: it was changed while it was read/
    for (const etag of ['"one"', 'W/"one"']) {
      server.etag = etag
      const source = await open('a.bin')
      assert.deepEqual(await source.slice(100_000, 300_000), bytes(100_000, 300_000))
      server.etag = etag.replace('one', 'two')
      await refuses(source.slice(0, nBytes), changed)
    }
    server.reset()
    const grown = await open('a.bin')
    const send = (file: Uint8Array): void => {
      server.fault = (request, response) => {
        sendRange(response, file, request.headers.range, {})
        return 'answered'
      }
    }
    send(new Uint8Array(nBytes + 1))
    await refuses(grown.slice(0, nBytes), changed)
    send(new Uint8Array(10))
    await refuses(grown.slice(100, nBytes), changed)
    server.fault = (_, response) => {
      sendStatus(response, 404)
      return 'answered'
    }
    await refuses(grown.slice(0, nBytes), /a\.bin: its server answers 404 .*no such file/)
    assert.equal(server.requests.length, 4, 'none of these pass')
  })

  it('refuses answers that are not what was asked for', async () => {
    const answers: [Record<string, string>, Uint8Array, RegExp][] = [
      [{ 'content-range': 'bytes 7-9/500000' }, bytes(7, 10), /sent other bytes/],
      [{}, bytes(0, 10), /sent other bytes/],
      [{ 'content-range': 'bytes 0-9/*' }, bytes(0, 10), /which bytes of how many/],
      [{ 'content-range': 'bytes 0-9/500000' }, bytes(0, 10), /sent 10 bytes where/],
      [{ 'content-range': 'bytes 0-9/10' }, bytes(0, 20), /too many bytes/],
      [{ 'content-range': 'bytes 0-19/20' }, bytes(0, 10), /ended after 10 of 20 bytes/],
      [{ 'content-range': 'bytes 0-9/10', 'content-encoding': 'br' }, bytes(0, 10), /compresses/],
    ]
    for (const [headers, body, message] of answers) {
      server.fault = (_, response) => {
        response.writeHead(206, headers)
        response.end(body)
        return 'answered'
      }
      await refuses(open('a.bin'), message)
    }
  })

  it('fetches small files whole where ranges are not served, and refuses large ones', async () => {
    server.fault = (_, response, file) => {
      sendRange(response, file, undefined, {})
      return 'answered'
    }
    const source = await open('a.bin')
    assert.deepEqual(await source.slice(100, nBytes), bytes(100, nBytes))
    assert.equal(server.requests.length, 1)
    const large = /a\.bin: its server does not serve ranges .* larger than the 32 MiB/
    server.fault = (_, response) => {
      response.writeHead(200, { 'content-length': 1 << 26 })
      response.write('x')
      return 'answered'
    }
    await refuses(open('a.bin'), large)
    server.fault = (_, response) => {
      // Without a length, as scripts answer.
      response.writeHead(200)
      const piece = new Uint8Array(1 << 23)
      for (let i = 0; i < 5; i++) response.write(piece)
      return 'answered'
    }
    await refuses(open('a.bin'), large)
  })

  it('sends headers where they are configured, and keeps secrets out of messages', async () => {
    const seen: (string | undefined)[] = []
    server.fault = (request, response) => {
      seen.push(request.headers.authorization)
      if (request.headers.authorization === 'Bearer abc') return 'next'
      sendStatus(response, 401)
      return 'answered'
    }
    const uri = server.url('a.bin')
    const asked: string[] = []
    const headersFor = (name: string) => {
      asked.push(name)
      return { authorization: 'Bearer abc' }
    }
    const source = await openSource(uri, { headersFor, http: fast })
    await source.slice(0, nBytes)
    assert.deepEqual([asked, seen], [[uri], ['Bearer abc', 'Bearer abc']])
    await refuses(openSource(uri, { http: fast }), /answers 401 .*check the token/)
    const signed = 'https://h/a.csv?part=2&X-Amz-Signature=s3cr3t&X-Amz-Security-Token=t'
    assert.equal(displayUri(signed),
      'https://h/a.csv?part=2&X-Amz-Signature=...&X-Amz-Security-Token=...')
  })

  it('follows redirections, without handing on who asks', async () => {
    const other = new FileServer()
    await other.open(temp())
    try {
      const seen: unknown[] = []
      other.fault = (request) => {
        seen.push(request.headers.authorization, request.headers['x-key'], request.headers.range)
        return 'next'
      }
      const redirect = (location: string) => {
        server.fault = (_, response) => {
          sendStatus(response, 302, { location })
          return 'answered'
        }
      }
      redirect(other.url('a.bin'))
      const headersFor = () => ({ authorization: 'Bearer abc', 'x-key': 'abc' })
      const source = await openSource(server.url('a.bin'), { headersFor, http: fast })
      assert.deepEqual(await source.slice(0, 10), bytes(0, 10))
      assert.deepEqual(seen, [undefined, undefined, 'bytes=0-65535'])
      redirect('/a.bin')
      await refuses(open('a.bin'), /a\.bin: it is redirected more than 5 times/)
      redirect('ftp://host/a.bin')
      await refuses(open('a.bin'), /redirected to ftp:\/\/host\/a\.bin, which is not followed/)
    } finally {
      await other.close()
    }
  })

  it('trusts the certificates that it is given, beside the usual ones', async () => {
    const { key, cert } = certificate
    const secure = createServer({ key, cert }, (request, response) => {
      sendRange(response, content, request.headers.range, {})
    })
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
    try {
      const url = `https://localhost:${(secure.address() as AddressInfo).port}/a.bin`
      const source = await openSource(url, { http: { ...fast, ca: cert } })
      assert.deepEqual(await source.slice(0, nBytes), content)
      const strict = openSource(url, { http: fast })
      await refuses(strict, /a\.bin: its certificate is self-signed; .*NODE_EXTRA_CA_CERTS$/)
    } finally {
      secure.closeAllConnections()
      await new Promise((resolve) => secure.close(resolve))
    }
  })
})
