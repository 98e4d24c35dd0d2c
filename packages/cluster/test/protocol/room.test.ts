import assert from 'node:assert/strict'
import { bytesWithRoom, ROOM_BYTES, takeRoom } from '../../src/protocol/room.js'

describe('takeRoom', () => {
  it('gives room until there is none left', () => {
    let bytes = bytesWithRoom(3)
    bytes.set([1, 2, 3])
    for (const n of [32, 0, 100, ROOM_BYTES - 132]) {
      const longer = takeRoom(bytes, n)
      assert.ok(longer !== null && longer.buffer === bytes.buffer)
      assert.equal(longer.length, bytes.length + n)
      assert.deepEqual(longer.subarray(n), bytes)
      bytes = longer
    }
    assert.equal(takeRoom(bytes, 1), null)
    assert.deepEqual(bytes.subarray(ROOM_BYTES), Uint8Array.of(1, 2, 3))
  })

  it('gives the same room to nobody else', () => {
    const bytes = bytesWithRoom(5)
    assert.equal(takeRoom(bytes, ROOM_BYTES + 1), null)
    assert.notEqual(takeRoom(bytes, 8), null)
    assert.equal(takeRoom(bytes, 8), null)
    assert.equal(takeRoom(bytes.subarray(1), 8), null)
  })

  it('has none in front of other bytes, or of a part', () => {
    assert.equal(takeRoom(new Uint8Array(100).subarray(50), 8), null)
    assert.equal(takeRoom(bytesWithRoom(5).subarray(2), 8), null)
    assert.equal(takeRoom(Buffer.from('pooled'), 1), null)
  })
})
