import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { closeCodes } from '../../src/transport/index.js'
import type { Link, LinkLimits } from '../../src/transport/index.js'
import { FRAGMENT_BYTES } from '../../src/protocol/limits.js'
import { LinkRecorder } from '../support/link-recorder.js'

/** Two links that are each other's peer, from whatever makes them. */
export type MakeLinks = (limits?: Partial<LinkLimits>) => Promise<readonly [Link, Link]>

const text = (words: string): Uint8Array => Buffer.from(words)

/** What every implementation of Link promises. */
export function itKeepsTheContractOfLinks(makeLinks: MakeLinks): void {
  it('delivers payloads whole and in order, in both directions', async () => {
    const random = new TestRandom(1)
    const [a, b] = await makeLinks()
    const [atA, atB] = [new LinkRecorder(a), new LinkRecorder(b)]
    const sizes = [0, 1, 31, 32, 33, 125, 126, 65_535, 65_536, FRAGMENT_BYTES - 1, FRAGMENT_BYTES,
      FRAGMENT_BYTES + 1, 3 * FRAGMENT_BYTES + 7, 2, 0]
    const noise = Uint8Array.from({ length: 1009 }, () => random.word())
    // A prime length, so that no two fragments are alike.
    const payloads = sizes.map((size) => new Uint8Array(size).map((_, at) => noise[at % 1009]!))
    for (const payload of payloads) {
      a.send(payload)
      b.send(payload)
    }
    for (const recorder of [atA, atB]) {
      const received = await recorder.received(sizes.length)
      assert.deepEqual(received.map((payload) => payload.length), sizes)
      received.forEach((payload, i) => {
        assert.ok(Buffer.compare(payload, payloads[i]!) === 0, `payload ${i}`)
      })
    }
    assert.equal(a.bufferedBytes, 0)
    a.destroy('done')
  })

  it('delivers nothing before send returns', async () => {
    const [a, b] = await makeLinks()
    const atB = new LinkRecorder(b)
    a.send(text('x'))
    assert.equal(atB.payloads.length, 0)
    await atB.received(1)
    a.destroy('done')
  })

  it('keeps what comes before somebody listens', async () => {
    const [a, b] = await makeLinks()
    a.send(text('early'))
    a.send(text('bird'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const atB = new LinkRecorder(b)
    assert.equal(atB.payloads.length, 0)
    await atB.received(2)
    assert.deepEqual(atB.texts, ['early', 'bird'])
    a.destroy('done')
  })

  it('lets urgent payloads overtake, each kind in its order', async () => {
    const [a, b] = await makeLinks()
    new LinkRecorder(a)
    const atB = new LinkRecorder(b)
    for (let i = 0; i < 16; i++) a.send(new Uint8Array(FRAGMENT_BYTES + i))
    a.send(text('1'), 'urgent')
    a.send(text('2'), 'urgent')
    const received = await atB.received(18)
    const places = ['1', '2'].map((word) => atB.texts.indexOf(word))
    assert.ok(places[0]! < places[1]!, 'urgent ones in their order')
    assert.ok(places[1]! < 8, `overtakes what is not on its way: came as ${places[1]}`)
    assert.deepEqual(received.map(({ length }) => length).filter((length) => length > 1),
      Array.from({ length: 16 }, (_, i) => FRAGMENT_BYTES + i))
    a.destroy('done')
  })

  it('takes nothing while paused, and everything in order after', async () => {
    const [a, b] = await makeLinks()
    const atB = new LinkRecorder(b)
    a.send(text('0'))
    await atB.received(1)
    b.pause()
    for (let i = 1; i <= 5; i++) a.send(text(`${i}`))
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(atB.payloads.length, 1)
    b.resume()
    await atB.received(6)
    assert.deepEqual(atB.texts, ['0', '1', '2', '3', '4', '5'])
    a.destroy('done')
  })

  it('may be paused and resumed from within a handler', async () => {
    const [a, b] = await makeLinks()
    const atB = new LinkRecorder(b)
    atB.onPayload = () => {
      b.pause()
      setImmediate(() => b.resume())
    }
    for (let i = 0; i < 20; i++) a.send(text(`${i}`))
    await atB.received(20)
    assert.deepEqual(atB.texts, Array.from({ length: 20 }, (_, i) => `${i}`))
    a.destroy('done')
  })

  it('is full above its mark, and says when there is room again', async () => {
    const [a, b] = await makeLinks({ fullBytes: 4 << 20 })
    const atA = new LinkRecorder(a)
    const atB = new LinkRecorder(b)
    b.pause()
    await atB.until(() => true)
    let nSent = 0
    while (!a.isFull && nSent < 1000) {
      a.send(new Uint8Array(FRAGMENT_BYTES))
      nSent++
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(a.isFull)
    assert.ok(a.bufferedBytes > 4 << 20)
    assert.equal(atA.nDrains, 0)
    b.resume()
    await atA.until(() => atA.nDrains > 0)
    await atB.received(nSent)
    assert.equal(atA.nDrains, 1)
    a.destroy('done')
  })

  it('is cut when its owner goes on sending to a peer that does not keep up', async () => {
    const [a, b] = await makeLinks({ fullBytes: 1 << 20, queueBytesMax: 4 << 20 })
    const atA = new LinkRecorder(a)
    new LinkRecorder(b).link.pause()
    for (let i = 0; i < 100 && a.isOpen; i++) {
      a.send(new Uint8Array(FRAGMENT_BYTES))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const close = await atA.closed()
    assert.equal(close.by, 'self')
    assert.match(close.reason, /does not keep up: .* MiB wait to be sent, the limit is 4 MiB/)
    b.destroy('done')
  })

  it('takes one message longer than its bound', async () => {
    const [a, b] = await makeLinks({ fullBytes: 1 << 10, queueBytesMax: 1 << 12 })
    const atB = new LinkRecorder(b)
    a.send(new Uint8Array(5 * FRAGMENT_BYTES))
    assert.equal((await atB.received(1))[0]!.length, 5 * FRAGMENT_BYTES)
    a.destroy('done')
  })

  it('closes after what was sent, and tells both ends once', async () => {
    const [a, b] = await makeLinks()
    const [atA, atB] = [new LinkRecorder(a), new LinkRecorder(b)]
    for (let i = 0; i < 5; i++) a.send(new Uint8Array(FRAGMENT_BYTES + i))
    a.close(closeCodes.policy, 'enough')
    assert.equal(a.isOpen, false)
    a.send(text('ignored'))
    assert.deepEqual(await atB.closed(), { code: 1008, reason: 'enough', by: 'peer' })
    assert.equal(atB.payloads.length, 5)
    assert.deepEqual(await atA.closed(), { code: 1008, reason: 'enough', by: 'self' })
    assert.equal(b.isOpen, false)
    b.send(text('ignored'))
    b.close(1000, 'ignored')
    b.destroy('ignored')
  })

  it('delivers the last words to who resumes later', async () => {
    const [a, b] = await makeLinks()
    new LinkRecorder(a)
    const atB = new LinkRecorder(b)
    b.pause()
    a.send(text('last words'))
    a.close(1000, 'bye')
    await new Promise((resolve) => setTimeout(resolve, 20))
    b.resume()
    const close = await atB.closed()
    assert.deepEqual(atB.texts, ['last words'])
    assert.equal(close.reason, 'bye')
  })

  it('delivers nothing after its own close', async () => {
    const [a, b] = await makeLinks()
    const atA = new LinkRecorder(a)
    new LinkRecorder(b)
    for (let i = 0; i < 3; i++) b.send(text('late'))
    a.close(1000, 'bye')
    await atA.closed()
    assert.equal(atA.payloads.length, 0)
  })

  it('does not wait for ever for a peer that does not answer the close', async () => {
    const [a, b] = await makeLinks({ closeMsMax: 50 })
    const atA = new LinkRecorder(a)
    new LinkRecorder(b).link.pause()
    a.close(1000, 'bye')
    assert.deepEqual(await atA.closed(), { code: 1000, reason: 'bye', by: 'self' })
    b.destroy('done')
  })

  it('is gone for both ends when it is destroyed', async () => {
    const [a, b] = await makeLinks()
    const [atA, atB] = [new LinkRecorder(a), new LinkRecorder(b)]
    a.send(new Uint8Array(20 * FRAGMENT_BYTES))
    a.destroy('no use')
    assert.equal(a.isOpen, false)
    assert.deepEqual(await atA.closed(), { code: 1006, reason: 'no use', by: 'self' })
    const close = await atB.closed()
    assert.equal(close.by, 'network')
    assert.match(close.reason, /^the connection was lost/)
    assert.equal(atB.payloads.length, 0)
  })

  it('tells the end to who listens later', async () => {
    const [a, b] = await makeLinks()
    new LinkRecorder(a)
    a.close(1000, 'too late')
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal((await new LinkRecorder(b).closed()).reason, 'too late')
  })

  it('counts what it receives, ids differ, and the peer has a name', async () => {
    const [a, b] = await makeLinks()
    const atB = new LinkRecorder(b)
    const before = b.receivedBytes
    a.send(new Uint8Array(1000))
    await atB.received(1)
    assert.ok(b.receivedBytes >= before + 1000)
    assert.notEqual(a.id, b.id)
    assert.match(a.peer, /.+:.+/)
    a.destroy('done')
  })

  it('refuses a message longer than any may be', async () => {
    const [a] = await makeLinks()
    const tooLong = new Uint8Array(0)
    Object.defineProperty(tooLong, 'length', { value: 513 << 20 })
    assert.throws(() => a.send(tooLong), { code: 'MEMORY', message: /at most 536870912/ })
    a.destroy('done')
  })
}
