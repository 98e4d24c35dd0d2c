import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { fromHex, paddingOf, Sha256, sha256, toHex } from '../src/sha256.js'
import { TestRandom } from './support/random.js'

const ofText = (text: string) => toHex(sha256(new TextEncoder().encode(text)))
const oracle = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function randomBytes(random: TestRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

describe('sha256', () => {
  it('gives the digests of FIPS 180-4', () => {
    assert.equal(ofText(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    assert.equal(ofText('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    assert.equal(
      ofText('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    )
    assert.equal(
      ofText('a'.repeat(1_000_000)),
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    )
  })

  it('agrees with node:crypto for every length up to three blocks', () => {
    const random = new TestRandom(21)
    for (let length = 0; length <= 200; length++) {
      const bytes = randomBytes(random, length)
      assert.equal(toHex(sha256(bytes)), oracle(bytes), `${length} bytes`)
    }
  })
})

describe('Sha256', () => {
  it('does not depend on how the bytes were cut', () => {
    const random = new TestRandom(22)
    for (let round = 0; round < 200; round++) {
      const bytes = randomBytes(random, random.below(500))
      const hash = new Sha256()
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + random.below(150))
        hash.update(bytes.subarray(at, end))
        at = end
      }
      assert.equal(toHex(hash.digest()), oracle(bytes))
    }
  })
})

describe('paddingOf', () => {
  it('ends a whole block with the number of bits, beyond 32 bits too', () => {
    for (const nBytes of [0, 1, 55, 56, 63, 64, 2 ** 29 - 1, 2 ** 29, 2 ** 29 + 57, 2 ** 50 + 3]) {
      const padding = paddingOf(nBytes)
      assert.equal((nBytes + padding.length) % 64, 0)
      assert.ok(padding.length >= 9 && padding.length <= 72)
      assert.equal(padding[0], 0x80)
      assert.ok(padding.subarray(1, -8).every((byte) => byte === 0))
      const view = new DataView(padding.buffer)
      assert.equal(view.getBigUint64(padding.length - 8), BigInt(nBytes) * 8n)
    }
  })
})

describe('toHex and fromHex', () => {
  it('are inverse', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    assert.deepEqual(fromHex(toHex(all)), all)
    assert.equal(toHex(Uint8Array.of(0, 1, 254)), '0001fe')
  })
})
