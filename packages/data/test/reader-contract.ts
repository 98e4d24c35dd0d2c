/**
 * What every PartitionReader promises, as a suite: the file of each format is made from one table
 * and must give that table back, and damaged bytes must end in a CoppiceError or valid values.
 */

import assert from 'node:assert/strict'
import { CoppiceError } from '@coppice/model'
import type {
  ByteSource,
  ColumnChunk,
  ColumnType,
  PartitionPlan,
  PartitionReader,
  TextOptions,
} from '../src/reader.js'

export const defaultTextOptions: TextOptions = {
  header: 'auto',
  missingValues: ['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '?'],
}

/** A column of the table that a file is made from. Dates are ms since 1970, booleans 0 or 1. */
export interface ContractColumn {
  readonly name: string
  readonly type: Exclude<ColumnType, 'empty'>
  /** null is missing. */
  readonly values: readonly (number | string | null)[]
}

export interface ContractTable {
  readonly nRows: number
  readonly columns: readonly ContractColumn[]
}

/** What a format can hold; what it cannot is left out of the tables it is tested with. */
export interface Capabilities {
  /** Types of columns the format tells apart (a matrix of doubles: just 'float'). */
  readonly types: readonly ContractColumn['type'][]
  readonly missing: boolean
  /** Column names are stored; otherwise the suite expects none in particular. */
  readonly names: boolean
  /** The type read is the type written. */
  readonly keepsTypes: boolean
  /** A file that lacks its last bytes can be told from a shorter one. */
  readonly detectsTruncation: boolean
}

const N_ROWS = 150
const N_FUZZ = 300
const SEED = 20260722

/**
 * Defines the suite for one reader.
 *
 * @param makeFile - a file of the table; of `N_ROWS` rows it must have several units
 */
export function readerContract(
  name: string,
  makeFile: (table: ContractTable) => Promise<Uint8Array>,
  reader: PartitionReader,
  capabilities: Capabilities,
): void {
  describe(`${name} as a PartitionReader`, function () {
    this.timeout(60_000)
    const table = contractTable(N_ROWS, capabilities)
    let bytes: Uint8Array
    let plan: PartitionPlan
    before(async () => {
      bytes = await makeFile(table)
      plan = await reader.plan(bufferSource('full', bytes), defaultTextOptions)
    })
    // A small unit of text may hold nothing but numbers: what the loader does, too.
    const types = table.columns.map(({ type }) => (type === 'string' ? type : null))
    const readAll = (order: 'ascending' | 'descending' = 'ascending') =>
      readColumns(reader, bufferSource('full', bytes), plan, { order, types })

    definePlanTests(() => ({ plan, table }), capabilities)

    it('gives the table back', async () => {
      assertMatchesTable(await readAll(), table, capabilities.keepsTypes)
    })
    it('gives the same in any order of units and from a copy of the plan', async () => {
      const expected = await readAll()
      assert.deepEqual(await readAll('descending'), expected)
      const copy = structuredClone(plan)
      const source = bufferSource('full', bytes)
      assert.deepEqual(await readColumns(reader, source, copy, { types }), expected)
    })
    it('reads any columns in any order', async () => {
      const all = await readAll()
      const columns = table.columns.map((_, column) => column).reverse().slice(0, -1)
      const source = bufferSource('full', bytes)
      const some = await readColumns(reader, source, plan, {
        columns,
        types: columns.map((column) => types[column]!),
      })
      assert.deepEqual(some, columns.map((column) => all[column]))
      assert.deepEqual(await readColumns(reader, source, plan, { columns: [] }), [])
    })
    it('stores missing as the canonical NaN and -0 as +0', async () => {
      let nNaN = 0
      for (const { chunks } of await readAll()) {
        for (const chunk of chunks) if (chunk.type !== 'string') nNaN += countNaN(chunk.values)
      }
      if (capabilities.missing) assert.ok(nNaN > 0)
    })
    it('gives numbers as text where a string is asked for', async () => {
      const column = table.columns.findIndex(({ type }) => type === 'int' || type === 'float')
      const source = bufferSource('full', bytes)
      const how = { columns: [column], types: ['string'] as const }
      const [read] = await readColumns(reader, source, plan, how)
      const texts = flatten(read!).map((value) => (value === null ? null : Number(value)))
      const expected = table.columns[column]!.values.map((v) => (v === null ? null : Number(v) + 0))
      assert.deepEqual(texts.map((v) => (v === null ? null : v + 0)), expected)
    })
    if (capabilities.types.includes('string')) {
      it('refuses text where a number is asked for, naming file and column', async () => {
        const column = table.columns.findIndex(({ type }) => type === 'string')
        const source = bufferSource('the-file', bytes)
        const how = { columns: [column], types: ['float'] as const }
        await assert.rejects(readColumns(reader, source, plan, how), {
          name: 'CoppiceError',
          code: 'DATA',
          message: new RegExp(`the-file(.|\n)*${table.columns[column]!.name}|` +
            `${table.columns[column]!.name}(.|\n)*the-file`),
        })
      })
    }
    defineDamageTests(makeFile, reader, capabilities, () => bytes)
  })
}

function definePlanTests(
  get: () => { plan: PartitionPlan; table: ContractTable },
  capabilities: Capabilities,
): void {
  it('plans units that cover all rows, each once, in order', () => {
    const { plan, table } = get()
    assert.equal(plan.nRows, table.nRows)
    assert.ok(plan.units.length > 1, `several units are needed, got ${plan.units.length}`)
    let next = 0
    plan.units.forEach((unit, index) => {
      assert.equal(unit.index, index)
      assert.equal(unit.firstRow, next)
      assert.ok(unit.nRows > 0)
      next += unit.nRows
    })
    assert.equal(next, plan.nRows)
  })
  it('plans the columns of the file', () => {
    const { plan, table } = get()
    assert.equal(plan.columns.length, table.columns.length)
    if (!capabilities.names) return
    assert.deepEqual(plan.columns.map(({ name }) => name), table.columns.map(({ name }) => name))
  })
}

function defineDamageTests(
  makeFile: (table: ContractTable) => Promise<Uint8Array>,
  reader: PartitionReader,
  capabilities: Capabilities,
  getBytes: () => Uint8Array,
): void {
  it('reads a file without rows', async () => {
    const empty = await makeFile(contractTable(0, capabilities))
    const source = bufferSource('no-rows', empty)
    const plan = await reader.plan(source, defaultTextOptions)
    assert.equal(plan.nRows, 0)
    assert.equal(plan.units.reduce((sum, unit) => sum + unit.nRows, 0), 0)
  })
  it('refuses a file of no bytes, or finds no rows in it', async () => {
    assert.ok((await readDamaged(reader, new Uint8Array(0))) <= 0)
  })
  it('never takes the begin of a file for more than it is', async () => {
    const bytes = getBytes()
    const step = Math.max(1, Math.floor(bytes.length / 150))
    for (let length = 0; length < bytes.length; length += step) {
      const nRows = await readDamaged(reader, bytes.subarray(0, length))
      if (capabilities.detectsTruncation) assert.equal(nRows, -1, `${length} bytes are refused`)
      else assert.ok(nRows <= N_ROWS)
    }
  })
  it('refuses a file that was cut after it was planned', async () => {
    const bytes = getBytes()
    const plan = await reader.plan(bufferSource('full', bytes), defaultTextOptions)
    const cut = bufferSource('cut', bytes.subarray(0, bytes.length >> 1))
    await assert.rejects(readColumns(reader, cut, plan, {}), CoppiceError)
  })
  it(`ends in a CoppiceError or valid values for damaged bytes (seed ${SEED})`, async () => {
    const bytes = getBytes()
    for (let i = 0; i < N_FUZZ; i++) {
      const damaged = damage(bytes, i)
      try {
        await readDamaged(reader, damaged)
      } catch (error) {
        throw new Error(`damage ${i} of seed ${SEED}: ${String(error)}`, { cause: error })
      }
    }
  })
}

/** A source over bytes in memory; a slice beyond the end is shorter than asked for. */
export function bufferSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    byteLength: bytes.length,
    slice: (start, end) => Promise.resolve(bytes.slice(start, end)),
  }
}

