import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  decodeIndices, decodeIndicesSlowly, type IndexPage,
} from '../../src/formats/dictionary-indices.js'
import { DamagedPageError } from '../../src/formats/rle.js'

type Run = { readonly kind: 'packed' | 'repeated', readonly values: readonly number[] }

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]
}

function encodeRun({ kind, values }: Run, width: number): number[] {
  if (kind === 'repeated') {
    const bytes = Array.from({ length: (width + 7) >> 3 }, (_, k) => (values[0]! >> (8 * k)) & 255)
    return [...varint(2 * values.length), ...bytes]
  }
  const packed = new Array<number>(values.length / 8 * width).fill(0)
  for (const [i, value] of values.entries()) {
    for (let bit = 0; bit < width; bit++) {
      const at = i * width + bit
      packed[at >> 3]! |= ((value >>> bit) & 1) << (at & 7)
    }
  }
  return [...varint(values.length / 4 + 1), ...packed]
}

/** Pages of runs of both kinds, the last of which may hold more values than the page. */
const pages = fc.record({
  width: fc.integer({ min: 1, max: 26 }),
  runs: fc.array(fc.record({
    isPacked: fc.boolean(),
    length: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
  }), { minLength: 4, maxLength: 20 }),
  nCut: fc.nat(7),
  before: fc.nat(3),
}).map(({ width, runs, nCut, before }) => {
  const limit = Math.min(2 ** width, 1000)
  const all = runs.map(({ isPacked, length, seed }): Run => isPacked
    ? { kind: 'packed', values: Array.from({ length: 8 * length }, (_, i) =>
      (seed + i * i * 37) % limit) }
    : { kind: 'repeated', values: new Array<number>(8 * length).fill(seed % limit) })
  const values = all.flatMap((run) => run.values)
  const nValues = values.length - nCut
  const bytes = Uint8Array.from([
    ...new Array<number>(before).fill(0xa5), width, ...all.flatMap((run) => encodeRun(run, width)),
  ])
  return { page: { bytes, start: before, nValues }, values: values.slice(0, nValues), limit }
})

function outcome(page: IndexPage, nEntries: number, decode: typeof decodeIndices): unknown {
  const out = new Int32Array(page.nValues + 1).fill(-7)
  try {
    decode(page, nEntries, out)
    return [...out]
  } catch (error) {
    assert.ok(error instanceof DamagedPageError)
    return error.message
  }
}

describe('decodeIndices', () => {
  it('finds what was encoded, in runs of both kinds and of any width', () => {
    let nLong = 0
    fc.assert(fc.property(pages, ({ page, values, limit }) => {
      if (page.nValues >= 128) nLong++
      assert.deepEqual(outcome(page, limit, decodeIndices), [...values, -7])
      assert.deepEqual(outcome(page, limit, decodeIndicesSlowly), [...values, -7])
    }), { seed: 1, numRuns: 300 })
    assert.ok(nLong > 200, `${nLong} pages are long enough for the kernel`)
  })

  it('says of damaged pages, and of indices without an entry, what its twin says', () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), nLost: fc.nat(20) })
    let nDamaged = 0
    fc.assert(fc.property(pages, damage, ({ page, limit }, { at, byte, nLost }) => {
      const bytes = page.bytes.slice(0, Math.max(page.start, page.bytes.length - nLost))
      if (bytes.length > 0) bytes[at % bytes.length] = byte
      const damaged = { ...page, bytes }
      const expected = outcome(damaged, limit, decodeIndicesSlowly)
      if (typeof expected === 'string') nDamaged++
      assert.deepEqual(outcome(damaged, limit, decodeIndices), expected)
    }), { seed: 2, numRuns: 1500 })
    assert.ok(nDamaged > 300, `${nDamaged} are damaged`)
  })

  it('gives entries their codes once, in the order of their first rows', () => {
    fc.assert(fc.property(pages, fc.boolean(), ({ page, values, limit }, isLong) => {
      const given = isLong ? page : { ...page, nValues: Math.min(100, page.nValues) }
      const expected = values.slice(0, given.nValues)
      const codes = new Int32Array(limit).fill(-1)
      const known = expected[3]!
      codes[known] = 5
      const asked: number[] = []
      const out = new Int32Array(given.nValues)
      decodeIndices(given, limit, out, {
        codes, codeOf: (entry) => 10 + asked.push(entry),
      })
      assert.deepEqual(asked, [...new Set(expected)].filter((entry) => entry !== known))
      const codeOf = (entry: number) => entry === known ? 5 : 11 + asked.indexOf(entry)
      assert.deepEqual([...out], expected.map(codeOf))
      for (const entry of asked) assert.equal(codes[entry], codeOf(entry))
    }), { seed: 3, numRuns: 200 })
  })

  it('lets the next page be decoded where an entry cannot be coded', () => {
    const page = { bytes: Uint8Array.of(1, ...varint(2 * 200), 1), start: 0, nValues: 200 }
    const coded = {
      codes: new Int32Array(2).fill(-1),
      codeOf: (): number => {
        throw new DamagedPageError('no text')
      },
    }
    assert.throws(() => decodeIndices(page, 2, new Int32Array(200), coded), /no text/)
    const out = new Int32Array(200)
    decodeIndices(page, 2, out)
    assert.ok(out.every((index) => index === 1))
  })
})
