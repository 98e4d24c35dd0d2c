import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseDate } from '../../src/formats/csv-date.js'

function parse(text: string): number | null {
  const bytes = new TextEncoder().encode(`1${text}1`)
  const out = Float64Array.of(-7)
  const isDate = parseDate(bytes, 1, bytes.length - 1, out, 0)
  if (!isDate) assert.equal(out[0], -7)
  return isDate ? out[0]! : null
}

describe('parseDate', () => {
  it('agrees with Date for every day of 0000 to 9999 that is a multiple of 11', () => {
    const first = Date.parse('0000-01-01T00:00:00Z')
    const last = Date.parse('9999-12-31T00:00:00Z')
    for (let time = first; time <= last; time += 11 * 86_400_000) {
      assert.equal(parse(new Date(time).toISOString().slice(0, 10)), time)
    }
  })

  it('agrees with Date for times, in every form', () => {
    const time = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 })
    fc.assert(
      fc.property(time, (ms) => {
        const iso = new Date(ms).toISOString()
        assert.equal(parse(iso), ms)
        assert.equal(parse(iso.replace('T', ' ').slice(0, -1)), ms)
        assert.equal(parse(`${iso.slice(0, 19)}Z`), Math.floor(ms / 1000) * 1000)
        assert.equal(parse(iso.slice(0, 16)), Math.floor(ms / 60_000) * 60_000)
        assert.equal(parse(`${iso.slice(0, -1)}+05:30`), ms - 19_800_000)
        assert.equal(parse(`${iso.slice(0, -1)}-00:45`), ms + 2_700_000)
        assert.equal(parse(`${iso.slice(0, -1)}999999`), ms)
      }),
      { seed: 1, numRuns: 2000 },
    )
  })

  it('accepts exactly the days that exist', () => {
    for (const year of [1900, 2000, 2023, 2024]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const two = (n: number) => String(n).padStart(2, '0')
          const date = new Date(Date.UTC(year, month - 1, day))
          const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
          const found = parse(`${year}-${two(month)}-${two(day)}`)
          assert.equal(found, exists ? date.getTime() : null)
        }
      }
    }
  })

  it('refuses everything else', () => {
    const texts = ['', '2020', '2020-1-01', '2020/01/01', '2020-01-01T', '2020-01-01T24:00']
    texts.push('2020-01-01T12', '2020-01-01T12:60', '2020-01-01T12:00:60', '2020-01-01T12:00:1')
    texts.push('2020-01-01T12:00:00.', '2020-01-01T12:00:00.1234567890', '2020-01-01T12:00ZZ')
    texts.push('2020-01-01x12:00', '2020-01-01T12:00+5', '2020-01-01Z', 'abcd-ef-gh', '20-2001-01')
    for (const text of texts) assert.equal(parse(text), null, text)
  })
})