interface ReadColumn {
  /** Chunks in row order. */
  readonly chunks: readonly ColumnChunk[]
}

/** All rows of the columns (all, unless given), units read in the order asked for. */
export async function readColumns(
  reader: PartitionReader,
  source: ByteSource,
  plan: PartitionPlan,
  how: {
    readonly columns?: readonly number[]
    readonly types?: readonly (ColumnType | null)[]
    readonly order?: 'ascending' | 'descending'
    readonly options?: TextOptions
  },
): Promise<ReadColumn[]> {
  const columns = how.columns ?? plan.columns.map((_, column) => column)
  const types = how.types ?? columns.map(() => null)
  const options = how.options ?? defaultTextOptions
  const chunks: ColumnChunk[][] = columns.map(() => [])
  const units = how.order === 'descending' ? plan.units.toReversed() : plan.units
  for (const unit of units) {
    const read = await reader.read(source, plan, unit, columns, types, options)
    assert.equal(read.length, columns.length)
    read.forEach((chunk, i) => {
      assertValid(chunk, unit.nRows)
      chunks[i]![unit.index] = chunk
    })
  }
  return chunks.map((column) => ({ chunks: column }))
}

/** One value per row: null for missing, numbers, or strings. */
export function flatten({ chunks }: ReadColumn): (number | string | null)[] {
  return chunks.flatMap((chunk): (number | string | null)[] =>
    chunk.type === 'string'
      ? Array.from(chunk.codes, (code) => (code < 0 ? null : chunk.dictionary[code]!))
      : Array.from(chunk.values, (value) => (Number.isNaN(value) ? null : value)),
  )
}

