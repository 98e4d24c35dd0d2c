import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  packColumns, writeRows, type ColumnBins, type SparseBins,
} from '../../src/execution/packed-columns.js'
import { Unpacker } from '../../src/execution/unpacker.js'

interface Feature {
  readonly nBins: number
  readonly column: ColumnBins
}

function sparse(defaultBin: number, entries: readonly (readonly [row: number, bin: number])[]) {
  const found = [...new Map(entries)].sort(([a], [b]) => a - b)
  return {
    defaultBin,
    rows: Int32Array.from(found, ([row]) => row),
    bins: Uint8Array.from(found, ([, bin]) => bin),
  } satisfies SparseBins
}

/** The bins of a column, one by one. */
function allBins(column: ColumnBins, nRows: number): number[] {
  if (column instanceof Uint8Array) return [...column]
  const bins = new Array<number>(nRows).fill(column.defaultBin)
  column.rows.forEach((row, i) => {
    bins[row] = column.bins[i]!
  })
  return bins
}

const nRows = 90

const features: fc.Arbitrary<readonly Feature[]> = fc.array(
  fc.constantFrom(1, 2, 3, 7, 255, 256).chain((nBins) => {
    const bin = fc.nat(nBins - 1)
    const few = fc.array(fc.tuple(fc.nat(nRows - 1), bin), { maxLength: 6 })
    const many = fc.array(fc.tuple(fc.nat(nRows - 1), bin), { minLength: 100, maxLength: 300 })
    const column: fc.Arbitrary<ColumnBins> = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(bin, few).map(([at, entries]) => sparse(at, entries)) },
      // most rows are stored: the default is another bin, or there is none
      { weight: 1, arbitrary: fc.tuple(bin, many).map(([at, entries]) => sparse(at, entries)) },
      { weight: 1, arbitrary: fc.tuple(bin, bin).map(([usual, other]) => sparse(usual,
        Array.from({ length: nRows - 3 }, (_, row) => [row, other] as const))) },
      { weight: 1, arbitrary: fc.array(bin, { minLength: nRows, maxLength: nRows })
        .map((bins) => Uint8Array.from(bins)) },
      { weight: 1, arbitrary: fc.tuple(bin, few).map(([at, entries]) =>
        Uint8Array.from(allBins(sparse(at, entries), nRows))) },
    )
    return column.map((own) => ({ nBins, column: own }))
  }), { minLength: 1, maxLength: 40 })

describe('packColumns', () => {
  it('loses no bin, and writes rows as they are', () => {
    let nPacked = 0
    fc.assert(fc.property(features, fc.nat(nRows - 1), (all, first) => {
      const columns = all.map(({ column }) => column)
      const nFeatures = columns.length
      const dense = new Uint8Array(nRows * nFeatures)
      columns.forEach((column, f) => allBins(column, nRows).forEach((bin, row) => {
        dense[row * nFeatures + f] = bin
      }))
      const some = new Uint8Array((nRows - first) * nFeatures + 3).fill(9)
      writeRows(columns, first, nRows - first, some, 3)
      assert.deepEqual([...some.subarray(0, 3)], [9, 9, 9])
      assert.deepEqual(some.subarray(3), dense.subarray(first * nFeatures))
      const packed = packColumns(
        columns, nRows, all.map(({ nBins }) => nBins), (n) => new Uint8Array(n))
      if (packed === null) return
      nPacked++
      const { bins, packing } = packed
      assert.equal(bins.length, nRows * packing.nColumns)
      assert.ok(packing.nColumns <= nFeatures * 0.75)
      const whole = new Uint8Array(dense.length)
      new Unpacker(packing).unpack(bins, 0, nRows, whole)
      assert.deepEqual(whole, dense)
    }), { seed: 3, numRuns: 300 })
    assert.ok(nPacked > 100, `${nPacked} were packed`)
  })

  it('gives one-hot categories a byte each', () => {
    const [nGroups, nLevels] = [5, 40]
    const levelOf = (row: number, group: number): number => (row * 7 + group * row) % nLevels
    const columns = Array.from({ length: nGroups * nLevels }, (_, f) => sparse(0,
      Array.from({ length: 400 }, (_row, row) => row)
        .filter((row) => levelOf(row, Math.floor(f / nLevels)) === f % nLevels)
        .map((row) => [row, 1] as const)))
    const { packing } = packColumns(
      columns, 400, columns.map(() => 2), (n) => new Uint8Array(n))!
    assert.ok(packing.nColumns <= nGroups * 2, `${packing.nColumns} bytes`)
  })

  it('leaves rows alone that would not get much smaller', () => {
    const columns = Array.from({ length: 10 }, () => sparse(0, [[3, 1], [8, 1]]))
    assert.equal(packColumns(columns, 20, columns.map(() => 2), (n) => new Uint8Array(n)), null)
  })
})
