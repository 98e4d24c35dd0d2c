import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CoppiceError } from '@coppice/model'
import { ProtocolError } from '../../src/protocol/error.js'
import { DEPTH_MAX } from '../../src/protocol/limits.js'
import { decodeValue, encodeValue } from '../../src/protocol/value-codec.js'

const typedArrays: fc.Arbitrary<ArrayBufferView> = fc.oneof(
  fc.uint8Array(), fc.int8Array(), fc.uint16Array(), fc.int16Array(), fc.uint32Array(),
  fc.int32Array(), fc.float32Array(), fc.float64Array(), fc.bigInt64Array(), fc.bigUint64Array())

const scalars = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 2 ** 64),
  fc.double(), fc.integer(), fc.maxSafeInteger(), fc.bigInt(), fc.string({ unit: 'grapheme' }))

const keys = fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__')

const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalars, typedArrays,
    fc.array(fc.double()), fc.array(fc.integer({ min: -200, max: 70_000 })),
    fc.array(tie('plain')), fc.dictionary(keys, tie('plain'), { noNullPrototype: true })),
}))

describe('encodeValue, decodeValue', () => {
  it('give back any plain data', () => {
    fc.assert(fc.property(plain, (value) => {
      assert.deepEqual(decodeValue(encodeValue(value)), value)
    }), { numRuns: 500, seed: 7 })
  })

  it('give back lists of numbers at the ends of every width', () => {
    const ends = [127, 128, -128, -129, 32767, 32768, -32768, -32769, 2 ** 31 - 1, 2 ** 31,
      -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 0.5, -0, NaN]
    for (const a of ends) {
      for (const b of ends) {
        assert.deepEqual(decodeValue(encodeValue([a, b, 0, 1, 2])), [a, b, 0, 1, 2])
      }
    }
  })

  it('give back bigints at the ends of every byte', () => {
    for (let bits = 1n; bits < 200n; bits++) {
      for (const value of [1n << bits, (1n << bits) - 1n, -(1n << bits), -(1n << bits) - 1n]) {
        assert.equal(decodeValue(encodeValue(value)), value)
      }
    }
  })

  it('store lists of small integers and doubles without a header each', () => {
    assert.ok(encodeValue(Array.from({ length: 1000 }, (_, i) => i % 100)).length < 1010)
    assert.ok(encodeValue(Array.from({ length: 1000 }, (_, i) => i / 3)).length < 8010)
  })

  it('read from any offset, into arrays of their own', () => {
    const value = {
      doubles: Float64Array.of(1, 2), words: Uint32Array.of(3), bytes: Uint8Array.of(4),
    }
    const encoded = encodeValue(value)
    for (let offset = 0; offset < 9; offset++) {
      const shifted = new Uint8Array(encoded.length + offset)
      shifted.set(encoded, offset)
      const decoded = decodeValue(shifted.subarray(offset)) as typeof value
      shifted.fill(0)
      assert.deepEqual(decoded, value)
    }
  })

  it('take Buffers and shared memory as bytes', () => {
    const shared = new Float64Array(new SharedArrayBuffer(16))
    shared.set([1.5, -2])
    assert.deepEqual(decodeValue(encodeValue([Buffer.from('abc'), shared])),
      [Uint8Array.of(97, 98, 99), Float64Array.of(1.5, -2)])
  })

  it('leave out members that are undefined', () => {
    assert.deepEqual(decodeValue(encodeValue({ a: undefined, b: 1 })), { b: 1 })
  })

  it('write equal values alike where keys are sorted', () => {
    const bytes = encodeValue({ b: 1, a: { d: 2, c: 3 } }, { sortsKeys: true })
    assert.deepEqual(bytes, encodeValue({ a: { c: 3, d: 2 }, b: 1 }, { sortsKeys: true }))
  })

  it('refuse to write what is no plain data', () => {
    class Point {}
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const value of [undefined, [undefined], () => 1, Symbol('x'), new Map(), new Set(),
      new Date(0), new Point(), new DataView(new ArrayBuffer(1)), cycle, 1n << 3000n, '\ud800',
      Array(2), JSON.parse('{"__proto__": 1}')]) {
      assert.throws(() => encodeValue(value), CoppiceError)
    }
  })

  it('refuse nesting beyond the limit, on both sides', () => {
    const nested = (depth: number): unknown => depth === 0 ? [] : [nested(depth - 1)]
    assert.deepEqual(decodeValue(encodeValue(nested(DEPTH_MAX - 1))), nested(DEPTH_MAX - 1))
    assert.throws(() => encodeValue(nested(DEPTH_MAX)), CoppiceError)
    const bytes = new Uint8Array(100_000).fill(0x91)
    assert.throws(() => decodeValue(bytes), ProtocolError)
  })
})

describe('decodeValue of hostile bytes', () => {
  const hostile: readonly [string, readonly number[]][] = [
    ['an empty message', []],
    ['half a character', [0xa3, 0xed, 0xa0, 0x80]],
    ['half a character as key', [0x81, 0xa3, 0xed, 0xa0, 0x80, 0x01]],
    ['a list of four thousand million', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a map of four thousand million', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ['a text of four thousand million', [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ['a map with a number as key', [0x81, 0x01, 0x01]],
    ['a map with the key __proto__', [0x81, 0xa9, ...Buffer.from('__proto__'), 0x80]],
    ['a byte that is reserved', [0xc1]],
    ['raw binary', [0xc4, 0x01, 0x00]],
    ['a 32-bit float', [0xca, 0, 0, 0, 0]],
    ['a timestamp', [0xd6, 0xff, 0, 0, 0, 0]],
    ['an unknown extension', [0xd4, 0x40, 0]],
    ['half a double in an array', [0xd6, 0x08, 0, 0, 0, 0]],
    ['numbers of no type', [0xc7, 0x00, 0x12]],
    ['numbers of an unknown type', [0xd5, 0x12, 0x20, 0]],
    ['half a number', [0xd6, 0x12, 0x04, 0, 0, 0]],
    ['a bigint without bytes', [0xc7, 0x00, 0x10]],
    ['a value and more', [0x01, 0x02]],
  ]
  for (const [what, bytes] of hostile) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeValue(Uint8Array.from(bytes)), ProtocolError)
    })
  }

  it('refuses more values than a message has, before it makes any', () => {
    // Lists of empty lists: a byte each, but many times that in memory.
    const bytes = new Uint8Array(5 + (1 << 25)).fill(0x90)
    bytes.set([0xdd, 0x02, 0, 0, 0])
    assert.throws(() => decodeValue(bytes), { name: 'ProtocolError', kind: 'limit' })
  })
})