/** A chunk's own promises: lengths, codes within the dictionary, distinct strings. */
function assertValid(chunk: ColumnChunk, nRows: number): void {
  if (chunk.type === 'string') {
    assert.equal(chunk.codes.length, nRows)
    assert.equal(new Set(chunk.dictionary).size, chunk.dictionary.length)
    let seen = 0
    for (const code of chunk.codes) {
      assert.ok(code >= -1 && code <= seen, 'codes are in order of first appearance')
      if (code === seen) seen++
    }
    assert.equal(seen, chunk.dictionary.length)
  } else {
    assert.equal(chunk.values.length, nRows)
    countNaN(chunk.values)
    assert.ok(!chunk.values.some((value) => Object.is(value, -0)), '-0 is stored as +0')
  }
}

function countNaN(values: Float64Array): number {
  const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length)
  let n = 0
  values.forEach((value, i) => {
    if (!Number.isNaN(value)) return
    n++
    assert.equal(bits[i], 0x7ff8_0000_0000_0000n, 'NaN is canonical')
  })
  return n
}

function assertMatchesTable(
  read: readonly ReadColumn[],
  table: ContractTable,
  keepsTypes: boolean,
): void {
  table.columns.forEach((column, i) => {
    const expected = column.values.map((value) => (typeof value === 'number' ? value + 0 : value))
    assert.deepEqual(flatten(read[i]!), expected, column.name)
    if (!keepsTypes) return
    for (const { type } of read[i]!.chunks) {
      assert.ok(fitsType(type, column.type), `${column.name}: ${type} instead of ${column.type}`)
    }
  })
}

/** A unit may by chance hold only values of a narrower type. */
function fitsType(found: ColumnType, type: ColumnType): boolean {
  if (found === type || found === 'empty') return true
  return type === 'float' && found === 'int'
}

/** Rows read, or -1 where the reader refused; any other end is an error of the reader. */
async function readDamaged(reader: PartitionReader, bytes: Uint8Array): Promise<number> {
  try {
    const source = bufferSource('damaged', bytes)
    const plan = await reader.plan(source, defaultTextOptions)
    await readColumns(reader, source, plan, {})
    return plan.nRows
  } catch (error) {
    if (error instanceof CoppiceError && error.code !== 'INTERNAL') return -1
    throw error
  }
}

/** Draw `index` of stream `stream`: an integer in [0, limit), a hash of both and the seed. */
function draw(stream: number, index: number, limit: number): number {
  let h = SEED
  for (const word of [stream, index]) {
    h = Math.imul(h ^ word, 0xcc9e2d51)
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    h ^= h >>> 16
  }
  return (h >>> 0) % limit
}

/** The bytes with a few of them changed, removed, repeated or swapped for hostile ones. */
function damage(bytes: Uint8Array, i: number): Uint8Array {
  const hostile = [0, 0xff, 0x7f, 0x80, 10, 13, 34, 44, 9, 58, 0x2d, 0x39]
  let damaged = Uint8Array.from(bytes)
  const nChanges = 1 + draw(i, 0, 4)
  for (let k = 0; k < nChanges && damaged.length > 0; k++) {
    const pick = (j: number, limit: number) => draw(i, 10 * k + j, limit)
    // Headers and footers are where damage does most.
    const nearEnd = damaged.length - 1 - pick(2, Math.min(64, damaged.length))
    const places = [pick(1, damaged.length), pick(2, Math.min(128, damaged.length)), nearEnd]
    const at = places[pick(3, 3)]!
    const to = Math.min(damaged.length, at + 1 + pick(4, 40))
    switch (pick(5, 5)) {
      case 0:
        damaged[at] = pick(6, 256)
        break
      case 1:
        damaged[at] = hostile[pick(6, hostile.length)]!
        break
      case 2:
        damaged[at] = damaged[at]! ^ (1 << pick(6, 8))
        break
      case 3:
        damaged = Uint8Array.of(...damaged.subarray(0, at), ...damaged.subarray(to))
        break
      default:
        damaged = Uint8Array.of(...damaged.subarray(0, to), ...damaged.subarray(at))
    }
  }
  return damaged
}

/** The suite's table: one column of each type the format can hold, two where it holds one. */
export function contractTable(nRows: number, capabilities: Capabilities): ContractTable {
  const rows = Array.from({ length: nRows }, (_, row) => row)
  const words = ['red', 'green', 'a, b', 'say "no"', 'two\nlines', 'Zürich', '東京', '007', '-']
  const values: Record<ContractColumn['type'], (row: number) => number | string> = {
    bool: (row) => draw(1, row, 2),
    int: (row) => draw(2, row, 2000) - 1000,
    float: (row) => (row === 3 ? -0 : (draw(3, row, 0xffff_ffff) - 0x7fff_ffff) / 65537),
    date: (row) => 1.6e12 + draw(4, row, 1_000_000) * 1000,
    duration: (row) => draw(4, row, 1_000_000) - 500_000,
    string: (row) => words[draw(5, row, words.length)]!,
  }
  const isMissing = (row: number, column: number) =>
    capabilities.missing && draw(6 + column, row, 10) === 0 && row > 3
  const types = capabilities.types.length > 1 ? capabilities.types : ['float', 'float', 'float']
  const columns = (types as readonly ContractColumn['type'][]).map((type, column) => ({
    name: `${type}_${column}`,
    type,
    values: rows.map((row) => (isMissing(row, column) ? null : values[type](row))),
  }))
  return { nRows, columns }
}
