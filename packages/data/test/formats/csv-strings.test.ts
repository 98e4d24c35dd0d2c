import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ByteDictionary } from './reference/csv-strings.js'

describe('ByteDictionary', () => {
  it('numbers distinct strings as a Map does, also while it grows', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 3 }), { maxLength: 300 })
    fc.assert(
      fc.property(words, (texts) => {
        const dictionary = new ByteDictionary()
        const expected = new Map<string, number>()
        for (const text of texts) {
          if (!expected.has(text)) expected.set(text, expected.size)
          const bytes = new TextEncoder().encode(`x${text}x`)
          assert.equal(dictionary.indexOf(bytes, 1, bytes.length - 1), expected.get(text))
        }
        assert.equal(dictionary.size, expected.size)
        assert.deepEqual(dictionary.decode(), [...expected.keys()])
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('names the first string that is not UTF-8', () => {
    const dictionary = new ByteDictionary()
    dictionary.indexOf(Uint8Array.of(97), 0, 1)
    dictionary.indexOf(Uint8Array.of(0xc3), 0, 1)
    assert.deepEqual(dictionary.decode(), { invalid: 1 })
  })
})
