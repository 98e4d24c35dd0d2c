import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:tls'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectLink, Token } from '../../src/transport/index.js'
import type { TlsFiles } from '../../src/transport/index.js'
import { describeHandshake } from '../../src/transport/tls-failure.js'
import { readServerTls } from '../../src/transport/tls-files.js'
import { TestAuthority } from '../support/certificates.js'
import type { Certificate } from '../support/certificates.js'
import { eventually } from '../support/eventually.js'
import { LinkRecorder } from '../support/link-recorder.js'
import { sendRaw } from '../support/raw-http.js'
import { startServer } from '../support/test-server.js'
import type { TestServer } from '../support/test-server.js'

const token = new Token('a-secret-of-enough-characters', 'token.txt')
const dayMs = 86_400_000
const authority = new TestAuthority()
const good = authority.issue({ subject: 'coordinator', hosts: ['localhost', '127.0.0.1'] })

describe('TLS', () => {
  let folder = ''
  let servers: TestServer[] = []
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coppice-tls-'))
    writeFileSync(join(folder, 'ca.pem'), authority.cert)
  })
  after(() => rmSync(folder, { recursive: true }))
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    servers = []
  })

  const write = (name: string, { cert, key }: Certificate): TlsFiles => {
    const files = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) }
    writeFileSync(files.certFile, cert)
    writeFileSync(files.keyFile, key, { mode: 0o600 })
    return files
  }
  const start = async (certificate = good): Promise<TestServer> => {
    const test = await startServer({ token, tls: write('server', certificate) })
    servers.push(test)
    return test
  }
  const dial = (address: string, caFile: string | null = join(folder, 'ca.pem')) =>
    connectLink(address, { role: 'worker', token, caFile })

  it('carries payloads and requests', async () => {
    const test = await start()
    assert.match(test.server.url, /^wss:/)
    const near = await dial(test.server.url)
    const atNear = new LinkRecorder(near)
    const far = await test.nextLink()
    const atFar = new LinkRecorder(far)
    near.send(new Uint8Array(3 << 20))
    far.send(new Uint8Array(5 << 20))
    assert.equal((await atFar.received(1))[0]!.length, 3 << 20)
    assert.equal((await atNear.received(1))[0]!.length, 5 << 20)
    assert.equal(test.server.counts.strangers, 0)
    const status = await new Promise<number>((resolve, reject) => {
      request({ port: test.server.port, host: '127.0.0.1', path: '/status', ca: authority.cert,
        headers: { Authorization: token.header } }, (response) => {
        response.resume()
        resolve(response.statusCode!)
      }).on('error', reject).end()
    })
    assert.equal(status, 200)
    assert.deepEqual(test.told('warning'), [])
  })

  it('connects by each name in the certificate, and tells others from them', async () => {
    const test = await start()
    const link = await dial(`wss://localhost:${test.server.port}`)
    link.destroy('done')
    const other = await start(authority.issue({ subject: 'x', hosts: ['other.example.com'] }))
    await assert.rejects(dial(other.server.url), { problem: 'tls', mayRetry: false,
      message: /its certificate is for another host .*use a name that is in the certificate/ })
  })

  it('does not trust an authority it was not given', async () => {
    const test = await start()
    await assert.rejects(dial(test.server.url, null), { problem: 'tls', mayRetry: false,
      message: /not signed by an authority that this machine trusts: .*--ca-file FILE/ })
    const stranger = join(folder, 'stranger.pem')
    writeFileSync(stranger, new TestAuthority('another authority').cert)
    await assert.rejects(dial(test.server.url, stranger), { problem: 'tls' })
  })

  it('cannot be made to trust by the environment', async () => {
    const test = await start()
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    const { emitWarning } = process
    process.emitWarning = () => undefined // Node rightly complains.
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      await assert.rejects(dial(test.server.url, null), { problem: 'tls' })
    } finally {
      process.emitWarning = emitWarning
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
  })

  it('says that a certificate has expired, or is not valid yet', async () => {
    // Our own server refuses to start with one, so another one has to show it.
    const show = async (from: number, to: number): Promise<Error> => {
      const { cert, key } = authority.issue({ subject: 'x', hosts: ['127.0.0.1'],
        from: new Date(Date.now() + from * dayMs), to: new Date(Date.now() + to * dayMs) })
      const server = createServer({ cert, key }, (socket) => socket.on('error', () => undefined))
      await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
      const { port } = server.address() as AddressInfo
      const error = await dial(`wss://127.0.0.1:${port}`).then(() => assert.fail(),
        (reason: unknown) => reason as Error)
      await new Promise((resolve) => { server.close(resolve) })
      return error
    }
    assert.match((await show(-9, -1)).message, /certificate has expired: renew it/)
    assert.match((await show(1, 9)).message, /not valid yet: correct the clocks/)
  })

  it('says which end speaks TLS and which does not', async () => {
    const secure = await start()
    await assert.rejects(connectLink(`ws://127.0.0.1:${secure.server.port}`,
      { role: 'worker', token }), { problem: 'unreachable', message: /use wss:\/\// })
    const plain = await startServer({ token })
    servers.push(plain)
    await assert.rejects(dial(`wss://127.0.0.1:${plain.server.port}`),
      { problem: 'tls', mayRetry: false, message: /does not speak TLS: use ws:\/\// })
  })

  it('survives bytes that are no TLS', async () => {
    const test = await start()
    assert.ok((await sendRaw(test.server.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).isClosed)
    assert.ok((await sendRaw(test.server.port, '\x16\x03\x01\xff\xff'.padEnd(3000, 'x'))).isClosed)
    const [http, noise] = test.told('refused')
    assert.match(http!, /a client spoke ws:\/\/ or http:\/\/ \(no TLS\) to this wss:\/\/ port/)
    assert.match(noise!, /what came is no TLS handshake \(ERR_SSL_[A-Z_]+\)/)
    assert.ok((await dial(test.server.url)).isOpen)
  })

  it('tells its log of clients that do not trust it, in other words than OpenSSL', async () => {
    const test = await start()
    await assert.rejects(dial(test.server.url, null))
    connect(test.server.port, '127.0.0.1').on('error', () => undefined).end()
    await eventually('both are told of', () => test.told('refused').length === 2)
    for (const told of test.told('refused')) {
      assert.match(told, /a client gave up during the TLS handshake \(it may not trust the certifi/)
    }
    assert.equal(describeHandshake(Object.assign(new Error('80CC91:error:0A000418:SSL routines'),
      { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' })), describeHandshake(new Error('socket hang up')))
  })

  describe('readServerTls', () => {
    const read = (files: TlsFiles): Promise<unknown> =>
      readServerTls(files, Date.now(), () => undefined)
    const dated = (from: number, to: number): Certificate => authority.issue({ subject: 'x',
      from: new Date(Date.now() + from * dayMs), to: new Date(Date.now() + to * dayMs) })

    it('refuses an expired certificate with its file and date', async () => {
      const files = write('old', dated(-9, -2))
      const date = new Date(Date.now() - 2 * dayMs).toISOString().slice(0, 10)
      await assert.rejects(read(files), { code: 'PARAMETER',
        message: new RegExp(`^the certificate in .*old\\.pem expired on ${date} \\(today is`) })
      await assert.rejects(startServer({ token, tls: files }), { code: 'PARAMETER' })
    })

    it('refuses one of the future, warns of one that soon expires', async () => {
      await assert.rejects(read(write('new', dated(2, 9))),
        { code: 'PARAMETER', message: /valid only from .*correct the clock/ })
      const warnings: string[] = []
      await readServerTls(write('late', dated(-9, 3)), Date.now(), (text) => warnings.push(text))
      assert.equal(warnings.length, 1)
      assert.match(warnings[0]!, /late\.pem expires on/)
    })

    it('refuses a key of another certificate, and names files of something else', async () => {
      const files = write('pair', good)
      const other = write('other', authority.issue({ subject: 'y' }))
      await assert.rejects(read({ ...files, keyFile: other.keyFile }), { code: 'PARAMETER',
        message: /key in .*other\.key does not belong to the first certificate in .*pair\.pem/ })
      await assert.rejects(read({ ...files, certFile: files.keyFile }),
        { code: 'PARAMETER', message: /pair\.key \(--tls-cert\) holds no PEM certificate/ })
      await assert.rejects(read({ ...files, keyFile: files.certFile }),
        { code: 'PARAMETER', message: /pair\.pem \(--tls-key\) holds no PEM private key/ })
      await assert.rejects(read({ ...files, keyFile: join(folder, 'none') }),
        { code: 'PARAMETER', message: /cannot read .*none \(--tls-key\): no such file or folder/ })
    })

    it('names a CA file that is none', async () => {
      writeFileSync(join(folder, 'empty.pem'), '')
      await assert.rejects(dial('wss://127.0.0.1:1', join(folder, 'empty.pem')),
        { code: 'PARAMETER', message: /empty\.pem \(--ca-file\) holds no PEM certificate/ })
      await assert.rejects(dial('wss://127.0.0.1:1', join(folder, 'none.pem')),
        { code: 'PARAMETER', message: /none\.pem \(--ca-file\): no such file or folder/ })
    })
  })
})
