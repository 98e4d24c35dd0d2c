import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { parquetReadObjects, type SchemaElement } from 'hyparquet'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { parquetReader } from '../../src/formats/parquet.js'
import { createParquetWriter } from '../../src/writers/parquet.js'
import {
  bufferSource,
  defaultTextOptions,
  flatten,
  readColumns,
  readerContract,
} from '../reader-contract.js'
import { writeTable } from '../table-files.js'

readerContract(
  'Parquet',
  (table) => writeTable(table, (sink, columns) => createParquetWriter(sink, columns, 64)),
  parquetReader,
  {
    types: ['bool', 'int', 'float', 'date', 'string'],
    missing: true,
    names: true,
    keepsTypes: true,
    detectsTruncation: true,
  },
)

describe('parquetReader', () => {
  const { DECIMAL, REQUIRED } = { DECIMAL: 'DECIMAL', REQUIRED: 'REQUIRED' } as const
  const cases: readonly {
    readonly what: string
    readonly element: Omit<SchemaElement, 'name'>
    readonly data: readonly unknown[]
    readonly type: string
    readonly expected: readonly (number | string | null)[]
  }[] = [
    {
      what: 'INT32',
      element: { type: 'INT32' },
      data: [1, -2147483648, 2147483647],
      type: 'int',
      expected: [1, -2147483648, 2147483647],
    },
    {
      what: 'UINT_32',
      element: { type: 'INT32', converted_type: 'UINT_32' },
      data: [0, 4294967295],
      type: 'int',
      expected: [0, 4294967295],
    },
    {
      what: 'INT64 up to 2^53 - 1',
      element: { type: 'INT64' },
      data: [-9007199254740991n, 9007199254740991n, -1n, 4294967296n],
      type: 'int',
      expected: [-9007199254740991, 9007199254740991, -1, 4294967296],
    },
    {
      what: 'optional INT64 with nulls',
      element: { type: 'INT64', repetition_type: 'OPTIONAL' },
      data: [null, 5n, null, 6n, null],
      type: 'int',
      expected: [null, 5, null, 6, null],
    },
    {
      what: 'FLOAT',
      element: { type: 'FLOAT' },
      data: [1.5, -0, NaN, Infinity],
      type: 'float',
      expected: [1.5, 0, null, Infinity],
    },
    {
      what: 'BOOLEAN',
      element: { type: 'BOOLEAN' },
      data: [true, false, true],
      type: 'bool',
      expected: [1, 0, 1],
    },
    {
      what: 'DECIMAL(9, 2) in INT32',
      element: { type: 'INT32', converted_type: DECIMAL, scale: 2, precision: 9 },
      data: [1.25, -3.1, 0],
      type: 'float',
      expected: [1.25, -3.1, 0],
    },
    {
      what: 'DECIMAL(18, 3) in INT64',
      element: { type: 'INT64', converted_type: DECIMAL, scale: 3, precision: 18 },
      data: [1.125, -1000.001],
      type: 'float',
      expected: [1.125, -1000.001],
    },
    {
      what: 'DECIMAL(30, 1) in FIXED_LEN_BYTE_ARRAY',
      element: {
        type: 'FIXED_LEN_BYTE_ARRAY',
        type_length: 13,
        converted_type: DECIMAL,
        scale: 1,
        precision: 30,
      },
      data: [12.5, -0.1],
      type: 'float',
      expected: [12.5, -0.1],
    },
    {
      what: 'DATE',
      element: { type: 'INT32', converted_type: 'DATE' },
      data: [new Date('2020-02-29'), new Date('1969-12-31')],
      type: 'date',
      expected: [Date.UTC(2020, 1, 29), -86400000],
    },
    {
      what: 'TIMESTAMP_MILLIS',
      element: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
      data: [new Date(1234567890123), new Date(-5)],
      type: 'date',
      expected: [1234567890123, -5],
    },
    {
      what: 'TIMESTAMP_MICROS, rounded down to milliseconds',
      element: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
      data: [1234567890123999n, -1n],
      type: 'date',
      expected: [1234567890123, -1],
    },
    {
      what: 'nanosecond timestamps, rounded down to milliseconds',
      element: {
        type: 'INT64',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' },
      },
      data: [1234567890123999999n, -1n],
      type: 'date',
      expected: [1234567890123, -1],
    },
    {
      what: 'FLOAT16',
      element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' } },
      data: [1.5, -0.25, 65504],
      type: 'float',
      expected: [1.5, -0.25, 65504],
    },
    {
      what: 'text of many bytes, with repetitions',
      element: { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      data: ['ä', null, '\ufeffx', 'ä', '', '😀'],
      type: 'string',
      expected: ['ä', null, '\ufeffx', 'ä', '', '😀'],
    },
    {
      what: 'UUID',
      element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } },
      data: ['00112233-4455-6677-8899-aabbccddeeff'],
      type: 'string',
      expected: ['00112233-4455-6677-8899-aabbccddeeff'],
    },
  ]
  for (const { what, element, data, type, expected } of cases) {
    it(`reads ${what}`, async () => {
      const schema = oneColumn({ repetition_type: REQUIRED, ...element })
      const [column] = await readAll(write([{ name: 'x', data: [...data] }], schema))
      assert.deepEqual(flatten(column!), expected)
      assert.equal(column!.chunks[0]!.type, type)
    })
  }

  const encodings: readonly (readonly [ColumnSource['encoding'], SchemaElement['type']])[] = [
    ['PLAIN', 'INT32'],
    ['RLE_DICTIONARY', 'INT32'],
    ['DELTA_BINARY_PACKED', 'INT32'],
    ['BYTE_STREAM_SPLIT', 'INT32'],
    ['PLAIN', 'INT64'],
    ['RLE_DICTIONARY', 'INT64'],
    ['DELTA_BINARY_PACKED', 'INT64'],
    ['BYTE_STREAM_SPLIT', 'DOUBLE'],
    ['RLE_DICTIONARY', 'DOUBLE'],
    ['RLE', 'BOOLEAN'],
    ['PLAIN', 'BYTE_ARRAY'],
    ['RLE_DICTIONARY', 'BYTE_ARRAY'],
    ['DELTA_BYTE_ARRAY', 'BYTE_ARRAY'],
    ['DELTA_LENGTH_BYTE_ARRAY', 'BYTE_ARRAY'],
  ]
  for (const [encoding, type] of encodings) {
    for (const isOptional of [false, true]) {
      const what = `${isOptional ? 'optional' : 'required'} ${type}`
      it(`reads ${what} encoded as ${encoding}`, async () => {
        const numbers = Array.from({ length: 3001 }, (_, i) => ((i * i) % 601) - (i % 7 ? 0 : 300))
        const values = numbers.map((n, i) => (isOptional && i % 5 === 2 ? null : n))
        const stored = values.map((n) => (n === null ? null : store(type, n)))
        const schema = oneColumn({
          type,
          repetition_type: isOptional ? 'OPTIONAL' : 'REQUIRED',
          ...(type === 'BYTE_ARRAY' ? { converted_type: 'UTF8' } : {}),
        })
        const column = { name: 'x', data: stored, encoding: encoding! }
        const [read] = await readAll(write([column], schema, { pageSize: 2000 }))
        const expected = values.map((n) => (n === null ? null : expectedValue(type, n)))
        assert.deepEqual(flatten(read!), expected)
      })
    }
  }

  for (const [codec, compress] of [
    ['SNAPPY', null],
    ['UNCOMPRESSED', null],
    ['GZIP', gzipSync],
    ['BROTLI', brotliCompressSync],
  ] as const) {
    it(`reads ${codec} pages`, async () => {
      const data = Array.from({ length: 5000 }, (_, i) => i % 97)
      const bytes = parquetWriteBuffer({
        columnData: [{ name: 'x', data, type: 'DOUBLE' }],
        codec,
        ...(compress === null
          ? {}
          : { compressors: { [codec]: (b: Uint8Array) => Uint8Array.from(compress(b)) } }),
      })
      const [column] = await readAll(bytes)
      assert.deepEqual(flatten(column!), data)
    })
  }

  it('refuses integers beyond 2^53, naming column and value, unless forced to float', async () => {
    const bytes = write(
      [{ name: 'id', data: [1n, 2n ** 53n + 1n] }],
      [
        { name: 'root', num_children: 1 },
        { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' },
      ],
    )
    await assert.rejects(readAll(bytes), {
      code: 'DATA',
      message: /column 'id' of the-file holds the integer 9007199254740993.*ignore/,
    })
    const source = bufferSource('the-file', new Uint8Array(bytes))
    const plan = await parquetReader.plan(source, defaultTextOptions)
    const [column] = await readColumns(parquetReader, source, plan, { types: ['float'] })
    assert.deepEqual(flatten(column!), [1, 2 ** 53])
  })

  it('refuses lists and structs only when they are wanted, naming the column', async () => {
    const schema: SchemaElement[] = [
      { name: 'root', num_children: 3 },
      { name: 'x', type: 'INT32', repetition_type: 'REQUIRED' },
      { name: 'tags', converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
      { name: 'element', type: 'INT32', repetition_type: 'OPTIONAL' },
      { name: 'pair', num_children: 1, repetition_type: 'REQUIRED' },
      { name: 'a', type: 'INT32', repetition_type: 'REQUIRED' },
    ]
    const bytes = write(
      [
        { name: 'x', data: [1, 2] },
        { name: 'tags', data: [[1], [2, 3]] },
        { name: 'pair', data: [{ a: 1 }, { a: 2 }] },
      ],
      schema,
    )
    const source = bufferSource('the-file', new Uint8Array(bytes))
    const plan = await parquetReader.plan(source, defaultTextOptions)
    assert.deepEqual(
      plan.columns.map(({ name }) => name),
      ['x', 'tags', 'pair'],
    )
    const [x] = await readColumns(parquetReader, source, plan, { columns: [0] })
    assert.deepEqual(flatten(x!), [1, 2])
    await assert.rejects(readColumns(parquetReader, source, plan, { columns: [1] }), {
      code: 'DATA',
      message: /column 'tags' of the-file is a list/,
    })
    await assert.rejects(readColumns(parquetReader, source, plan, { columns: [2] }), {
      code: 'DATA',
      message: /column 'pair' of the-file is a struct/,
    })
  })

  it('tells a truncated file from one that is not Parquet', async () => {
    const bytes = new Uint8Array(write([{ name: 'x', data: [1, 2, 3], type: 'INT32' }]))
    const cut = bufferSource('cut.parquet', bytes.subarray(0, bytes.length - 5))
    const plan = (source: typeof cut) => parquetReader.plan(source, defaultTextOptions)
    await assert.rejects(plan(cut), { code: 'DATA', message: /cut\.parquet.*truncated/ })
    const text = bufferSource('text.parquet', new TextEncoder().encode('a,b\n1,2\n3,4\n'))
    await assert.rejects(plan(text), { code: 'DATA', message: /text\.parquet.*not a Parquet file/ })
  })

  it('agrees with hyparquet on a file that Polars wrote', async () => {
    const main = createRequire(import.meta.url).resolve('vega-datasets')
    const folder = main.slice(0, main.lastIndexOf('vega-datasets') + 'vega-datasets'.length)
    const bytes = new Uint8Array(readFileSync(`${folder}/data/flights-3m.parquet`))
    const source = bufferSource('flights', bytes)
    const plan = await parquetReader.plan(source, defaultTextOptions)
    assert.equal(plan.nRows, 3_000_000)
    const unit = plan.units.at(-1)!
    const columns = plan.columns.map((_, i) => i)
    const types = columns.map(() => null)
    const read = await parquetReader.read(source, plan, unit, columns, types, defaultTextOptions)
    const { compressors } = await import('hyparquet-compressors')
    const nRows = 2000
    const expected = await parquetReadObjects({
      file: { byteLength: bytes.length, slice: (a, b) => bytes.slice(a, b).buffer },
      rowStart: unit.firstRow,
      rowEnd: unit.firstRow + nRows,
      compressors,
    })
    plan.columns.forEach(({ name }, i) => {
      const values = flatten({ chunks: [read[i]!] }).slice(0, nRows)
      assert.deepEqual(
        values,
        expected.map((row): unknown => {
          const value: unknown = row[name]
          return typeof value === 'string' ? value : Number(value)
        }),
      )
    })
  }).timeout(30_000)
})

function oneColumn(element: Omit<SchemaElement, 'name'>): SchemaElement[] {
  return [
    { name: 'root', num_children: 1 },
    { name: 'x', ...element },
  ]
}

function write(
  columnData: ColumnSource[],
  schema?: SchemaElement[],
  options: { pageSize?: number } = {},
): ArrayBuffer {
  return parquetWriteBuffer({
    columnData,
    ...(schema === undefined ? {} : { schema }),
    ...options,
  })
}

async function readAll(bytes: ArrayBuffer) {
  const source = bufferSource('the-file', new Uint8Array(bytes))
  const plan = await parquetReader.plan(source, defaultTextOptions)
  return readColumns(parquetReader, source, plan, {})
}

function store(type: SchemaElement['type'], n: number): number | bigint | boolean | string {
  if (type === 'INT64') return BigInt(n)
  if (type === 'BOOLEAN') return n % 2 === 0
  return type === 'BYTE_ARRAY' ? `text ${n}` : n
}

function expectedValue(type: SchemaElement['type'], n: number): number | string {
  if (type === 'BOOLEAN') return n % 2 === 0 ? 1 : 0
  return type === 'BYTE_ARRAY' ? `text ${n}` : n + 0
}
