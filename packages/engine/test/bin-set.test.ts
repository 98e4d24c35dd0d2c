import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import {
  BIN_SET_BYTES_MAX, type BinSet, binSetBytesMax, binSetOfBits, binSetUpTo, bitBytes, bitsOf,
  hasBit, isBinSet, writeBits,
} from '../src/bin-set.js'
import { BINS_MAX } from '../src/row-bytes.js'

/** Sets of thresholds, of a few bins, of every other, of all and of none. */
function shapesOf(nBins: number, random: TestRandom): ((bin: number) => boolean)[] {
  const cut = random.below(nBins)
  const few = new Set(Array.from({ length: 5 }, () => random.below(nBins)))
  const bits = Array.from({ length: nBins }, () => random.below(2) === 1)
  return [
    (b) => b <= cut, (b) => b <= cut !== (b === nBins - 1), (b) => few.has(b), (b) => b % 2 === 0,
    () => true, () => false, (b) => bits[b]!,
  ]
}

function binSetOf(nBins: number, goesLeft: (bin: number) => boolean): BinSet {
  const bits = new Uint8Array(bitBytes(nBins))
  for (let b = 0; b < nBins; b++) if (goesLeft(b)) bits[b >> 3]! |= 1 << (b & 7)
  return binSetOfBits(bits, nBins)
}

describe('bin sets', () => {
  const sizes = [1, 2, 8, 9, 255, 256, 257, 263, 264, 265, 1000, 4001, BINS_MAX - 1, BINS_MAX]

  it('hold the bins that they are made of, in bounded bytes', () => {
    const random = new TestRandom(1)
    for (const nBins of sizes) {
      for (const goesLeft of shapesOf(nBins, random)) {
        const set = binSetOf(nBins, goesLeft)
        const bits = bitsOf(set, nBins)
        assert.equal(bits.length, bitBytes(nBins))
        let wrong = -1
        for (let b = 0; b < bits.length * 8; b++) {
          if (hasBit(bits, b) !== (b < nBins && goesLeft(b))) wrong = b
        }
        assert.equal(wrong, -1, `bin ${wrong} of ${nBins}`)
        assert.ok(isBinSet(set, nBins))
        assert.ok(set.length <= binSetBytesMax({ nBins, isCategorical: true }))
        assert.ok(set.length <= BIN_SET_BYTES_MAX)
        assert.deepEqual(binSetOfBits(bits, nBins), set)
      }
    }
  })

  it('of up to 256 bins are the bits, of thresholds of more a few bytes', () => {
    assert.deepEqual(binSetOf(10, (b) => b === 3 || b === 9).subarray(0, 2), Uint8Array.of(8, 2))
    assert.deepEqual(binSetOf(1000, (b) => b <= 770), Uint8Array.of(0, 0, 2, 3))
    assert.deepEqual(
      binSetOf(65_536, (b) => b <= 1 || b === 65_535),
      Uint8Array.of(0, 0, 1, 0, 255, 255, 255, 255))
    const numeric = { nBins: 65_536, isCategorical: false }
    assert.equal(binSetBytesMax(numeric), 32)
  })

  it('of thresholds have the bin of missing values or not', () => {
    for (const nBins of [1, 2, 8, 9, 255, 256, 257, 1000]) {
      for (const last of [-1, 0, 6, 7, 8, nBins - 2, nBins - 1]) {
        for (const missing of [-1, 0, 7, nBins - 1].filter((b) => b < nBins)) {
          for (const hasMissing of [false, true]) {
            assert.deepEqual(
              binSetUpTo(last, nBins, missing, hasMissing),
              binSetOf(nBins, (b) => b === missing ? hasMissing : b <= last))
          }
        }
      }
    }
  })

  it('are written over whatever was there', () => {
    for (const nBins of [40, 300, 2000]) {
      const bits = new Uint8Array(bitBytes(nBins) + 64).fill(255)
      writeBits(binSetOf(nBins, (b) => b < 20), nBins, bits)
      assert.deepEqual(bits.subarray(0, 3), Uint8Array.of(255, 255, 15))
      assert.ok(bits.subarray(3).every((byte) => byte === 0))
    }
  })

  it('are told from other bytes', () => {
    const runs = (...bins: number[]): Uint8Array => new Uint8Array(Uint16Array.from(bins).buffer)
    assert.ok(isBinSet(runs(0, 4, 6, 6), 300))
    const wrong = [
      runs(4, 0), runs(0, 4, 5, 6), runs(0, 4, 2, 3), runs(0, 300), new Uint8Array(3),
      new Uint8Array(32).fill(1), new Uint8Array(37), new Uint8Array(41), runs(1),
      runs(...Array.from({ length: 20 }, (_, i) => [3 * i, 3 * i]).flat()),
    ]
    for (const bytes of wrong) assert.equal(isBinSet(bytes, 300), false, `${bytes.length} bytes`)
    assert.ok(isBinSet(new Uint8Array(32), 256))
    for (const n of [0, 31, 33]) assert.equal(isBinSet(new Uint8Array(n), 256), false)
  })
})
