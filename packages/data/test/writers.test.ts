import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ColumnChunk, ColumnType, Format } from '../src/reader.js'
import { readerOf } from '../src/readers.js'
import { createTableWriter } from '../src/writers/create-writer.js'
import { concatChunks, sliceChunk, takeRows } from '../src/writers/writer.js'
import { bufferSource, defaultTextOptions, flatten, readColumns } from './reader-contract.js'
import { chunkOf, memorySink } from './table-files.js'

type Values = readonly (number | string | null)[]
interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly values: Values
}

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 6 })
// Texts that CSV reads as missing do not come back from it.
const word = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }).filter((text) => {
  const isMissing = defaultTextOptions.missingValues.includes(text.trim())
  return !isMissing && text.isWellFormed()
})
const cells: Record<'bool' | 'int' | 'float' | 'date' | 'string', fc.Arbitrary<number | string>> = {
  bool: fc.nat(1),
  int: fc.maxSafeInteger().map((value) => value + 0),
  float: fc.double({ noNaN: true }).map((value) => value + 0),
  date: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map(Number),
  string: word,
}
const tables = fc
  .integer({ min: 1, max: 40 })
  .chain((nRows) =>
    fc.tuple(
      ...Object.entries(cells).map(([type, cell]) =>
        fc
          .array(nullable(cell), { minLength: nRows, maxLength: nRows })
          .map((values): Column => ({ name: type, type: type as ColumnType, values })),
      ),
    ),
  )

async function write(format: Format, table: readonly Column[], cuts: readonly number[] = []) {
  const sink = memorySink()
  const nRows = table[0]!.values.length
  const writer = await createTableWriter(format, sink, table, nRows)
  const bounds = [0, ...cuts, nRows]
  for (let i = 0; i + 1 < bounds.length; i++) {
    await writer.write(
      table.map(({ type, values }) => chunkOf(type, values.slice(bounds[i], bounds[i + 1]))),
    )
  }
  await writer.finish()
  return sink.bytes()
}

async function read(format: Format, bytes: Uint8Array, types: (ColumnType | null)[]) {
  const reader = await readerOf(format)
  const source = bufferSource('written', bytes)
  const plan = await reader.plan(source, { ...defaultTextOptions, header: true })
  const how = { types, options: { ...defaultTextOptions, header: true } }
  return { plan, columns: await readColumns(reader, source, plan, how) }
}

describe('createTableWriter', function () {
  this.timeout(60_000)
  for (const format of ['parquet', 'arrow', 'csv', 'tsv'] as const) {
    it(`writes tables to ${format} that read back the same (seed 11)`, async () => {
      await fc.assert(
        fc.asyncProperty(tables, async (table) => {
          const types = table.map(({ type }) => (type === 'string' ? 'string' : null))
          const { columns, plan } = await read(format, await write(format, table), types)
          assert.deepEqual(
            plan.columns.map(({ name }) => name),
            table.map(({ name }) => name),
          )
          for (const [i, { values, type }] of table.entries()) {
            const isText = format === 'csv' || format === 'tsv'
            // Text readers trim nothing inside quotes, and quotes keep outer spaces.
            assert.deepEqual(flatten(columns[i]!), values, `${type}${isText ? ' as text' : ''}`)
          }
        }),
        { seed: 11, numRuns: 60 },
      )
    })
    it(`gives the same ${format} bytes however the rows arrive`, async () => {
      const [table] = fc.sample(tables, { seed: 12, numRuns: 1 })
      const nRows = table![0]!.values.length
      const whole = await write(format, table!)
      assert.deepEqual(await write(format, table!, [1, 1, nRows >> 1]), whole)
    })
    it(`writes ${format} without rows`, async () => {
      const table: Column[] = [{ name: 'x', type: 'float', values: [] }]
      const { plan } = await read(format, await write(format, table), [null])
      assert.equal(plan.nRows, 0)
      assert.deepEqual(
        plan.columns.map(({ name }) => name),
        ['x'],
      )
    })
  }

  it('writes .npy vectors and matrices', async () => {
    const x: Column = { name: 'x', type: 'float', values: [1.5, null, -2] }
    const k: Column = { name: 'k', type: 'int', values: [1, 2, 3] }
    for (const table of [[x], [x, k]]) {
      const { columns } = await read(
        'npy',
        await write('npy', table, [2]),
        table.map(() => null),
      )
      assert.deepEqual(
        columns.map(flatten),
        table.map(({ values }) => values),
      )
    }
    const text: Column = { name: 't', type: 'string', values: ['a'] }
    await assert.rejects(write('npy', [text]), { code: 'DATA', message: /'t' is text/ })
  })

  it('refuses formats that cannot be written', async () => {
    const x: Column = { name: 'x', type: 'float', values: [1] }
    await assert.rejects(write('libsvm', [x]), { code: 'DATA', message: /csv, tsv, parquet/ })
  })
})

describe('chunks', () => {
  const textOf = (chunk: ColumnChunk) => flatten({ chunks: [chunk] })
  const values = ['a', null, 'b', 'a', 'c']
  const chunk = chunkOf('string', values)
  it('are sliced, taken apart and put together', () => {
    assert.deepEqual(textOf(sliceChunk(chunk, 1, 3)), values.slice(1, 3))
    assert.deepEqual(textOf(takeRows(chunk, Int32Array.of(4, 0))), ['c', 'a'])
    const joined = concatChunks([sliceChunk(chunk, 2, 5), sliceChunk(chunk, 0, 2)])
    assert.deepEqual(textOf(joined), ['b', 'a', 'c', 'a', null])
    assert.deepEqual(joined.type === 'string' && joined.dictionary, ['b', 'a', 'c'])
    const numbers = chunkOf('int', [1, 2, null])
    assert.deepEqual(textOf(concatChunks([numbers, sliceChunk(numbers, 0, 1)])), [1, 2, null, 1])
    assert.deepEqual(textOf(takeRows(numbers, Int32Array.of(2, 1))), [null, 2])
  })
})
