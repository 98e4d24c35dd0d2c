import assert from 'node:assert/strict'
import fc from 'fast-check'
import { missingMarkers, type MissingMarkers } from '../../src/formats/csv-bytes.js'
import { decodeColumns, type ColumnRequest } from '../../src/formats/csv-columns.js'
import { withLineEnd } from '../../src/formats/csv-fields.js'
import { scanRecords, scanWindow } from '../../src/formats/csv-records.js'
import type { ColumnChunk, ColumnType } from '../../src/reader.js'
import { defaultTextOptions } from '../../src/readers.js'
import { decodeColumns as decodeSlowly } from './reference/csv-columns.js'

const COMMA = 44
const TAB = 9
const encode = (text: string) => new TextEncoder().encode(text)

/** Fields of all kinds, and some that are nearly of one. */
const field = fc.oneof(
  fc.constantFrom(
    '', 'NA', 'nan', ' NaN ', '"NA"', '"NA    "', '"     NA"', '?', '-', '+', '.', '-.', '1.',
    '.5', '-0', '+0.0', '1e5', '-1E-7', '1e400', '5e-324', 'inf', '-Infinity',
    '9007199254740991', '9007199254740993', '1.2.3', '123456789012345678901234567890',
    '0.00000000000000000000012345678901234567', '1e', '1e+', '0x1', '9007199254740993.5',
    'true', 'False', ' TRUE', '"false"', 'tru', '2020-02-29', '"2020-01-01"', '2020-13-01', 'x',
    'é', '"a ""b"" c"', '"line\nend"', '"cr\r\nlf"', '" 7 "', '"""', ' "q"  ',
    'a text of many letters', 'a text of more letters', 'unquoted "quotes"', '  spaces  ',
  ),
  fc.integer({ min: -1000, max: 1000 }).map(String),
  fc.double({ noNaN: true }).map(String),
  fc.double({ min: -100, max: 100, noNaN: true }).map((value) => value.toFixed(4)),
)
const lineEnd = fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\n \n')
const markers = fc.constantFrom<readonly string[]>(
  defaultTextOptions.missingValues, ['-999', ''], ['x'], ['a"b', 'a marker of many bytes', 'true'],
)
const type = fc.constantFrom<ColumnType | null>(
  null, null, null, 'string', 'float', 'int', 'bool', 'date', 'empty',
)

/** What a function gives, or the message of its error. */
function outcome<T>(work: () => T): T | string {
  try {
    return work()
  } catch (error) {
    return (error as Error).message
  }
}

