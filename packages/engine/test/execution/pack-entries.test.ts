import assert from 'node:assert/strict'
import fc from 'fast-check'
import { packEntries } from '../../src/execution/pack-entries.js'
import { packColumns, type ColumnBins } from '../../src/execution/packed-columns.js'
import { Unpacker } from '../../src/execution/unpacker.js'

const nFeatures = 24
const nBins = 5

/** Value v of feature f, missing ones included, is in a bin of its own. */
const binOf = (feature: number, value: number): number =>
  (Number.isNaN(value) ? 4 : value + feature) % nBins

type Row = readonly (readonly [feature: number, value: number])[]

const value = fc.constantFrom(0, -0, 1, 2, 3, NaN)
const full = (f: number): fc.Arbitrary<readonly (readonly [number, number])[]> =>
  value.map((own) => [[f, own]] as const)
/** One of each eight features, and the last one always. */
const rowWhere = (isExclusive: boolean): fc.Arbitrary<Row> => {
  const parts = [0, 8, 16].map((first) => fc.uniqueArray(
    fc.tuple(fc.integer({ min: first, max: first + 6 }), value),
    { maxLength: isExclusive ? 1 : 2, selector: ([f]) => f }))
  return fc.tuple(...parts, full(23)).map((all) => all.flat())
}

function binsOf(rows: readonly Row[]): Uint8Array {
  const bins = Uint8Array.from({ length: rows.length * nFeatures }, (_, i) =>
    binOf(i % nFeatures, 0))
  rows.forEach((row, r) => row.forEach(([f, own]) => {
    bins[r * nFeatures + f] = binOf(f, own + 0)
  }))
  return bins
}

function columnsOf(rows: readonly Row[]): ColumnBins[] {
  const bins = binsOf(rows)
  return Array.from({ length: nFeatures }, (_, f) =>
    Uint8Array.from(rows, (_row, r) => bins[r * nFeatures + f]!))
}

/** Rows of a matrix whose first column is no feature, beginning behind others. */
function entriesOf(rows: readonly Row[]) {
  const entries = rows.map((row) =>
    [[0, 7] as const, ...row.map(([f, own]) => [f + 1, own] as const)])
  const starts = [3]
  for (const row of entries) starts.push(starts.at(-1)! + row.length)
  const all = entries.flat()
  return {
    nRows: rows.length, starts,
    columns: Int32Array.from([9, 9, 9, ...all.map(([column]) => column)]),
    values: [1, 1, 1, ...all.map(([, own]) => own)],
    featureOf: Int32Array.from({ length: nFeatures + 1 }, (_, column) => column - 1),
  }
}

describe('packEntries', () => {
  it('packs rows as others were, or says that they do not fit', () => {
    const counts = { packed: 0, refused: 0 }
    const rowsOf = (isExclusive: boolean, n: number) =>
      fc.array(rowWhere(isExclusive), { minLength: n, maxLength: n })
    fc.assert(fc.property(rowsOf(true, 120),
      fc.boolean().chain((isExclusive) => rowsOf(isExclusive, 8)), (before, rows) => {
        const known = packColumns(columnsOf(before), before.length,
          new Array<number>(nFeatures).fill(nBins), (n) => new Uint8Array(n))
        if (known === null) return
        const { packing } = known
        const { columnOf, defaultBin } = packing
        const isOff = (f: number, own: number): boolean =>
          defaultBin[f]! >= 0 && binOf(f, own + 0) !== defaultBin[f]
        const clash = rows.some((row) => {
          const off = row.filter(([f, own]) => isOff(f, own)).map(([f]) => columnOf[f])
          return new Set(off).size < off.length
        })
        const hasOtherZero = Array.from(defaultBin)
          .some((bin, f) => bin >= 0 && bin !== binOf(f, 0))
        const bins = packEntries(packing, entriesOf(rows), binOf, (n) => new Uint8Array(n))
        assert.equal(bins === null, clash || hasOtherZero)
        if (bins === null) return void counts.refused++
        counts.packed++
        const whole = new Uint8Array(rows.length * nFeatures)
        new Unpacker(packing).unpack(bins, 0, rows.length, whole)
        assert.deepEqual(whole, binsOf(rows))
      }), { seed: 4, numRuns: 150 })
    assert.ok(counts.packed > 20 && counts.refused > 20, JSON.stringify(counts))
  })
})
