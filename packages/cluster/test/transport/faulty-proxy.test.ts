import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { TestRandom } from '@coppice/testkit'
import { eventually } from '../support/eventually.js'
import { FaultyProxy } from '../support/faulty-proxy.js'

/** One connection through a proxy, and what each end has received. */
interface Line {
  readonly near: Socket
  readonly far: Socket
  readonly atNear: () => Buffer
  readonly atFar: () => Buffer
}

describe('FaultyProxy', () => {
  let target: Server
  let proxy: FaultyProxy
  let accepted: Socket[] = []
  beforeEach(async () => {
    accepted = []
    target = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket))
    await new Promise<void>((resolve) => { target.listen(0, '127.0.0.1', resolve) })
    proxy = await FaultyProxy.start((target.address() as AddressInfo).port, 7)
  })
  afterEach(async () => {
    await proxy.stop()
    // An end that is half closed does not read, and so does not see the reset.
    for (const socket of accepted) socket.destroy()
    await new Promise((resolve) => { target.close(resolve) })
  })

  const collect = (socket: Socket): () => Buffer => {
    const parts: Buffer[] = []
    socket.on('data', (bytes) => parts.push(bytes))
    socket.on('error', () => undefined)
    return () => Buffer.concat(parts)
  }
  const open = async (): Promise<Line> => {
    const coming = once(target, 'connection') as Promise<[Socket]>
    const near = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    const [far] = await coming
    return { near, far, atNear: collect(near), atFar: collect(far) }
  }

  it('forwards both ways, in order, ends included', async () => {
    const { near, far, atNear, atFar } = await open()
    const random = new TestRandom(1)
    const sent = Buffer.from(Array.from({ length: 200_000 }, () => random.below(256)))
    for (let at = 0; at < sent.length; at += 9999) near.write(sent.subarray(at, at + 9999))
    near.end()
    await once(far, 'end')
    assert.ok(atFar().equals(sent))
    far.end('goodbye')
    await once(near, 'end')
    assert.equal(atNear().toString(), 'goodbye')
    assert.equal(proxy.forwarded('up'), sent.length)
    assert.equal(proxy.forwarded('down'), 7)
  })

  it('delays, and keeps the order when the delay varies', async () => {
    const { near, atFar } = await open()
    proxy.delay(30, 30, 'up')
    const start = performance.now()
    for (let i = 0; i < 10; i++) {
      near.write(`${i}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await eventually('all have come', () => atFar().length === 10)
    assert.ok(performance.now() - start >= 30)
    assert.equal(atFar().toString(), '0123456789')
  })

  it('throttles', async () => {
    const { near, atFar } = await open()
    proxy.throttle(400_000, 'up')
    const start = performance.now()
    near.write(Buffer.alloc(100_000))
    await eventually('all have come', () => atFar().length === 100_000)
    const ms = performance.now() - start
    assert.ok(ms > 200 && ms < 1500, `${ms} ms for a quarter of a second`)
  })

  it('keeps what goes into a black hole until it is healed', async () => {
    const { near, far, atNear, atFar } = await open()
    proxy.blackHole('up')
    near.write('up')
    far.write('down')
    await eventually('the other way is open', () => atNear().length === 4)
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(atFar().length, 0)
    near.end()
    proxy.heal()
    await once(far, 'end')
    assert.equal(atFar().toString(), 'up')
  })

  it('flips one bit of the next chunk', async () => {
    const { near, atFar } = await open()
    proxy.corruptNext('up', 10)
    near.write(Buffer.alloc(1000))
    near.write(Buffer.alloc(1000))
    await eventually('all have come', () => atFar().length === 2000)
    const changed = [...atFar()].flatMap((byte, at) => byte === 0 ? [] : [[at, byte]])
    assert.equal(changed.length, 1)
    const [at, byte] = changed[0]!
    assert.ok(at! >= 10 && at! < 266)
    assert.equal(byte! & (byte! - 1), 0, 'a power of two')
  })

  it('resets, cuts and refuses', async () => {
    const reset = await open()
    const cut = await open()
    proxy.reset(0)
    await eventually('both ends see it', () => reset.near.destroyed && reset.far.destroyed)
    assert.equal((reset.near.errored as NodeJS.ErrnoException).code, 'ECONNRESET')
    cut.near.write('on its way')
    await eventually('it has come', () => cut.atFar().length > 0)
    const ends = Promise.all([once(cut.near, 'end'), once(cut.far, 'end')])
    proxy.cut(1)
    await ends
    cut.near.end()
    cut.far.end()
    await eventually('nothing is open', () => proxy.nOpen === 0)
    proxy.refuse()
    const refused = connect(proxy.port, '127.0.0.1')
    await assert.rejects(once(refused, 'end'), { code: 'ECONNRESET' })
    assert.equal(proxy.nAccepted, 2)
    proxy.heal()
    await open()
    assert.equal(proxy.nAccepted, 3)
  })
})
