import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { AddressTally, addressGroup, isWorthLogging } from '../../src/transport/address-tally.js'
import { Gate } from '../../src/transport/gate.js'
import { isLoopback, isLoopbackHost } from '../../src/transport/loopback.js'

/** As much of a socket as a gate looks at. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string
  readonly remotePort: number
  destroyed = false

  constructor(address: string, port: number) {
    super()
    this.remoteAddress = address
    this.remotePort = port
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }

  /** Another object for the same connection, as TLS makes one. */
  get inner(): Socket {
    return new FakeSocket(this.remoteAddress, this.remotePort).asSocket
  }

  get asSocket(): Socket {
    return this as unknown as Socket
  }
}

describe('Gate', () => {
  const limits = { strangersMax: 3, strangersPerAddressMax: 2, deadlineMs: 60_000 }
  let nPorts = 0
  const knock = (gate: Gate, address: string): { socket: FakeSocket, refusal: string | null } => {
    const socket = new FakeSocket(address, ++nPorts)
    return { socket, refusal: gate.enter(socket.asSocket) }
  }

  it('bounds the strangers of one address and all together', () => {
    const gate = new Gate(limits)
    assert.equal(knock(gate, '10.0.0.1').refusal, null)
    const second = knock(gate, '10.0.0.1')
    assert.equal(second.refusal, null)
    assert.match(knock(gate, '10.0.0.1').refusal!, /2 connections of 10.0.0.1/)
    assert.match(knock(gate, '::ffff:10.0.0.1').refusal!, /2 connections of 10.0.0.1/)
    assert.equal(knock(gate, '10.0.0.2').refusal, null)
    assert.match(knock(gate, '10.0.0.3').refusal!, /^3 connections/)
    second.socket.destroy()
    assert.equal(gate.nStrangers, 2)
    assert.equal(knock(gate, '10.0.0.1').refusal, null)
    gate.closeAll()
    assert.equal(gate.nStrangers, 0)
  })

  it('lets a newcomer displace who has sat there for long, of its address or of all', () => {
    let now = 0
    const gate = new Gate(limits, () => now)
    const [first, second] = [knock(gate, '10.0.0.1').socket, knock(gate, '10.0.0.1').socket]
    now = 300
    assert.equal(knock(gate, '10.0.0.1').refusal, null)
    assert.deepEqual([first.destroyed, second.destroyed, gate.nStrangers], [true, false, 2])
    assert.equal(knock(gate, '10.0.0.2').refusal, null)
    assert.equal(knock(gate, '10.0.0.3').refusal, null)
    assert.deepEqual([second.destroyed, gate.nStrangers], [true, 3])
    // those that are left have just come
    assert.match(knock(gate, '10.0.0.4').refusal!, /^3 connections/)
    gate.closeAll()
  })

  it('forgets who is admitted, also by the other object of the connection', () => {
    const gate = new Gate(limits)
    const first = knock(gate, '10.0.0.1').socket
    const second = knock(gate, '10.0.0.1').socket
    gate.admit(first.asSocket)
    gate.admit(second.inner)
    assert.equal(gate.nStrangers, 0)
    gate.admit(second.inner)
    first.destroy()
    assert.equal(gate.nStrangers, 0)
    gate.closeAll()
    assert.ok(!second.destroyed)
  })

  it('cuts at the deadline, strangers only', async () => {
    const gate = new Gate({ ...limits, deadlineMs: 20 })
    const known = knock(gate, '10.0.0.1').socket
    const stranger = knock(gate, '10.0.0.1').socket
    gate.admit(known.asSocket)
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.ok(stranger.destroyed && !known.destroyed)
  })
})

describe('AddressTally', () => {
  it('counts by address and minute', () => {
    const tally = new AddressTally()
    assert.deepEqual([0, 1, 59_999].map((now) => tally.add('10.0.0.1', now)), [1, 2, 3])
    assert.equal(tally.add('10.0.0.2', 59_999), 1)
    assert.equal(tally.add('10.0.0.1', 60_000), 1)
    assert.equal(tally.add('10.0.0.1', 60_001), 2)
  })

  it('forgets the oldest of very many addresses', () => {
    const tally = new AddressTally()
    for (let i = 0; i < 4097; i++) tally.add(`10.0.${i >> 8}.${i & 255}`, i)
    assert.equal(tally.add('10.0.0.1', 5000), 2, 'the second is still known')
    assert.equal(tally.add('10.0.0.0', 5000), 1, 'the first is forgotten')
  })

  it('makes logs of many events short', () => {
    const logged = Array.from({ length: 1000 }, (_, i) => i + 1).filter(isWorthLogging)
    assert.deepEqual(logged, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 32, 64, 128, 256, 512])
  })
})

describe('addressGroup', () => {
  it('takes an IPv6 network as one', () => {
    assert.equal(addressGroup('2001:db8:1:2:3:4:5:6'), addressGroup('2001:db8:1:2::9'))
    assert.notEqual(addressGroup('2001:db8:1:2::9'), addressGroup('2001:db8:1:3::9'))
    assert.equal(addressGroup('::1'), '0:0:0:0::/64')
    assert.equal(addressGroup('2001:db8::1'), '2001:db8:0:0::/64')
    assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0::/64')
    assert.equal(addressGroup('::ffff:10.1.2.3'), '10.1.2.3')
    assert.equal(addressGroup('10.1.2.3'), '10.1.2.3')
  })
})

describe('isLoopback', () => {
  it('knows the addresses of this machine alone', () => {
    for (const address of ['127.0.0.1', '127.255.0.9', '::1', '0:0:0:0:0:0:0:1',
      '::ffff:127.0.0.1']) assert.ok(isLoopback(address), address)
    for (const address of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::2', '::ffff:10.0.0.1',
      'localhost', '', '127.0.0.1.example.com']) assert.ok(!isLoopback(address), address)
  })

  it('knows them in Host headers', () => {
    for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1', '127.0.0.1:7077', '[::1]',
      '[::1]:7077']) assert.ok(isLoopbackHost(host), host)
    for (const host of [undefined, '', 'example.com', 'localhost.example.com', '[::2]:80', '::1',
      '127.0.0.1:80:80', '[::1', 'localhost:', '127.1']) {
      assert.ok(!isLoopbackHost(host), host)
    }
  })
})
