import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { connectLink } from '../../src/transport/index.js'
import type { Link } from '../../src/transport/index.js'
import { FRAGMENT_BYTES } from '../../src/protocol/limits.js'
import { FaultyProxy } from '../support/faulty-proxy.js'
import { LinkRecorder } from '../support/link-recorder.js'
import { upgradeRequest } from '../support/raw-http.js'
import { startServer } from '../support/test-server.js'
import type { TestServer } from '../support/test-server.js'
import { itKeepsTheContractOfLinks } from './link-contract.js'

const dial = (port: number): Promise<Link> => connectLink(`ws://127.0.0.1:${port}`,
  { role: 'worker', token: null })

describe('SocketLink', () => {
  const servers: TestServer[] = []
  const proxies: FaultyProxy[] = []
  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()))
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })

  const start = async (...options: Parameters<typeof startServer>): Promise<TestServer> => {
    const server = await startServer(...options)
    servers.push(server)
    return server
  }
  const throughProxy = async (): Promise<[FaultyProxy, Link, Link]> => {
    const test = await start()
    const proxy = await FaultyProxy.start(test.server.port)
    proxies.push(proxy)
    const near = await dial(proxy.port)
    return [proxy, near, await test.nextLink()]
  }

  describe('from client to server', () => {
    itKeepsTheContractOfLinks(async (linkLimits) => {
      const test = await start({ linkLimits })
      const near = await connectLink(test.server.url, { role: 'worker', token: null, linkLimits })
      return [near, await test.nextLink()]
    })
  })

  describe('from server to client', () => {
    itKeepsTheContractOfLinks(async (linkLimits) => {
      const test = await start({ linkLimits })
      const far = await connectLink(test.server.url, { role: 'client', token: null, linkLimits })
      return [await test.nextLink(), far]
    })
  })

  it('never delivers a payload with a changed bit', async () => {
    for (let i = 0; i < 24; i++) {
      const [proxy, near, far] = await throughProxy()
      const [atNear, atFar] = [new LinkRecorder(near), new LinkRecorder(far)]
      near.send(Buffer.alloc(300, 7))
      await atFar.received(1)
      proxy.corruptNext('up', i * 10)
      for (let k = 0; k < 4; k++) near.send(Buffer.alloc(300, 7))
      near.close(1000, 'bye')
      const close = await atFar.closed()
      assert.ok(atFar.payloads.every((payload) => Buffer.alloc(300, 7).equals(payload)),
        `place ${i}: ${close.reason}`)
      await atNear.closed()
    }
  })

  it('names a wrong checksum to both ends', async () => {
    const [proxy, near, far] = await throughProxy()
    const [atNear, atFar] = [new LinkRecorder(near), new LinkRecorder(far)]
    near.send(Buffer.alloc(10_000))
    await atFar.received(1)
    proxy.corruptNext('up', 5000)
    near.send(Buffer.alloc(10_000))
    assert.match((await atFar.closed()).reason, /a frame of 10032 bytes has a wrong checksum/)
    assert.match((await atNear.closed()).reason, /has a wrong checksum/)
    assert.equal(atFar.payloads.length, 1)
  })

  it('says so when the connection is reset', async () => {
    const [proxy, near, far] = await throughProxy()
    const [atNear, atFar] = [new LinkRecorder(near), new LinkRecorder(far)]
    proxy.reset()
    for (const recorder of [atNear, atFar]) {
      const close = await recorder.closed()
      assert.equal(close.by, 'network')
      assert.match(close.reason, /^the connection was lost: .*ECONNRESET/)
    }
  })

  it('gives up a peer that has fallen silent', async () => {
    const test = await start({ linkLimits: { silenceMsMax: 150 } })
    const proxy = await FaultyProxy.start(test.server.port)
    proxies.push(proxy)
    const near = await dial(proxy.port)
    const far = await test.nextLink()
    const atFar = new LinkRecorder(far)
    new LinkRecorder(near)
    // Pings are answered: the link lives on although nobody sends anything.
    await new Promise((resolve) => setTimeout(resolve, 400))
    assert.ok(far.isOpen)
    proxy.blackHole()
    assert.match((await atFar.closed()).reason, /^nothing came from 127.0.0.1:\d+ for 0.15 s$/)
    near.destroy('over')
  })

  it('lets an urgent message through a slow line that is busy', async () => {
    const [proxy, near, far] = await throughProxy()
    const atFar = new LinkRecorder(far)
    new LinkRecorder(near)
    proxy.throttle(8 << 20, 'up')
    for (let i = 0; i < 40; i++) near.send(new Uint8Array(512 << 10))
    near.send(Buffer.from('beat'), 'urgent')
    await atFar.until(() => atFar.texts.at(-1) === 'beat')
    assert.ok(atFar.payloads.length < 30, `it came as number ${atFar.payloads.length}`)
    assert.ok(near.bufferedBytes > 0)
  })

  it('closes on a text message, on frames that are too long and on broken ones', async () => {
    const test = await start()
    const cases: [(ws: WebSocket) => void, RegExp][] = [
      [(ws) => ws.send('hello'), /a text message came/],
      [(ws) => ws.send(new Uint8Array(FRAGMENT_BYTES + 5000)), /Max payload size exceeded/],
      [(ws) => ws.send(new Uint8Array(100)), /a frame of 100 bytes does not begin as one/],
      [(ws) => ws.send(new Uint8Array(3)), /shorter than its header/],
    ]
    for (const [send, reason] of cases) {
      const ws = new WebSocket(`${test.server.url}/v1/client`, ['coppice'])
      ws.on('error', () => undefined)
      await once(ws, 'open')
      const recorder = new LinkRecorder(await test.nextLink())
      send(ws)
      assert.match((await recorder.closed()).reason, reason)
      assert.equal(recorder.payloads.length, 0)
    }
  })

  it('survives bytes after the upgrade that are no WebSocket frames', async () => {
    const test = await start({ linkLimits: { closeMsMax: 100 } })
    const begin = performance.now()
    const socket = connect(test.server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`${upgradeRequest('/v1/worker')}\xff\xff\xff\xff garbage`)
    const close = await new LinkRecorder(await test.nextLink()).closed()
    assert.equal(close.by, 'self')
    assert.match(close.reason, /^Invalid WebSocket frame: RSV1 must be clear/)
    assert.ok(performance.now() - begin < 2000)
    socket.destroy()
  })
})
