import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DamagedPageError, decodeHybrid } from '../../src/formats/rle.js'

/** One bit-packed run, a bit at a time: header, then groups of 8 values, lowest bits first. */
function packNaively(values: readonly number[], width: number): number[] {
  const nGroups = Math.ceil(values.length / 8)
  const packed = new Array<number>(nGroups * width).fill(0)
  for (const [i, value] of values.entries()) {
    for (let bit = 0; bit < width; bit++) {
      const at = i * width + bit
      packed[at >> 3]! |= ((value >>> bit) & 1) << (at & 7)
    }
  }
  const header = nGroups * 2 + 1
  return header < 128 ? [header, ...packed] : [(header & 127) | 128, header >> 7, ...packed]
}

const width = fc.integer({ min: 1, max: 32 })
const values = fc.array(fc.nat({ max: 0xffff_ffff }), { minLength: 1, maxLength: 80 })

describe('decodeHybrid', () => {
  it('unpacks values of any width, wherever the bytes begin and end', () => {
    fc.assert(fc.property(width, values, fc.nat(9), fc.nat(9), (nBits, drawn, before, after) => {
      const mask = nBits === 32 ? 0xffff_ffff : 2 ** nBits - 1
      const kept = drawn.map((value) => (value & mask) >>> 0)
      const run = packNaively(kept, nBits)
      const bytes = Uint8Array.from([
        ...new Array<number>(before).fill(0xa5), ...run, ...new Array<number>(after).fill(0xff),
      ])
      const view = bytes.subarray(before)
      const out = new Int32Array(kept.length)
      decodeHybrid({ bytes: view, offset: 0, end: run.length }, nBits, out, kept.length)
      assert.deepEqual([...out].map((value) => value >>> 0), kept)
    }), { numRuns: 300 })
  })

  it('refuses runs that end early', () => {
    fc.assert(fc.property(width, values, (nBits, drawn) => {
      // Without the last byte of a whole number of groups a value lacks bits.
      const whole = drawn.slice(0, drawn.length & ~7)
      fc.pre(whole.length > 0)
      const bytes = Uint8Array.from(packNaively(whole, nBits).slice(0, -1))
      const out = new Int32Array(whole.length)
      assert.throws(
        () => decodeHybrid({ bytes, offset: 0, end: bytes.length }, nBits, out, whole.length),
        DamagedPageError)
    }))
  })
})
