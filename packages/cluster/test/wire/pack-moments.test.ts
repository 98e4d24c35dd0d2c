import assert from 'node:assert/strict'
import { ProtocolError } from '../../src/protocol/error.js'
import { packMoments, unpackMoments } from '../../src/wire/pack-moments.js'

const part = BigInt64Array.of(0n, -1n, 2n ** 62n, -(2n ** 63n), 12_345_678_901n)

describe('packMoments', () => {
  it('is read back by unpackMoments, wherever the bytes lie', () => {
    assert.deepEqual(unpackMoments(packMoments(part)), part)
    assert.deepEqual(unpackMoments(packMoments(new BigInt64Array(0))), new BigInt64Array(0))
    assert.deepEqual(unpackMoments(packMoments(part.subarray(1, 3))), part.slice(1, 3))
    const shifted = new Uint8Array(100).subarray(3)
    const packed = packMoments(part)
    shifted.set(packed)
    assert.deepEqual(unpackMoments(shifted.subarray(0, packed.length)), part)
  })

  it('whatever is cut off or changed is told', () => {
    const packed = packMoments(part)
    const isRefused = (bytes: Uint8Array): void => assert.throws(() => unpackMoments(bytes),
      (error) => error instanceof ProtocolError && error.kind === 'damaged')
    for (let n = 0; n < packed.length; n++) isRefused(packed.subarray(0, n))
    for (let at = 0; at < packed.length; at++) {
      const changed = packed.slice()
      changed[at]! ^= 1 << (at & 7)
      isRefused(changed)
    }
  })
})
