import assert from 'node:assert/strict'
import fc from 'fast-check'
import { csrReader } from '../../src/formats/csr.js'
import { withValues } from '../../src/formats/stored-columns.js'
import type { ColumnChunk, NumberChunk, SparseNumbers } from '../../src/reader.js'
import { csrFile, type CsrUnit } from '../../src/writers/csr.js'
import {
  bufferSource, type ContractColumn, type ContractTable, defaultTextOptions, readerContract,
} from '../reader-contract.js'

const unitRows = 40

/** Columns of doubles are sparse, all others plain. */
function makeFile({ nRows, columns }: ContractTable): Promise<Uint8Array> {
  const isSparse = ({ type }: ContractColumn): boolean => type === 'float'
  const units: CsrUnit[] = []
  for (let first = 0; first < nRows; first += unitRows) {
    const end = Math.min(nRows, first + unitRows)
    units.push({
      nRows: end - first,
      sparse: columns.filter(isSparse).map((column) => sparseOf(column, first, end)),
      plain: columns.filter((column) => !isSparse(column)).map((column) =>
        plainOf(column, first, end)),
    })
  }
  return csrFile({
    nColumns: columns.length, names: columns.map(({ name }) => name), type: 'float',
    plain: columns.flatMap((column, index) =>
      isSparse(column) ? [] : [{ index, type: column.type }]),
  }, units)
}

function sparseOf({ values }: ContractColumn, first: number, end: number): SparseNumbers {
  const rows: number[] = []
  const stored: number[] = []
  for (let row = first; row < end; row++) {
    const value = values[row] as number | null
    if (value === 0 && row % 2 === 0) continue
    rows.push(row - first)
    stored.push(value === null ? NaN : value + 0)
  }
  return {
    type: 'float', nRows: end - first, rows: Int32Array.from(rows),
    stored: Float64Array.from(stored),
  }
}

function plainOf({ type, values }: ContractColumn, first: number, end: number): ColumnChunk {
  const own = values.slice(first, end)
  if (type !== 'string') {
    return { type, values: Float64Array.from(own, (value) => value === null ? NaN : +value + 0) }
  }
  // a dictionary of more than the chunk
  const dictionary = [...new Set(values.filter((value) => value !== null))] as string[]
  return { type, dictionary, codes: Int32Array.from(own, (text) =>
    text === null ? -1 : dictionary.indexOf(text as string)) }
}

readerContract('csr', makeFile, csrReader, {
  types: ['bool', 'int', 'float', 'date', 'string'], missing: true, names: true,
  keepsTypes: true, detectsTruncation: true,
})

describe('csrFile', () => {
  const of = (nRows: number, entries: readonly (readonly [number, number])[]): SparseNumbers => ({
    type: 'float', nRows, rows: Int32Array.from(entries, ([row]) => row),
    stored: Float64Array.from(entries, ([, value]) => value),
  })
  const write = (nRows: number, sparse: readonly (NumberChunk | SparseNumbers)[]) =>
    csrFile({ nColumns: sparse.length, names: null, type: 'float', plain: [] },
      [{ nRows, sparse, plain: [] }])
  const read = async (bytes: Uint8Array) => {
    const source = bufferSource('sparse', bytes)
    const plan = await csrReader.plan(source, defaultTextOptions)
    assert.deepEqual(plan.columns.map(({ name }) => name),
      plan.columns.map((_, i) => `Column_${i}`))
    return csrReader.readStored!(source, plan, plan.units[0]!, plan.columns.map((_, i) => i),
      plan.columns.map(() => null), defaultTextOptions, null as never)
  }

  it('keeps values of any width exactly', async () => {
    const value = fc.oneof(
      fc.constantFrom(1, NaN, 255, 256, -128, -129, 65_535, 65_536, -32_769, 2 ** 31, 1e-40, 0.1,
        0.5, Infinity, -Infinity, 2 ** 53, Number.MIN_VALUE),
      fc.integer({ min: -5, max: 300 }).filter((n) => n !== 0), fc.double().filter((x) => x !== 0))
    await fc.assert(fc.asyncProperty(fc.array(fc.array(value, { maxLength: 6 }),
      { minLength: 1, maxLength: 5 }), fc.boolean(), async (columns, isTall) => {
        const nRows = isTall ? 70_000 : 10
        const chunks = columns.map((values) => of(nRows,
          values.map((own, i) => [isTall ? i * 11_000 : i, own] as const)))
        assert.deepEqual(await read(await write(nRows, chunks)), chunks)
      }), { seed: 9, numRuns: 60 })
  })

  it('writes equal rows as equal bytes, in few where values are narrow', async () => {
    const rows = Array.from({ length: 900 }, (_, i) => [i, 1] as const)
    const withZero = [...rows.slice(0, 500), [950, 0] as const]
    const bytes = await write(1000, [of(1000, rows.slice(0, 500)), of(1000, [])])
    assert.deepEqual(await write(1000, [of(1000, withZero), of(1000, [])]), bytes)
    assert.ok(bytes.length < 1250, `${bytes.length}`)
    // what is stored in most rows comes back with all of its values
    const [full] = await read(await write(1000, [of(1000, rows)]))
    assert.deepEqual(full, withValues(of(1000, rows)))
  })
})