describe('the kernels of text', () => {
  it('decode any table as the reference does, errors included', () => {
    const table = fc.integer({ min: 1, max: 4 }).chain((nColumns) => fc.record({
      rows: fc.array(fc.array(field, { minLength: nColumns, maxLength: nColumns }), {
        maxLength: 12,
      }),
      types: fc.array(type, { minLength: nColumns, maxLength: nColumns }),
      wanted: fc.uniqueArray(fc.nat(nColumns - 1), { minLength: 1 }),
    }))
    let nGood = 0
    fc.assert(
      fc.property(table, lineEnd, markers, fc.boolean(), (given, end, missingValues, isTsv) => {
        const separator = isTsv ? TAB : COMMA
        const rows = given.rows.filter((row) => row.length > 1 || row[0]!.trim() !== '')
        const lines = rows.map((row) => row.join(String.fromCharCode(separator)))
        const bytes = withLineEnd(encode(lines.join(end)))
        const nColumns = given.types.length
        const scan = outcome(() => scanOf(bytes, separator, nColumns))
        if (typeof scan === 'string' || bytes.length === 0) return
        const text = {
          name: 't', bytes, firstLine: 3, separator, nColumns, nRows: scan.nRows, isPlain: false,
        }
        const requests = given.wanted.map((column): ColumnRequest => (
          { name: `c${column}`, column, type: given.types[column]! }))
        const missing = missingMarkers({ ...defaultTextOptions, missingValues })
        const found = outcome(() => decodeColumns(text, requests, missing))
        assert.deepEqual(found, outcome(() => decodeSlowly(text, requests, missing)))
        if (typeof found !== 'string') nGood++
      }),
      { seed: 1, numRuns: 2500 },
    )
    assert.ok(nGood > 500)
  })

  it('count records as the twin does, good and bad, complete and not', () => {
    const piece = fc.constantFrom(
      'a', '1', ',', ',', '\n', '\n', '\r\n', '\r', '"', '"x"', '"a\nb"', ' ', '\t', 'é',
      'some sixty bytes without any structure, but for one comma......', '"",""', ',"x" ,',
    )
    let nErrors = 0
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
    const rows = fc.array(fc.constantFrom('1,2,3', '"a,\n",b,', ',,', 'x , "y" ,z', '', ' '), {
      maxLength: 60,
    })
    const table = fc.tuple(rows, lineEnd).map(([lines, end]) => lines.join(end))
    fc.assert(
      fc.property(fc.oneof(text, table), fc.boolean(), fc.integer({ min: 1, max: 3 }), fc.boolean(),
        (content, isLast, nColumns, isTsv) => {
          const window = { name: 't', bytes: encode(content), firstLine: 5, isLast }
          const separator = isTsv ? TAB : COMMA
          const expected = outcome(() =>
            scanRecords(window, { separator, nColumns, nRowsMax: Infinity }))
          const found = outcome(() => scanWindow(window, { separator, nColumns }))
          assert.deepEqual(found, expected)
          if (typeof expected === 'string') nErrors++
        }),
      { seed: 2, numRuns: 6000 },
    )
    assert.ok(nErrors > 1000)
  })

  it('parse numbers of any length as Number does', () => {
    const digits = (maxLength: number) =>
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength }).map((d) => d.join(''))
    const exponent = fc.oneof(
      fc.constant(''), fc.constant(''), fc.integer({ min: -330, max: 330 }).map((e) => `e${e}`),
    )
    const number = fc.oneof(
      fc.tuple(fc.constantFrom('', '-', '+'), digits(22), fc.constantFrom('', '.'), digits(22),
        exponent).map((parts) => parts.join('')),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.double({ min: -1, max: 1, noNaN: true }).map(String),
      // Halfway between two doubles, and beside it.
      fc.tuple(fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n }), fc.integer({ min: -1, max: 1 }))
        .map(([m, step]) => `${(2n * m + 1n) * 500n + BigInt(step)}e-3`),
    )
    fc.assert(
      fc.property(fc.array(number, { minLength: 1000, maxLength: 1000 }), (texts) => {
        const [chunk] = decode(texts.join('\n'), texts.length, ['float'])
        texts.forEach((text, row) => {
          const value = (chunk as { values: Float64Array }).values[row]!
          assert.ok(Object.is(value, Number(text) + 0), `${text}: ${value}`)
        })
      }),
      { seed: 3, numRuns: 50 },
    )
  })

  it('give texts their codes in order, however many and long they are', () => {
    const texts = Array.from({ length: 30_000 }, (_, i) =>
      i % 3 === 0 ? 'x'.repeat(i % 40) + `${i % 1000}` : `${(i * 7919) % 20_011}`)
    const long = `"${'ab\n'.repeat(100_000)}${'""'.repeat(60_000)}"`
    texts[20_000] = long
    texts[25_000] = long
    const [chunk] = decode(texts.join('\n'), texts.length, ['string'])
    assert.ok(chunk!.type === 'string')
    const { codes, dictionary } = chunk
    texts[20_000] = texts[25_000] = 'ab\n'.repeat(100_000) + '"'.repeat(60_000)
    assert.deepEqual(dictionary, [...new Set(texts)])
    assert.deepEqual(Array.from(codes, (code) => dictionary[code]!), texts)
  })

  it('count records that are longer than a piece of text', () => {
    const line = `"${'a,\r\n'.repeat(80_000)}",1\n`
    const bytes = encode('x,2\n' + line + 'y,3\n' + line)
    const window = { name: 't', bytes, firstLine: 1, isLast: false }
    const scan = scanWindow(window, { separator: COMMA, nColumns: 2 })
    assert.deepEqual(scan, { end: bytes.length, nRows: 4, nLines: 160_004, nColumns: 2 })
  })
})

function scanOf(bytes: Uint8Array, separator: number, nColumns: number) {
  const window = { name: 't', bytes, firstLine: 1, isLast: true }
  return scanRecords(window, { separator, nColumns, nRowsMax: Infinity })
}

function decode(
  content: string, nRows: number, types: readonly (ColumnType | null)[],
  missing: MissingMarkers = missingMarkers(defaultTextOptions),
): ColumnChunk[] {
  const text = {
    name: 't', bytes: withLineEnd(encode(content)), firstLine: 1, separator: COMMA,
    nColumns: types.length, nRows,
  }
  return decodeColumns(
    text, types.map((kind, column) => ({ name: `c${column}`, column, type: kind })), missing)
}
