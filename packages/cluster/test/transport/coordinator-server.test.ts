import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { connectLink, CoordinatorServer, Token } from '../../src/transport/index.js'
import type { CoordinatorServerOptions } from '../../src/transport/index.js'
import { eventually } from '../support/eventually.js'
import { LinkRecorder } from '../support/link-recorder.js'
import { readReply, sendRaw, upgradeRequest } from '../support/raw-http.js'
import { startServer } from '../support/test-server.js'
import type { TestServer } from '../support/test-server.js'

const secret = 'a-secret-of-enough-characters'
const token = new Token(secret, 'token.txt')
const bearer = { Authorization: `Bearer ${secret}` }
const quick = { failureDelayMs: 5 }

describe('CoordinatorServer', () => {
  const servers: TestServer[] = []
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())))
  const start = async (options: Partial<CoordinatorServerOptions> = {}): Promise<TestServer> => {
    const test = await startServer({ ...options, limits: { ...quick, ...options.limits } })
    servers.push(test)
    return test
  }
  const get = async (
    test: TestServer,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    method = 'GET',
  ): Promise<Response> => await fetch(`http://127.0.0.1:${test.server.port}${path}`,
    { headers, method })

  describe('listen', () => {
    const listen = (options: Partial<CoordinatorServerOptions>): Promise<CoordinatorServer> =>
      CoordinatorServer.listen({ port: 0, token: null, status: () => null, onLink: () => undefined,
        ...options })

    it('listens on loopback by default', async () => {
      const { server } = await start()
      assert.match(server.url, /^ws:\/\/127\.0\.0\.1:\d+$/)
    })

    it('refuses addresses that others can reach without a token, naming the way out', async () => {
      for (const host of ['0.0.0.0', '::', '[::]', '192.0.2.1', '::ffff:192.0.2.1']) {
        await assert.rejects(listen({ host }), { code: 'PARAMETER', message: /--token-file/ }, host)
      }
    })

    it('takes loopback by name and address without a token', async () => {
      for (const host of ['127.0.0.1', 'localhost']) {
        await (await listen({ host })).close()
      }
    })

    it('warns where a token would cross a network in clear', async () => {
      const test = await start({ host: '0.0.0.0', token })
      assert.match(test.told('warning').join(), /in clear.*--tls-cert/)
    })

    it('names what is wrong with an address', async () => {
      const { server } = await start()
      await assert.rejects(listen({ port: server.port }),
        { code: 'PARAMETER', message: /127.0.0.1:\d+: another program listens there/ })
      await assert.rejects(listen({ host: '192.0.2.1', token }),
        { code: 'PARAMETER', message: /this machine has no such address/ })
      await assert.rejects(listen({ host: 'no-such-host.invalid', token }),
        { code: 'PARAMETER', message: /cannot listen on "no-such-host.invalid"/ })
    })
  })

  describe('requests', () => {
    it('answers /healthz to everybody, without information', async () => {
      const test = await start({ token })
      const response = await get(test, '/healthz')
      assert.equal(response.status, 200)
      assert.equal(await response.text(), 'ok\n')
      assert.equal((await get(test, '/healthz', {}, 'HEAD')).status, 200)
      assert.equal((await get(test, '/healthz', {}, 'POST')).status, 405)
    })

    it('answers /status as JSON to those with the token', async () => {
      const test = await start({ token, status: () => ({ workers: 3 }) })
      const response = await get(test, '/status', bearer)
      assert.equal(response.status, 200)
      assert.match(response.headers.get('content-type')!, /^application\/json/)
      assert.deepEqual(await response.json(), { workers: 3 })
      assert.equal((await get(test, '/status')).status, 401)
      assert.equal((await get(test, '/status', bearer, 'DELETE')).status, 405)
    })

    it('answers 500 when the status cannot be had, and lives on', async () => {
      let isBroken = true
      const test = await start({ status: () => {
        if (isBroken) throw new Error('no status today')
        return {}
      } })
      const response = await get(test, '/status')
      assert.equal(response.status, 500)
      assert.match(test.told('warning').join(), /no status today/)
      isBroken = false
      assert.equal((await get(test, '/status')).status, 200)
    })

    it('tells a stray client what this is', async () => {
      const test = await start({ token })
      for (const path of ['/', '/v1', '/v1/workers', '/v1/data/', '/v1/data/../../etc/passwd']) {
        const response = await get(test, path)
        assert.equal(response.status, 404, path)
        assert.equal(await response.text(), 'this is a Coppice coordinator; workers connect by '
          + 'WebSocket to /v1/worker, clients to /v1/client\n')
      }
      const odd = 'GET /%00%ff..\\..\\ HTTP/1.1\r\nHost: x\r\n\r\n'
      assert.equal((await sendRaw(test.server.port, odd)).status, 404)
    })

    it('asks for an upgrade where a WebSocket is spoken', async () => {
      const test = await start({ token })
      const response = await get(test, '/v1/worker', bearer)
      assert.equal(response.status, 426)
      assert.match(await response.text(), /asked for no WebSocket/)
    })

    it('answers garbage with 400 and closes', async () => {
      const { server } = await start()
      for (const bytes of ['\x16\x03\x01\x02\x00\x01\x00', 'hello?\r\n\r\n', '\0\0\0\0\r\n',
        'GET / HTTP/9.9\r\n\r\n', `${'x'.repeat(20_000)}`]) {
        const reply = await sendRaw(server.port, bytes)
        assert.equal(reply.status, 400, JSON.stringify(bytes.slice(0, 30)))
        assert.ok(reply.isClosed)
        assert.match(reply.text, /no HTTP request; this is a Coppice coordinator/)
      }
    })

    it('answers headers beyond 16 KiB with 431', async () => {
      const { server } = await start()
      const reply = await sendRaw(server.port,
        `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(17_000)}\r\n\r\n`)
      assert.equal(reply.status, 431)
      assert.ok(reply.isClosed)
    })

    it('closes on truncated headers', async () => {
      const { server } = await start()
      const whole = upgradeRequest('/v1/worker')
      for (const length of [1, 5, 20, whole.length - 1]) {
        const reply = await sendRaw(server.port, whole.slice(0, length), { isHalfClosing: true })
        assert.ok(reply.isClosed, `${length} characters`)
        assert.notEqual(reply.status, 101)
      }
    })
  })

  describe('authentication', () => {
    it('lets the right token in, in the header only', async () => {
      const test = await start({ token })
      const { port } = test.server
      const upgraded = async (headers: Record<string, string>, path = '/v1/worker') =>
        (await sendRaw(port, upgradeRequest(path, headers))).status
      assert.equal(await upgraded(bearer), 101)
      assert.equal(await upgraded({ Authorization: `bearer   ${secret} ` }), 101)
      assert.equal(await upgraded({}), 401)
      assert.equal(await upgraded({ Authorization: 'Bearer' }), 401)
      assert.equal(await upgraded({ Authorization: `Bearer ${secret}x` }), 401)
      assert.equal(await upgraded({ Authorization: `Bearer ${secret.slice(1)}` }), 401)
      assert.equal(await upgraded({ Authorization: `Bearer ${secret.toUpperCase()}` }), 401)
      assert.equal(await upgraded({ Authorization: secret }), 401)
      assert.equal(await upgraded({ Authorization: `Basic ${btoa(`x:${secret}`)}` }), 401)
      assert.equal(await upgraded({ Cookie: `token=${secret}` }), 401)
      assert.equal(await upgraded(bearer, `/v1/worker?token=${secret}`), 400)
      assert.equal(await upgraded(bearer, '/v1/elsewhere'), 404)
      await eventually('all are gone', () => test.server.counts.links === 0)
    })

    it('says why a query is refused', async () => {
      const test = await start({ token })
      for (const path of ['/status', '/v1/client', `/v1/data/${'0'.repeat(64)}`]) {
        const response = await get(test, `${path}?access_token=${secret}`)
        assert.equal(response.status, 400)
        assert.match(await response.text(), /"Authorization: Bearer", since URLs end up in logs/)
      }
    })

    it('never writes a token into an event', async () => {
      const test = await start({ token })
      const other = 'another-secret-of-enough-length'
      await get(test, `/status?token=${secret}`)
      await get(test, '/status', { Authorization: `Bearer ${other}` })
      await sendRaw(test.server.port, upgradeRequest(`/v1/client?t=${other}`, bearer))
      await sendRaw(test.server.port, `Authorization: ${secret}\r\n\r\n`)
      await sendRaw(test.server.port, upgradeRequest(`/${'a'.repeat(500)}?${secret}`))
      const told = JSON.stringify(test.events)
      assert.equal(test.told('refused').length, 5)
      assert.ok(!told.includes(secret) && !told.includes(other), told)
    })

    it('delays failures, and says 429 when an address has too many', async () => {
      const test = await start({ token, limits: { failuresPerMinute: 3, failureDelayMs: 60 } })
      for (const expected of [401, 401, 401, 429, 429]) {
        const begin = performance.now()
        const response = await get(test, '/status', { Authorization: 'Bearer wrong-wrong-wrong' })
        assert.equal(response.status, expected)
        assert.ok(performance.now() - begin >= 55, 'the answer is late')
      }
      // The right token passes all the same.
      assert.equal((await get(test, '/status', bearer)).status, 200)
    })

    it('logs ever fewer of many failures', async () => {
      const test = await start({ token, limits: { failureDelayMs: 0 } })
      for (let i = 0; i < 40; i++) await get(test, '/status')
      assert.equal(test.told('refused').length, 12) // The first ten, 16 and 32.
    })

    it('takes no requests of web pages, and no other host\'s name without a token', async () => {
      const test = await start()
      const { port } = test.server
      const upgraded = async (headers: Record<string, string>) =>
        (await sendRaw(port, upgradeRequest('/v1/client', headers))).status
      assert.equal(await upgraded({}), 101)
      assert.equal(await upgraded({ Host: `localhost:${port}` }), 101)
      assert.equal(await upgraded({ Host: `[::1]:${port}` }), 101)
      assert.equal(await upgraded({ Origin: 'https://example.com' }), 403)
      assert.equal(await upgraded({ Origin: `http://127.0.0.1:${port}` }), 403)
      assert.equal(await upgraded({ Host: 'rebound.example.com' }), 403)
      assert.equal(await upgraded({ Host: '127.0.0.1.example.com' }), 403)
    })
  })

  describe('upgrades', () => {
    it('refuses what is no proper upgrade', async () => {
      const { server } = await start()
      const status = async (head: string) => (await sendRaw(server.port, head)).status
      const changed = (headers: Record<string, string | null>) =>
        status(upgradeRequest('/v1/worker', headers))
      assert.equal(await changed({ Upgrade: 'h2c' }), 400)
      assert.equal(await changed({ 'Sec-WebSocket-Key': null }), 400)
      assert.equal(await changed({ 'Sec-WebSocket-Key': 'short' }), 400)
      assert.equal(await changed({ 'Sec-WebSocket-Version': '7' }), 400)
      assert.equal(await changed({ 'Sec-WebSocket-Protocol': null }), 400)
      assert.equal(await changed({ 'Sec-WebSocket-Protocol': 'chat' }), 400)
      assert.equal(await changed({ Upgrade: null, Connection: 'close' }), 426)
      const valid = upgradeRequest('/v1/worker')
      assert.equal(await status(valid.replace('GET', 'POST')), 405)
      assert.equal(await status(valid.replace('GET', 'GRAB')), 400)
      assert.equal(await status(valid.replace('/v1/worker', '/healthz')), 404)
      assert.equal(await status(valid.replace('\r\nHost: 127.0.0.1', '')), 400)
    })

    it('gives each link its role', async () => {
      const test = await start({ token })
      for (const role of ['worker', 'client'] as const) {
        const link = await connectLink(test.server.url, { role, token })
        await test.nextLink()
        assert.equal(test.links.at(-1)!.role, role)
        link.destroy('done')
      }
    })

    it('turns away more than it can hold', async () => {
      const test = await start({ limits: { linksMax: 2 } })
      const dial = () => connectLink(test.server.url, { role: 'worker', token: null })
      const [first] = [await dial(), await dial()]
      new LinkRecorder(await test.nextLink())
      await assert.rejects(dial(), { problem: 'busy', mayRetry: true,
        message: /503.*2 workers and clients are connected/ })
      first.close(1000, 'done')
      await eventually('one is gone', () => test.server.counts.links === 1)
      await dial()
    })
  })

  describe('strangers', () => {
    const limits = { strangersMax: 6, strangersPerAddressMax: 4, deadlineMs: 300 }

    it('are few, and are let go at the deadline however slowly they write', async () => {
      const test = await start({ token, limits })
      const { port } = test.server
      const sockets = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'))
      for (const socket of sockets) socket.on('error', () => undefined)
      await Promise.all(sockets.map((socket) => once(socket, 'connect')))
      await eventually('they are counted', () => test.server.counts.strangers === 4)
      const begin = performance.now()
      // A drop every now and then keeps idle timers from firing, but not the deadline.
      const drip = setInterval(() => {
        for (const socket of sockets) if (socket.writable) socket.write('GET /'.slice(0, 1))
      }, 30)
      const fifth = await sendRaw(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
      assert.deepEqual([fifth.status, fifth.isClosed], [0, true])
      assert.match(test.told('refused').join(), /4 connections of 127.0.0.1 have not authenticated/)
      await eventually('all are closed', () => sockets.every((socket) => socket.destroyed))
      clearInterval(drip)
      assert.ok(performance.now() - begin < 1500)
      assert.equal(test.server.counts.strangers, 0)
      assert.equal((await get(test, '/healthz')).status, 200)
    })

    it('do not count once they have shown the token', async () => {
      const test = await start({ token, limits })
      const dial = () => connectLink(test.server.url, { role: 'worker', token })
      const links = []
      for (let i = 0; i < 8; i++) links.push(await dial())
      await eventually('all are known', () => test.server.counts.strangers === 0)
      await new Promise((resolve) => setTimeout(resolve, 400))
      assert.ok(links.every((link) => link.isOpen), 'the deadline is none of theirs')
    })

    it('cannot keep a connection by asking again and again', async () => {
      const test = await start({ token, limits })
      const socket = connect(test.server.port, '127.0.0.1')
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3))
      const reply = await readReply(socket, 2000)
      assert.ok(reply.isClosed)
      assert.equal(reply.text.match(/HTTP\/1.1 200/g)!.length, 1)
    })
  })

  describe('close', () => {
    it('says goodbye on every link and ends every connection', async () => {
      const test = await startServer({ token })
      const recorder = new LinkRecorder(await connectLink(test.server.url,
        { role: 'worker', token }))
      const stranger = connect(test.server.port, '127.0.0.1')
      await once(stranger, 'connect')
      const link = await test.nextLink()
      link.send(Buffer.from('last words'))
      const begin = performance.now()
      await Promise.all([test.server.close(), once(stranger, 'close')])
      assert.ok(performance.now() - begin < 1000)
      assert.deepEqual(await recorder.closed(),
        { code: 1001, reason: 'the coordinator stops', by: 'peer' })
      assert.deepEqual(recorder.texts, ['last words'])
      assert.deepEqual(test.server.counts, { links: 0, strangers: 0 })
      await assert.rejects(connectLink(`ws://${link.peer.replace(/:.*/, '')}:1`,
        { role: 'worker', token }), { problem: 'unreachable' })
    })
  })
})
