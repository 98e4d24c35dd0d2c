import assert from 'node:assert/strict'
import { compareUtf8, describe as describeValue, describeList } from '../src/text.js'

/** Units around every border: ASCII, two bytes, surrogates, U+E000, U+FFFF, two planes. */
const units = ['a', 'b', '\u00e9', '\ue000', '\uffff', '\u{10000}', '\u{1f600}', '\u{1f601}']

function words(maxLength: number): string[] {
  let all = ['']
  for (let length = 0; length < maxLength; length++) {
    all = [...new Set([...all, ...all.flatMap((word) => units.map((unit) => word + unit))])]
  }
  return all
}

describe('compareUtf8', () => {
  it('orders as Buffer.compare does, for all pairs of short strings', () => {
    const all = words(2)
    for (const a of all) {
      for (const b of all) {
        const wanted = Buffer.compare(Buffer.from(a), Buffer.from(b))
        assert.equal(Math.sign(compareUtf8(a, b)), wanted, JSON.stringify([a, b]))
      }
    }
  })

  it('is a total order over lone surrogates too', () => {
    const parts = ['', 'a', '\ud800', '\ud83d', '\udc00', '\udfff', '\uffff']
    const all = parts.flatMap((x) => parts.flatMap((y) => parts.map((z) => x + y + z)))
    const distinct = [...new Set(all)]
    const codePoints = (text: string) => [...text].map((c) => c.codePointAt(0)!)
    for (const a of distinct) {
      for (const b of distinct) {
        const x = codePoints(a)
        const y = codePoints(b)
        let i = 0
        while (i < x.length && i < y.length && x[i] === y[i]) i++
        const wanted = Math.sign((x[i] ?? -1) - (y[i] ?? -1))
        assert.equal(Math.sign(compareUtf8(a, b)), wanted, JSON.stringify([a, b]))
      }
    }
  })
})

describe('describe', () => {
  it('is short and on one line', () => {
    assert.equal(describeValue('a\nb'), '"a\\nb"')
    assert.equal(describeValue('x'.repeat(100)).length, 62)
    assert.equal(describeValue([1, 2]), 'an array of 2')
    assert.equal(describeValue({}), 'an object')
    assert.equal(describeValue(null), 'null')
    assert.equal(describeValue(-0), '-0')
    assert.equal(describeValue(undefined), 'undefined')
    assert.equal(describeValue(3n), 'the bigint 3')
    assert.equal(describeList([1, 'a', null], 2), '1, "a" and 1 more')
  })
})
