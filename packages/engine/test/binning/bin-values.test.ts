import assert from 'node:assert/strict'
import type { BinMapper, CategoricalBinMapper, NumericBinMapper } from '../../src/dataset.js'
import { binColumns } from '../../src/binning/bin-columns.js'
import { binLookup, codedLookup, type NumericLookup } from '../../src/binning/bin-values.js'
import { findNumericBins } from '../../src/binning/find-numeric-bins.js'
import { toBin } from '../../src/binning/reference.js'
import { nextUp } from '../../src/numeric/next-up.js'
import { ValueSample } from '../../src/binning/value-sample.js'
import { rowBytes } from '../../src/row-bytes.js'
import { column } from './recipes.js'

/** A mapper with n value bins, bounds at the integers around zero. */
function integerMapper(n: number, missing: NumericBinMapper['missing']): NumericBinMapper {
  const first = -Math.floor(n / 2)
  const upperBounds = Float64Array.from({ length: n }, (_, i) => (i < n - 1 ? first + i : Infinity))
  const nBins = missing === 'nan' ? n + 1 : n
  const zeroBin = upperBounds.findIndex(bound => bound >= 0)
  const missingBin = missing === 'nan' ? n : missing === 'zero' ? zeroBin : -1
  return { kind: 'numeric', missing, upperBounds, nBins, zeroBin, missingBin }
}

/** Every bound, the doubles on both sides of it, and what is special. */
function probes(mapper: NumericBinMapper): Float64Array {
  const bounds = [...mapper.upperBounds].filter(Number.isFinite)
  const special = [0, -0, NaN, Infinity, -Infinity, Number.MAX_VALUE, -Number.MAX_VALUE, 1e-40]
  return Float64Array.from([
    ...bounds.flatMap(bound => [bound, nextUp(bound), -nextUp(-bound)]),
    ...special,
  ])
}

function check(mapper: BinMapper, rows: Float64Array | Int32Array): void {
  const nBytes = rowBytes([mapper.nBins])
  const out = new Uint8Array(rows.length * nBytes)
  binColumns([binLookup(mapper)], [rows], rows.length, out)
  assert.deepEqual(
    out,
    Uint8Array.from(Array.from(rows, (value) => {
      const bin = toBin(mapper, value)
      return nBytes === 1 ? [bin] : [bin & 255, bin >> 8]
    }).flat()),
  )
}

