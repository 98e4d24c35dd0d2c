import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { TestRandom } from '@coppice/testkit'
import { ProtocolError } from '../../src/protocol/error.js'
import {
  CHECKED_HEAD_BYTES, encodeFrames, FRAME_HEADER_BYTES, FrameAssembler,
} from '../../src/protocol/frame.js'
import { FRAGMENT_BYTES, INCOMPLETE_MAX, MESSAGE_BYTES_MAX } from '../../src/protocol/limits.js'
import { bytesWithRoom } from '../../src/protocol/room.js'

function payloadOf(n: number, seed = 1): Uint8Array {
  const random = new TestRandom(seed)
  const payload = new Uint8Array(n)
  for (let i = 0; i < n; i += 1 + (n >> 12)) payload[i] = random.below(256)
  return payload
}

function kindOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error))
    return error.kind
  }
  return 'none'
}

/** The frame with a valid checksum again. */
function sealed(frame: Uint8Array): Uint8Array {
  new DataView(frame.buffer, frame.byteOffset).setUint32(4, crc32(frame.subarray(8)), true)
  return frame
}

describe('encodeFrames and FrameAssembler', () => {
  const sizes = [0, 1, 31, FRAGMENT_BYTES - 1, FRAGMENT_BYTES, FRAGMENT_BYTES + 1,
    3 * FRAGMENT_BYTES, 3 * FRAGMENT_BYTES + 12345]

  for (const size of sizes) {
    it(`give back a payload of ${size} bytes`, () => {
      const payload = payloadOf(size)
      const frames = encodeFrames(payload, 9, crc32)
      assert.equal(frames.length, Math.max(1, Math.ceil(size / FRAGMENT_BYTES)))
      const assembler = new FrameAssembler(crc32)
      frames.forEach((frame, i) => {
        assert.ok(frame.length <= FRAME_HEADER_BYTES + FRAGMENT_BYTES)
        const whole = assembler.push(frame)
        assert.equal(whole !== null, i === frames.length - 1)
        if (whole !== null) assert.ok(Buffer.from(whole).equals(payload))
      })
      assert.equal(assembler.incompleteBytes, 0)
    })
  }

  it('check the head alone of what is checked by whoever reads it', () => {
    const payload = payloadOf(FRAGMENT_BYTES + 5000)
    const isTaken = (i: number, at: number): boolean => {
      const frames = encodeFrames(payload, 9, crc32, 'head').map((frame) => frame.slice())
      frames[i]![at]! ^= 1
      const assembler = new FrameAssembler(crc32)
      return kindOf(() => frames.forEach((frame) => assembler.push(frame))) === 'none'
    }
    for (const i of [0, 1]) {
      for (const at of [0, 4, 8, 10, 12, 27, FRAME_HEADER_BYTES, 7 + CHECKED_HEAD_BYTES]) {
        assert.equal(isTaken(i, at), false, `byte ${at} of frame ${i}`)
      }
      assert.equal(isTaken(i, 8 + CHECKED_HEAD_BYTES), true)
    }
    // of a frame that is said to be checked as a whole all is
    const [frame] = encodeFrames(payloadOf(5000), 9, crc32)
    frame![4000]! ^= 1
    assert.equal(kindOf(() => new FrameAssembler(crc32).push(frame!)), 'damaged')
  })

  it('make the same frame, without a copy, where there is room in front of the payload', () => {
    for (const size of [0, 1, 1000, FRAGMENT_BYTES, FRAGMENT_BYTES + 1]) {
      const payload = payloadOf(size)
      const roomy = bytesWithRoom(size)
      roomy.set(payload)
      const expected = encodeFrames(payload, 9, crc32)
      // again, and with another id: the first ones may be on their way still
      const frames = encodeFrames(roomy, 9, crc32)
      const others = encodeFrames(roomy, 10, crc32)
      assert.equal(frames[0]!.buffer === roomy.buffer, size <= FRAGMENT_BYTES)
      frames.forEach((frame, i) => assert.ok(Buffer.from(frame).equals(expected[i]!)))
      assert.notEqual(others[0]!.buffer, roomy.buffer)
    }
  })

  it('let messages overtake a long one', () => {
    const long = [payloadOf(5 * FRAGMENT_BYTES, 2), payloadOf(2 * FRAGMENT_BYTES + 1, 3)]
    const [a, b] = long.map((payload, id) => encodeFrames(payload, id, crc32))
    const assembler = new FrameAssembler(crc32)
    const arrived: Uint8Array[] = []
    const push = (frame: Uint8Array) => {
      const whole = assembler.push(frame)
      if (whole !== null) arrived.push(whole)
    }
    a!.forEach((frame, i) => {
      push(frame)
      if (b![i] !== undefined) push(b![i]!)
      push(encodeFrames(Uint8Array.of(i), 100 + i, crc32)[0]!)
    })
    assert.deepEqual(arrived.map(({ length }) => length),
      [1, 1, long[1]!.length, 1, 1, long[0]!.length, 1])
    assert.ok(Buffer.from(arrived[2]!).equals(long[1]!))
    assert.ok(Buffer.from(arrived[5]!).equals(long[0]!))
  })

  it('refuse to cut more than a message may have', () => {
    const payload = { length: MESSAGE_BYTES_MAX + 1 } as Uint8Array
    assert.throws(() => encodeFrames(payload, 1, crc32), { name: 'CoppiceError', code: 'MEMORY' })
  })
})

