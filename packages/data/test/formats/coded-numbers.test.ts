import assert from 'node:assert/strict'
import { parquetMetadata, type SchemaElement } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import fc from 'fast-check'
import { occurringNumbers } from '../../src/formats/coded-numbers.js'
import { parquetReader } from '../../src/formats/parquet.js'
import { decodeColumnChunk } from '../../src/formats/parquet-pages.js'
import { describeColumn } from '../../src/formats/parquet-schema.js'
import { withValues } from '../../src/formats/stored-columns.js'
import type { ColumnType } from '../../src/reader.js'
import { ownArrays } from '../../src/row-arrays.js'
import { bufferSource, defaultTextOptions } from '../reader-contract.js'

const nRows = 1000
/** Few distinct values, some missing, NaN and -0 among them. */
const few = Array.from({ length: nRows }, (_, row) =>
  [1.5, null, -0, NaN, 7, 1.5][(row * row + row) % 6 | 0] ?? null)

type Encoding = 'PLAIN' | 'RLE_DICTIONARY'

function write(data: readonly unknown[], type: 'DOUBLE' | 'INT32', encoding: Encoding) {
  const schema: SchemaElement[] = [
    { name: 'root', num_children: 1 },
    { name: 'x', type, repetition_type: 'OPTIONAL' },
  ]
  const column = { name: 'x', data: [...data], encoding }
  return new Uint8Array(parquetWriteBuffer({ columnData: [column], schema }))
}

async function read(bytes: Uint8Array, type: ColumnType | null = null) {
  const source = bufferSource('the-file', bytes)
  const plan = await parquetReader.plan(source, defaultTextOptions)
  const args = [source, plan, plan.units[0]!, [0], [type], defaultTextOptions] as const
  const [plain] = await parquetReader.read(...args)
  const [coded] = await parquetReader.readStored!(...args, ownArrays)
  return { plain: plain!, coded: coded! }
}

describe('readStored of Parquet', () => {
  it('keeps numbers coded that are the values of read', async () => {
    const { plain, coded } = await read(write(few, 'DOUBLE', 'RLE_DICTIONARY'))
    assert.ok('numbers' in coded && !('numbers' in plain))
    assert.ok(coded.numbers.every((number) => !Object.is(number, -0)))
    assert.deepEqual(withValues(coded), plain)
    const expected = few.map((value) => (value === null ? NaN : value + 0))
    assert.deepEqual([...(plain as { values: Float64Array }).values], expected)
  })

  it('changes the type of coded numbers, or gives values if they must be looked at', async () => {
    const threes = few.map((value) => (value === null ? null : 3))
    const bytes = write(threes, 'INT32', 'RLE_DICTIONARY')
    for (const [type, isCoded] of [['float', true], ['bool', null], ['string', false]] as const) {
      if (isCoded === null) {
        await assert.rejects(read(bytes, type), /has the value 3 in row 1, which is not/)
        continue
      }
      const { plain, coded } = await read(bytes, type)
      assert.equal('numbers' in coded, isCoded)
      assert.deepEqual(withValues(coded), plain)
      assert.equal(coded.type, type)
    }
  })

  it('gives values where most rows differ', async () => {
    const many = Array.from({ length: nRows }, (_, row) => row % 300)
    const { plain, coded } = await read(write(many, 'INT32', 'RLE_DICTIONARY'))
    assert.ok(!('numbers' in coded))
    assert.deepEqual(coded, plain)
  })

  it('goes on with values where a dictionary ends in the middle of a column', () => {
    const parts = (['RLE_DICTIONARY', 'PLAIN'] as const).map((encoding) => {
      const bytes = write(few, 'DOUBLE', encoding)
      const meta = parquetMetadata(bytes.buffer).row_groups[0]!.columns[0]!.meta_data!
      const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset)
      return bytes.subarray(start, start + Number(meta.total_compressed_size))
    })
    const [dictionary, plain] = parts as [Uint8Array, Uint8Array]
    const element: SchemaElement = { name: 'x', type: 'DOUBLE', repetition_type: 'OPTIONAL' }
    const column = describeColumn({ element, children: [], count: 0, path: [] })
    const values = few.map((value) => (value === null ? NaN : value + 0))
    for (const pages of [[dictionary, plain], [plain, dictionary], [dictionary, dictionary]]) {
      const decoded = decodeColumnChunk(Uint8Array.from(pages.flatMap((page) => [...page])), {
        column, codec: 'SNAPPY', nRows: 2 * nRows, exact: true, uncompressedBytes: 1e6,
        mayBeCoded: true, arrays: ownArrays,
      })
      assert.ok(!('numbers' in decoded) && decoded.type === 'float')
      assert.deepEqual([...decoded.values], [...values, ...values])
    }
  })
})

describe('occurringNumbers', () => {
  it('finds what rows have, in the order of first appearance', () => {
    const cases = fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 30 })
    fc.assert(fc.property(cases, (drawn) => {
      const numbers = Float64Array.of(4, 2, 9, NaN, 2, 0)
      const codes = Int32Array.from(drawn)
      const found = occurringNumbers({ type: 'float', codes, numbers })
      const distinct = [...new Set(drawn)]
      assert.deepEqual([...found.firstRows], distinct.map((code) => drawn.indexOf(code)))
      assert.deepEqual([...found.values], distinct.map((code) => numbers[code] ?? NaN))
      for (let code = -1; code < numbers.length; code++) {
        assert.equal(found.indexOf[code + 1], distinct.indexOf(code))
      }
    }))
  })
})