describe('binColumns', () => {
  it('puts every probe where the reference puts it, for every number of bins', () => {
    for (const missing of ['none', 'nan', 'zero'] as const) {
      for (let n = 1; n <= (missing === 'nan' ? 255 : 256); n++) {
        const mapper = integerMapper(n, missing)
        check(mapper, probes(mapper))
      }
    }
  })

  it('puts bins of two bytes there too', () => {
    for (const missing of ['none', 'nan', 'zero'] as const) {
      for (const n of [256, 257, 511, 512, 513, 1500]) check(integerMapper(n, missing),
        probes(integerMapper(n, missing)))
    }
    // the last of all bins
    const most = integerMapper(65_535, 'nan')
    const out = new Uint8Array(8)
    binColumns([binLookup(most)], [Float64Array.of(1e9, NaN, -1e9, 0)], 4, out)
    assert.deepEqual([...new Uint16Array(out.buffer)], [65_534, 65_535, 0, most.zeroBin])
    const codes = Int32Array.from({ length: 700 }, (_, i) => (i * 7) % 701)
    const categories: CategoricalBinMapper = { kind: 'categorical', codes, nBins: 701 }
    check(categories, Int32Array.from({ length: 720 }, (_, i) => i - 10))
  })

  it('puts the higher bytes of wide features behind the bytes of all', () => {
    const mappers = [9, 700, 300].map((n) => integerMapper(n, n === 700 ? 'nan' : 'none'))
    const values = [1, 250, 120].map((value) => Float64Array.of(value, NaN))
    const out = new Uint8Array(11)
    binColumns(mappers.map(binLookup), values, 2, out, 1)
    const bins = [0, 1].flatMap((row) => {
      const own = mappers.map((mapper, f) => toBin(mapper, values[f]![row]!))
      return [...own.map((bin) => bin & 255), own[1]! >> 8, own[2]! >> 8]
    })
    assert.deepEqual([...out], [0, ...bins])
  })

  it('agrees with the reference on bins that were found', () => {
    for (const recipe of ['normal', 'mostlyZero', 'withNaN', 'twoPeaks', 'huge', 'nearZero']) {
      for (const maxBin of [2, 15, 16, 17, 255]) {
        const values = column(recipe, 3000, maxBin)
        const sample = new ValueSample()
        sample.add(values, null)
        const options = { maxBin, minDataInBin: 3, useMissing: true, zeroAsMissing: false }
        const { mapper } = findNumericBins(sample.finish(), options)
        check(mapper, values)
        check(mapper, probes(mapper))
      }
    }
  })

  it('looks categories up, and puts the rest into bin 0', () => {
    const codes = Int32Array.of(7, 0, 300)
    const mapper: CategoricalBinMapper = { kind: 'categorical', codes, nBins: 4 }
    const rows = Int32Array.of(0, 1, 6, 7, 8, 299, 300, 301, -1, -2147483648, 2147483647)
    check(mapper, rows)
    check({ kind: 'categorical', codes: new Int32Array(0), nBins: 1 }, rows)
    const all = Int32Array.from({ length: 255 }, (_, i) => 254 - i)
    check({ kind: 'categorical', codes: all, nBins: 256 }, all)
  })

  it('bins codes of numbers as the numbers', () => {
    for (const missing of ['none', 'nan', 'zero'] as const) {
      const mapper = integerMapper(100, missing)
      const numbers = probes(mapper)
      const codes = Int32Array.from({ length: numbers.length + 1 }, (_, row) => row - 1)
      const out = new Uint8Array(codes.length)
      const lookup = codedLookup(binLookup(mapper) as NumericLookup, numbers)
      binColumns([lookup], [codes], codes.length, out)
      const expected = Uint8Array.from([NaN, ...numbers], value => toBin(mapper, value))
      assert.deepEqual(out, expected)
    }
  })

  it('writes rows side by side, in blocks, and nothing else', () => {
    const numeric = integerMapper(100, 'nan')
    const categorical: CategoricalBinMapper = {
      kind: 'categorical',
      codes: Int32Array.of(2, 5),
      nBins: 3,
    }
    const mappers = [numeric, categorical, integerMapper(5, 'none')]
    for (const nRows of [0, 1, 2047, 2048, 2049, 5000]) {
      const columns = [
        column('withNaN', nRows, 1).map(x => x * 30),
        Int32Array.from(column('integers', nRows, 2), x => Math.abs(x) % 7),
        column('normal', nRows, 3),
      ]
      const out = new Uint8Array(nRows * 3 + 20).fill(77)
      binColumns(mappers.map(binLookup), columns, nRows, out, 10)
      const expected = new Uint8Array(nRows * 3 + 20).fill(77)
      for (let i = 0; i < nRows * 3; i++) {
        const feature = i % 3
        expected[10 + i] = toBin(mappers[feature]!, columns[feature]![Math.floor(i / 3)]!)
      }
      assert.ok(Buffer.from(out).equals(expected), `${nRows} rows`)
    }
  })

  it('refuses columns that do not fit', () => {
    const lookup = binLookup(integerMapper(5, 'none'))
    const out = new Uint8Array(10)
    const values = new Float64Array(10)
    assert.throws(() => binColumns([lookup], [], 1, out), /0 columns for 1/)
    assert.throws(() => binColumns([lookup], [new Int32Array(1)], 1, out), /column 0 does not hold/)
    assert.throws(() => binColumns([lookup], [values], 11, out), /10 bytes/)
    assert.throws(() => binColumns([lookup], [values.subarray(5)], 10, out), /5 rows for 10/)
    assert.throws(() => binColumns([lookup], [values], 10, out, 1), /10 bytes/)
  })
})