describe('FrameAssembler', () => {
  const whole = encodeFrames(payloadOf(100), 7, crc32)[0]!
  const parts = encodeFrames(payloadOf(2 * FRAGMENT_BYTES + 5), 7, crc32)

  it('refuses a frame of which any bit is wrong', () => {
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const frame = whole.slice()
      frame[bit >> 3]! ^= 1 << (bit & 7)
      assert.notEqual(kindOf(() => new FrameAssembler(crc32).push(frame)), 'none', `bit ${bit}`)
    }
  })

  it('refuses a frame that is cut off or has more bytes', () => {
    for (let n = 0; n < whole.length; n++) {
      assert.equal(kindOf(() => new FrameAssembler(crc32).push(whole.subarray(0, n))), 'damaged')
    }
    const more = new Uint8Array(whole.length + 1)
    more.set(whole)
    assert.equal(kindOf(() => new FrameAssembler(crc32).push(sealed(more))), 'damaged')
    const huge = new Uint8Array(FRAME_HEADER_BYTES + FRAGMENT_BYTES + 1)
    assert.equal(kindOf(() => new FrameAssembler(crc32).push(huge)), 'limit')
  })

  it('names another version of the protocol', () => {
    const frame = whole.slice()
    frame[8] = 99
    assert.equal(kindOf(() => new FrameAssembler(crc32).push(sealed(frame))), 'version')
  })

  it('refuses headers that contradict themselves, though their checksum is right', () => {
    const fields: readonly [string, number, number][] = [
      ['flags', 10, 2], ['index', 16, 1], ['index', 16, 0xffff_ffff], ['fragments', 20, 2],
      ['fragments', 20, 0], ['length', 24, 99], ['total', 28, 99], ['total', 28, 0],
      ['total', 28, 0xffff_ffff], ['total', 28, FRAGMENT_BYTES + 100],
    ]
    for (const [name, at, value] of fields) {
      const frame = whole.slice()
      new DataView(frame.buffer).setUint32(at, value, true)
      if (name === 'flags') new DataView(frame.buffer).setUint16(at, value, true)
      assert.notEqual(kindOf(() => new FrameAssembler(crc32).push(sealed(frame))), 'none',
        `${name} ${value}`)
    }
  })

  it('refuses fragments that are missing, repeated, out of order or of another message', () => {
    const other = encodeFrames(payloadOf(3 * FRAGMENT_BYTES), 7, crc32)
    const orders = [[parts[1]!], [parts[0]!, parts[0]!], [parts[0]!, parts[2]!],
      [parts[0]!, parts[1]!, parts[1]!], [parts[0]!, other[1]!], [parts[0]!, whole]]
    for (const [i, order] of orders.entries()) {
      const assembler = new FrameAssembler(crc32)
      assert.equal(kindOf(() => order.forEach((frame) => assembler.push(frame))), 'damaged', `${i}`)
    }
  })

  it('refuses everything after an error', () => {
    const assembler = new FrameAssembler(crc32)
    assembler.push(parts[0]!)
    assert.throws(() => assembler.push(parts[2]!), ProtocolError)
    assert.equal(assembler.incompleteBytes, 0)
    assert.throws(() => assembler.push(whole), ProtocolError)
  })

  it('limits the bytes and the number of incomplete messages', () => {
    const few = new FrameAssembler(crc32, FRAGMENT_BYTES)
    assert.equal(few.push(parts[0]!), null)
    assert.equal(few.incompleteBytes, FRAGMENT_BYTES)
    assert.equal(kindOf(() => few.push(parts[1]!)), 'limit')

    const many = new FrameAssembler(crc32)
    const begin = (id: number) => {
      const frame = parts[0]!.slice()
      new DataView(frame.buffer).setUint32(12, id, true)
      many.push(sealed(frame))
    }
    for (let id = 0; id < INCOMPLETE_MAX; id++) begin(id)
    assert.equal(kindOf(() => begin(INCOMPLETE_MAX)), 'limit')
  })
})
