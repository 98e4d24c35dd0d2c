import assert from 'node:assert/strict'
import {
  Bool,
  type DataType,
  DateDay,
  DateMillisecond,
  Dictionary,
  Float16,
  Float32,
  Int32,
  Int64,
  Int8,
  LargeUtf8,
  List,
  Field,
  RecordBatchStreamWriter,
  Table,
  tableToIPC,
  TimestampMicrosecond,
  TimestampNanosecond,
  TimestampSecond,
  TimeSecond,
  Uint16,
  Uint64,
  Uint8,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { arrowReader } from '../../src/formats/arrow.js'
import { createArrowWriter } from '../../src/writers/arrow.js'
import {
  bufferSource,
  defaultTextOptions,
  flatten,
  readColumns,
  readerContract,
  type ContractTable,
} from '../reader-contract.js'
import { writeTable } from '../table-files.js'

const writeFile = (table: ContractTable) =>
  writeTable(table, (sink, columns) => createArrowWriter(sink, columns, 64))

const capabilities = {
  types: ['bool', 'int', 'float', 'date', 'string'],
  missing: true,
  names: true,
  keepsTypes: true,
} as const

readerContract('Arrow files', writeFile, arrowReader, { ...capabilities, detectsTruncation: true })
readerContract('Arrow streams', async (table) => toStream(await writeFile(table)), arrowReader, {
  ...capabilities,
  // The end mark of a stream may be missing, so a cut between batches is legal.
  detectsTruncation: false,
})

/** A file without its magic, footer and end is a stream. */
function toStream(file: Uint8Array): Uint8Array {
  const nFooter = new DataView(file.buffer, file.byteOffset).getInt32(file.length - 10, true)
  return file.slice(8, file.length - 10 - nFooter)
}

describe('arrowReader', () => {
  const cases: readonly (readonly [
    string,
    () => DataType,
    readonly unknown[],
    string,
    readonly (number | string | null)[],
  ])[] = [
    ['Int8', () => new Int8(), [-128, null, 127], 'int', [-128, null, 127]],
    ['Uint8', () => new Uint8(), [0, 255], 'int', [0, 255]],
    ['Uint16', () => new Uint16(), [65535, null], 'int', [65535, null]],
    ['Int32', () => new Int32(), [-2147483648, 5], 'int', [-2147483648, 5]],
    ['Int64', () => new Int64(), [-5n, null, 4294967297n], 'int', [-5, null, 4294967297]],
    ['Uint64', () => new Uint64(), [0n, 9007199254740991n], 'int', [0, 9007199254740991]],
    ['Float16', () => new Float16(), [1.5, null, -2], 'float', [1.5, null, -2]],
    ['Float32', () => new Float32(), [1.5, -0, NaN, Infinity], 'float', [1.5, 0, null, Infinity]],
    ['Bool', () => new Bool(), [true, null, false], 'bool', [1, null, 0]],
    ['DateDay', () => new DateDay(), [new Date('2020-02-29')], 'date', [Date.UTC(2020, 1, 29)]],
    ['DateMillisecond', () => new DateMillisecond(), [new Date(-5), null], 'date', [-5, null]],
    ['TimestampSecond', () => new TimestampSecond(), [1000, null], 'date', [1000, null]],
    ['TimestampMicrosecond', () => new TimestampMicrosecond(), [1234], 'date', [1234]],
    [
      'TimestampNanosecond',
      () => new TimestampNanosecond(),
      [1234567890123],
      'date',
      [1234567890123],
    ],
    ['TimeSecond', () => new TimeSecond(), [60], 'int', [60000]],
    ['Utf8', () => new Utf8(), ['ä', null, '', 'ä', '😀'], 'string', ['ä', null, '', 'ä', '😀']],
    ['LargeUtf8', () => new LargeUtf8(), ['b', null, 'a'], 'string', ['b', null, 'a']],
    [
      'Dictionary<Utf8, Int32>',
      () => new Dictionary(new Utf8(), new Int32()),
      ['red', 'blue', null, 'red', 'green'],
      'string',
      ['red', 'blue', null, 'red', 'green'],
    ],
    [
      'Dictionary<Int32, Int8>',
      () => new Dictionary(new Int32(), new Int8()),
      [70000, 5, null, 70000],
      'int',
      [70000, 5, null, 70000],
    ],
  ]
  for (const [what, makeType, values, type, expected] of cases) {
    for (const format of ['file', 'stream'] as const) {
      it(`reads ${what} from a ${format}`, async () => {
        const table = new Table({ x: vectorFromArray([...values], makeType()) })
        const [column] = await readAll(tableToIPC(table, format))
        assert.deepEqual(flatten(column!), expected)
        assert.equal(column!.chunks[0]!.type, type)
      })
    }
  }

  it('keeps apart nulls and zeros, which toArray() does not', async () => {
    const table = new Table({ x: vectorFromArray([1.5, null, 0], new Float32()) })
    const [column] = await readAll(tableToIPC(table, 'file'))
    assert.deepEqual(flatten(column!), [1.5, null, 0])
  })

  it('reads batches of a stream whose dictionary grows', async () => {
    const type = new Dictionary(new Utf8(), new Int32(), 7)
    const writer = new RecordBatchStreamWriter()
    const texts = [['a', 'b'], ['b', 'c', 'a'], ['d']]
    for (const part of texts) {
      for (const batch of new Table({ x: vectorFromArray(part, type) }).batches) writer.write(batch)
    }
    writer.finish()
    const [column] = await readAll(await writer.toUint8Array())
    assert.deepEqual(flatten(column!), texts.flat())
  })

  it('refuses integers beyond 2^53, naming column and value, unless forced to float', async () => {
    const table = new Table({ id: vectorFromArray([1n, 2n ** 53n + 1n], new Int64()) })
    const bytes = tableToIPC(table, 'file')
    await assert.rejects(readAll(bytes), {
      code: 'DATA',
      message: /column 'id' of the-file holds the integer 9007199254740993/,
    })
    const source = bufferSource('the-file', bytes)
    const plan = await arrowReader.plan(source, defaultTextOptions)
    const [column] = await readColumns(arrowReader, source, plan, { types: ['float'] })
    assert.deepEqual(flatten(column!), [1, 2 ** 53])
  })

  it('refuses lists when they are wanted, naming the column', async () => {
    const type = new List(new Field('item', new Int32()))
    const table = new Table({
      x: vectorFromArray([1, 2], new Int32()),
      tags: vectorFromArray([[1], [2, 3]], type),
    })
    const source = bufferSource('the-file', tableToIPC(table, 'file'))
    const plan = await arrowReader.plan(source, defaultTextOptions)
    const [x] = await readColumns(arrowReader, source, plan, { columns: [0] })
    assert.deepEqual(flatten(x!), [1, 2])
    await assert.rejects(readColumns(arrowReader, source, plan, { columns: [1] }), {
      code: 'DATA',
      message: /column 'tags' of the-file is .*List/,
    })
  })
})

async function readAll(bytes: Uint8Array) {
  const source = bufferSource('the-file', bytes)
  const plan = await arrowReader.plan(source, defaultTextOptions)
  return readColumns(arrowReader, source, plan, {})
}
