import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ColumnType, TextOptions } from '../../src/reader.js'
import { createCsvReader, csvReader, tsvReader } from '../../src/formats/csv.js'
import {
  bufferSource,
  defaultTextOptions,
  flatten,
  readColumns,
  readerContract,
  type Capabilities,
  type ContractTable,
} from '../reader-contract.js'

const capabilities: Capabilities = {
  types: ['float', 'int', 'string', 'bool', 'date'],
  missing: true,
  names: true,
  keepsTypes: true,
  detectsTruncation: false,
}

for (const [format, separator] of [['csv', ','], ['tsv', '\t']] as const) {
  for (const unitBytes of [1, 300]) {
    const makeFile = (table: ContractTable) => Promise.resolve(encode(toText(table, separator)))
    const name = `${format} in units of ${unitBytes} bytes`
    readerContract(name, makeFile, createCsvReader(format, unitBytes), capabilities)
  }
}

describe('csvReader', () => {
  it('agrees with splitting at commas and lines, for any unit size', async () => {
    const word = fc.stringMatching(/^[a-z0-9 .;:é-]{0,6}$/)
    const rows = fc.integer({ min: 1, max: 5 }).chain((nColumns) =>
      fc.array(fc.array(word, { minLength: nColumns, maxLength: nColumns }), { maxLength: 20 }),
    )
    const ends = fc.constantFrom('\n', '\r\n', '\r')
    await fc.assert(
      fc.asyncProperty(rows, ends, fc.boolean(), fc.nat(40), async (table, end, isEnded, size) => {
        const lines = table.map((fields) => fields.join(','))
        const text = lines.join(end) + (isEnded && lines.length > 0 ? end : '')
        const expected = lines.filter((line) => line.trim() !== '').map((line) => line.split(','))
        const found = await readText(text, { unitBytes: size + 1, header: false })
        assert.deepEqual(found, expected.map((row) => row.map((field) => textOrNull(field.trim()))))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('agrees with a small reference for quoted fields, for any unit size', async () => {
    const piece = fc.constantFrom('a', '"', ',', '\n', '\r', '\r\n', ' ', 'é', '1', 'NA', '')
    const field = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''))
    const rows = fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { maxLength: 12 })
    const marks = fc.constantFrom('', '\ufeff')
    await fc.assert(
      fc.asyncProperty(rows, fc.nat(60), marks, async (table, size, mark) => {
        const text = table.map((row) => row.map(quote).join(',')).join('\n')
        const found = await readText(mark + text, { unitBytes: size + 1, header: false })
        assert.deepEqual(found, referenceParse(text))
        assert.deepEqual(found, table.map((row) => row.map(textOrNull)))
      }),
      { seed: 2, numRuns: 300 },
    )
  })

  it('takes the first line for a header only if no field of it is a number', async () => {
    const names = async (text: string, header: TextOptions['header'] = 'auto') => {
      const plan = await csvReader.plan(sourceOf(text), { ...defaultTextOptions, header })
      return [plan.columns.map(({ name }) => name), plan.nRows]
    }
    assert.deepEqual(await names('a, "b,c" ,\n1,2,3\n'), [['a', 'b,c', 'Column_2'], 1])
    assert.deepEqual(await names('a,2\n1,2\n'), [['Column_0', 'Column_1'], 2])
    assert.deepEqual(await names('a,nan\n1,2\n'), [['Column_0', 'Column_1'], 2])
    assert.deepEqual(await names('2019,2020\n1,2\n', true), [['2019', '2020'], 1])
    assert.deepEqual(await names('a,b\nc,d\n', false), [['Column_0', 'Column_1'], 2])
    assert.deepEqual(await names('\n\r\n  \na,b\n\n1,2\n\n'), [['a', 'b'], 1])
    assert.deepEqual(await names('a,b'), [['a', 'b'], 0])
    assert.deepEqual(await names(''), [[], 0])
    assert.deepEqual(await names('\ufeff'), [[], 0])
  })

  it('refuses integers that a double cannot hold, unless they are forced to a type', async () => {
    const message = /^t\.csv, line 3: column 'a' holds the integer -9007199254740993, .*'float'/
    const text = 'a\n1\n-9007199254740993\n9007199254740993\n'
    await assert.rejects(readFirst(text), { code: 'DATA', message })
    const plan = await csvReader.plan(sourceOf(text), defaultTextOptions)
    for (const [type, cells] of [
      ['float', [1, -(2 ** 53), 2 ** 53]],
      ['string', ['1', '-9007199254740993', '9007199254740993']],
    ] as const) {
      const [column] = await readColumns(csvReader, sourceOf(text), plan, { types: [type] })
      assert.deepEqual(flatten(column!), cells)
    }
  })

  it('infers the narrowest type of a unit', async () => {
    const cases: readonly (readonly [string, ColumnType, readonly unknown[]])[] = [
      ['NA,,?', 'empty', [null, null, null]],
      ['true,False,NA', 'bool', [1, 0, null]],
      ['true,2', 'int', [1, 2]],
      [' 7 ,-0,"9"', 'int', [7, 0, 9]],
      ['1,2.5,1e3', 'float', [1, 2.5, 1000]],
      ['9007199254740991,9007199254740993.0,1e300', 'float', [2 ** 53 - 1, 2 ** 53, 1e300]],
      ['-inf,Infinity,NAN', 'float', [-Infinity, Infinity, null]],
      ['2020-02-29,1970-01-01T00:00:01Z', 'date', [Date.UTC(2020, 1, 29), 1000]],
      ['1,x,NA,2', 'string', ['1', 'x', null, '2']],
      ['2020-01-01,5,x', 'string', ['2020-01-01', '5', 'x']],
      ['"NA"," ",x', 'string', [null, null, 'x']],
      ['" x ",x,"x"', 'string', [' x ', 'x', 'x']],
      ['0x10,1_0,.', 'string', ['0x10', '1_0', '.']],
    ]
    for (const [row, type, values] of cases) {
      const text = ['h', ...row.split(',')].join(',k\n') + ',k\n'
      const [column] = await readFirst(text)
      assert.equal(column!.chunks[0]!.type, type, row)
      assert.deepEqual(flatten(column!), values, row)
    }
  })

  it('reads a column again as text when a string turns up late', async () => {
    const lines = Array.from({ length: 60_000 }, (_, row) => `${row},${row % 7}`)
    lines[50_000] = 'late,x'
    const [first, second] = await readFirst(`a,b\n${lines.join('\n')}`, 2)
    assert.deepEqual(flatten(first!), lines.map((line) => line.split(',')[0]))
    assert.deepEqual(flatten(second!), lines.map((line) => line.split(',')[1]))
  })

  it('skips columns behind the last wanted one, quoted or not', async () => {
    const tail = (mark: string) => Array.from({ length: 20 }, (_, i) => `${mark}${i}`).join(',')
    for (const mark of ['', 'x', '"\n,']) {
      const row = (key: number) => `${key},${tail(mark).replaceAll(/"\n,\d+/g, '"\n,""9"')}`
      const text = [0, 1, 2, 3].map(row).join('\n')
      const plan = await csvReader.plan(sourceOf(text), { ...defaultTextOptions, header: false })
      assert.equal(plan.nRows, 4)
      const [keys] = await readColumns(csvReader, sourceOf(text), plan, { columns: [0] })
      assert.deepEqual(flatten(keys!), [0, 1, 2, 3])
    }
  })

  it('compares numbers with markers that are numbers', async () => {
    const options = { ...defaultTextOptions, missingValues: ['-999', '', 'x'] }
    const [column] = await readFirst('a,b\n-999,1\n3,1\nx,1\n-999.0,1\n,1\n', 1, options)
    assert.equal(column!.chunks[0]!.type, 'float')
    assert.deepEqual(flatten(column!), [null, 3, null, -999, null])
  })

  it('names file, line, column and value in its errors', async () => {
    await rejects('a,b\n1,2\n\n"x\ny",3\n4\n', /^t\.csv, line 6: 1 field where .* has 2; /)
    await rejects('a,b\n1,2\n1,2,3\n', /^t\.csv, line 3: 3 fields where .* has 2; .*quotes/)
    await rejects('a,b\n1,"2\n3,4\n', /^t\.csv, line 2: .*never closed/)
    await rejects('a,b\n1,"2"x\n', /^t\.csv, line 2: text follows the closing double quote/)
    await rejects('a,b,a\n1,2,3\n', /^t\.csv, line 1: columns 1 and 3 are both named 'a'/)
    await rejects('a,b\n1,x\n2,y\n', /^t\.csv, line 2: column 'b': 'x' is not a number;.*miss/, [
      null,
      'float',
    ])
    await rejects('a,b\n1,2\n2,"\n1.5"\n', /^t\.csv, line 3: column 'b': .* is not an integer/, [
      null,
      'int',
    ])
    await rejects('a\n2020-01-01\n\n5\n', /^t\.csv, line 4: column 'a' mixes dates \('2020-01-01'/)
    // of several, the first by row, then by column, whatever their kinds
    const types = [null, 'float', 'int', 'date', null] as const
    const header = 'a,b,c,d,e\n'
    await rejects(`${header}1,1,1,2020-01-01,1\n1,x,1,y,1\n1,2,1.5,z,1\n`,
      /^t\.csv, line 3: column 'b': 'x'/, types)
    await rejects(`${header}1,1,1,w,1\n1,x,1,y,1\n`, /^t\.csv, line 2: column 'd': 'w'/, types)
    const far = '1,2,3,2020-01-01,1\n'.repeat(3000)
    await rejects(`${header}${far}1,2,2.5,2020-01-01,1\n1,x,1,2020-01-01,1\n`,
      /^t\.csv, line 3002: column 'c'/, types)
    const mixed = encode(`${header}${far}1,2,3,2020-01-01,Z`)
    await rejects(Uint8Array.of(...mixed, 0xfc, ...encode('\n1,x,1,2020-01-01,1\n')),
      /^t\.csv, line 3002: .*column 'e' is not valid UTF-8/, [...types.slice(0, 4), 'string'])
    const latin1 = Uint8Array.of(...encode('a,b\n1,x\n2,Z'), 0xfc, ...encode('rich\n'))
    await rejects(latin1, /^t\.csv, line 3: .*column 'b' is not valid UTF-8/)
    await rejects(Uint8Array.of(0xff, 0xfe, 97, 0), /UTF-16/)
  })

  it('gives up on a quote that is not closed within 64 MB', async () => {
    const byteLength = 80 * 1024 * 1024
    const slice = (start: number, end: number) => {
      const bytes = new Uint8Array(end - start).fill(97)
      bytes.set(encode('a,b\n1,"').subarray(start))
      return Promise.resolve(bytes)
    }
    await assert.rejects(csvReader.plan({ name: 't.csv', byteLength, slice }, defaultTextOptions), {
      code: 'DATA',
      message: /^t\.csv, line 2: this record is longer than 67108864 bytes; .* never closed/,
    })
  }).timeout(20_000)

  it('keeps line numbers across units', async () => {
    const lines = Array.from({ length: 100 }, (_, row) => `${row},1`)
    lines[77] = 'oops,1'
    const source = sourceOf(`a,b\n${lines.join('\r\n')}\r\n`)
    const reader = createCsvReader('csv', 50)
    const plan = await reader.plan(source, defaultTextOptions)
    assert.ok(plan.units.length > 5)
    await assert.rejects(readColumns(reader, source, plan, { types: ['int', 'int'] }), {
      message: /^t\.csv, line 79: column 'a': 'oops' is not an integer/,
    })
  })
})

describe('columns without names', () => {
  const namesOf = async (text: string, label: number, unlessColumns: number | null) => {
    const options = { ...defaultTextOptions, unnamed: { label, unlessColumns } }
    const plan = await tsvReader.plan(sourceOf(text), options)
    return plan.columns.map(({ name }) => name)
  }

  it('are numbered without the label, as LightGBM does', async () => {
    assert.deepEqual(await namesOf('1\t2\t3\n', 0, null), ['label', 'Column_0', 'Column_1'])
    assert.deepEqual(await namesOf('1\t2\t3\n', 1, null), ['Column_0', 'label', 'Column_1'])
    assert.deepEqual(await namesOf('1\t2\t3\n', 9, null), ['Column_0', 'Column_1', 'Column_2'])
  })

  it('have no label where they are as many as the features', async () => {
    assert.deepEqual(await namesOf('1\t2\n', 0, 2), ['Column_0', 'Column_1'])
    assert.deepEqual(await namesOf('1\t2\n', 0, 3), ['label', 'Column_0'])
  })

  it('leave names alone', async () => {
    assert.deepEqual(await namesOf('a\tb\n1\t2\n', 0, null), ['a', 'b'])
  })
})

describe('tsvReader', () => {
  it('separates at tabs and trims spaces', async () => {
    const source = sourceOf('a\tb c\t d,e\n 1 \t\tx \n')
    const plan = await tsvReader.plan(source, defaultTextOptions)
    assert.deepEqual(plan.columns.map(({ name }) => name), ['a', 'b c', 'd,e'])
    const read = await readColumns(tsvReader, source, plan, {})
    assert.deepEqual(read.map(flatten), [[1], [null], ['x']])
  })
})

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function sourceOf(text: string | Uint8Array) {
  return bufferSource('t.csv', typeof text === 'string' ? encode(text) : text)
}

function textOrNull(text: string): string | null {
  return defaultTextOptions.missingValues.includes(text.replace(/^[ \t]+|[ \t]+$/g, ''))
    ? null
    : text
}

/** All fields as text, by row. */
async function readText(
  text: string,
  how: { readonly unitBytes: number; readonly header: boolean },
): Promise<(string | null)[][]> {
  const options = { ...defaultTextOptions, header: how.header }
  const reader = createCsvReader('csv', how.unitBytes)
  const plan = await reader.plan(sourceOf(text), options)
  const types = plan.columns.map(() => 'string' as const)
  const read = await readColumns(reader, sourceOf(text), plan, { types, options })
  const columns = read.map((column) => flatten(column) as (string | null)[])
  return Array.from({ length: plan.nRows }, (_, row) => columns.map((column) => column[row]!))
}

/** The first columns of a text with a header. */
async function readFirst(text: string, nColumns = 1, options = defaultTextOptions) {
  const withHeader = { ...options, header: true }
  const plan = await csvReader.plan(sourceOf(text), withHeader)
  const columns = Array.from({ length: nColumns }, (_, column) => column)
  return readColumns(csvReader, sourceOf(text), plan, { columns, options: withHeader })
}

async function rejects(
  text: string | Uint8Array,
  message: RegExp,
  types?: readonly (ColumnType | null)[],
): Promise<void> {
  const source = sourceOf(text)
  const run = async () => {
    const plan = await csvReader.plan(source, { ...defaultTextOptions, header: true })
    await readColumns(csvReader, source, plan, types === undefined ? {} : { types })
  }
  await assert.rejects(run(), { name: 'CoppiceError', code: 'DATA', message })
}

/** Character by character, with one state: in quotes or not. */
function referenceParse(text: string): (string | null)[][] {
  const rows: string[][] = [[]]
  let field = ''
  let inQuotes = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (inQuotes) {
      if (char !== '"') field += char
      else if (text[i + 1] === '"') field += text[i++]!
      else inQuotes = false
    } else if (char === '"') {
      inQuotes = true
    } else if (char === ',' || char === '\n') {
      rows.at(-1)!.push(field)
      field = ''
      if (char === '\n') rows.push([])
    } else {
      field += char
    }
  }
  if (text !== '') rows.at(-1)!.push(field)
  return rows.filter((row) => row.length > 0).map((row) => row.map(textOrNull))
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

/** The contract's table as text. */
function toText({ columns, nRows }: ContractTable, separator: string): string {
  const lines = [columns.map(({ name }) => name).join(separator)]
  for (let row = 0; row < nRows; row++) {
    const fields = columns.map(({ type, values }, column) => {
      const value = values[row]!
      if (value === null) return ['', 'NA', '""', ' NaN '][(row + column) % 4]!
      if (type === 'bool') return value === 1 ? 'true' : 'false'
      if (type === 'date') return new Date(value).toISOString()
      if (type === 'string') return /^[\w-]+$/.test(String(value)) ? value : quote(String(value))
      return Object.is(value, -0) ? '-0' : String(value)
    })
    lines.push(fields.join(separator))
  }
  return lines.join('\n')
}
