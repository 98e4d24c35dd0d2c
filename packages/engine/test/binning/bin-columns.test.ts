import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { binColumns, binMatrix } from '../../src/binning/bin-columns.js'
import {
  binOfCode, binOfValue, type CategoricalLookup, type NumericLookup,
} from '../../src/binning/bin-values.js'
import { cellSearch } from '../../src/binning/cell-search.js'
import { rowBytes } from '../../src/row-bytes.js'
import { boundsOf, lookupOf, searched } from '../kernels/search-contract.js'

/** Bounds of all magnitudes in clusters of all sizes: some cannot be put into cells. */
function drawnBounds(random: TestRandom): number[] {
  const nClusters = 1 + random.below(6)
  const clusters = Array.from({ length: nClusters }, () => ({
    middle: (random.below(3) - 1) * 10 ** (random.below(40) - 20),
    width: 10 ** (random.below(30) - 20),
  }))
  return Array.from({ length: random.below(255) }, () => {
    const { middle, width } = clusters[random.below(nClusters)]!
    return middle + (random.below(2000) - 1000) / 1000 * width
  })
}

/** Lookups of all ways, of bins of two bytes, and of bounds without cells. */
function allLookups(): NumericLookup[] {
  const random = new TestRandom(5)
  return [
    ...Object.values(boundsOf).flat().map(lookupOf),
    lookupOf(Array.from({ length: 700 }, (_, i) => i / 3)),
    lookupOf(Array.from({ length: 254 }, (_, i) => (i % 2) * 1e30 + i * (i % 2 === 0 ? 1e-30 : 1))),
    ...Array.from({ length: 60 }, () => lookupOf(drawnBounds(random))),
  ]
}

const lookups = allLookups()
const nRows = 1100
const columns = lookups.map(({ bounds }, f) => {
  const finite = [...bounds.filter(Number.isFinite)]
  const random = new TestRandom(f)
  return Float64Array.from(searched(finite, random))
})

/** Rows by definition. */
function expectedRows(values: (f: number, row: number) => number): Uint8Array {
  const wide = lookups.flatMap(({ nBins }, f) => nBins > 256 ? [f] : [])
  const rows = Array.from({ length: nRows }, (_, row) => {
    const bins = lookups.map((lookup, f) => binOfValue(lookup, values(f, row)))
    return [...bins.map((bin) => bin & 255), ...wide.map((f) => bins[f]! >> 8)]
  })
  return Uint8Array.from(rows.flat())
}

const nBytes = nRows * rowBytes(lookups.map(({ nBins }) => nBins))

describe('cellSearch', () => {
  it('knows when it cannot', () => {
    const ways = lookups.map((lookup) => cellSearch(lookup)?.way ?? 'none')
    for (const way of ['short', 'long', 'curved', 'none']) assert.ok(ways.includes(way as 'short'))
  })
})

describe('binColumns, where it searches cells', () => {
  it('finds the bins that comparing with all bounds finds', () => {
    const out = new Uint8Array(nBytes)
    binColumns(lookups, columns, nRows, out)
    assert.ok(Buffer.from(out).equals(expectedRows((f, row) => columns[f]![row]!)))
  })
})

describe('binColumns, where it looks codes up', () => {
  it('finds the bins of any number of codes, beside those of values', () => {
    const random = new TestRandom(3)
    const ofCodes = [3, 300, 5000, 0].map((nCodes): CategoricalLookup => ({
      kind: 'categorical', nBins: 200, otherBin: 7,
      bins: Uint8Array.from({ length: nCodes }, () => random.below(200)),
    }))
    const wide: CategoricalLookup = {
      kind: 'categorical', nBins: 600, otherBin: 511,
      bins: Uint16Array.from({ length: 40 }, () => random.below(600)),
    }
    const mixed = [...ofCodes, lookups[4]!, wide]
    const given = mixed.map((lookup) => lookup.kind === 'numeric' ? columns[4]!
      : Int32Array.from({ length: nRows }, () => random.below(lookup.bins.length + 5) - 3))
    const binOf = (f: number, row: number): number => {
      const lookup = mixed[f]!
      const value = given[f]![row]!
      return lookup.kind === 'numeric' ? binOfValue(lookup, value) : binOfCode(lookup, value)
    }
    const out = new Uint8Array(nRows * rowBytes(mixed.map(({ nBins }) => nBins)))
    binColumns(mixed, given, nRows, out)
    const expected = Array.from({ length: nRows }, (_, row) => {
      const bins = [...mixed.keys()].map((f) => binOf(f, row))
      return [...bins.map((bin) => bin & 255), bins.at(-1)! >> 8]
    })
    assert.ok(Buffer.from(out).equals(Uint8Array.from(expected.flat())))
  })
})

describe('binMatrix', () => {
  it('bins the wanted columns of rows as binColumns does', () => {
    const nColumns = lookups.length + 2
    for (const Numbers of [Float64Array, Float32Array]) {
      const data = new Numbers((nRows + 3) * nColumns).fill(0.5)
      const places = lookups.map((_, f) => lookups.length - f)
      for (const [f, column] of columns.entries()) {
        column.forEach((value, row) => { data[(row + 2) * nColumns + places[f]!] = value })
      }
      const out = new Uint8Array(nBytes + 9).fill(77)
      binMatrix(lookups, { data, nColumns }, places, 2, nRows, out, 4)
      assert.ok(out.subarray(0, 4).every((byte) => byte === 77))
      assert.ok(out.subarray(nBytes + 4).every((byte) => byte === 77))
      assert.ok(Buffer.from(out.subarray(4, nBytes + 4)).equals(
        expectedRows((f, row) => data[(row + 2) * nColumns + places[f]!]!)), Numbers.name)
    }
  })

  it('bins more features than are laid out for the kernels', () => {
    // before it was the memory of kernels that earlier calls happened to leave
    for (const [nColumns, rows] of [[4096, 30], [4097, 30], [5000, 600]] as const) {
      const bounds = Array.from({ length: nColumns }, (_, f) => [f % 7 - 3, f % 5 + 4])
      const many = bounds.map(lookupOf)
      const data = Float32Array.from({ length: rows * nColumns }, (_, i) => i * 7919 % 23 / 2 - 5)
      const out = new Uint8Array(rows * nColumns)
      binMatrix(many, { data, nColumns }, many.map((_, f) => f), 0, rows, out)
      const wanted = Uint8Array.from(data, (value, i) =>
        bounds[i % nColumns]!.filter((bound) => bound < value).length)
      assert.ok(Buffer.from(out).equals(wanted), `${nColumns} features`)
    }
  })

  it('refuses what does not fit', () => {
    const lookup = lookupOf([1])
    const matrix = { data: new Float64Array(8), nColumns: 2 }
    const out = new Uint8Array(4)
    assert.throws(() => binMatrix([lookup], matrix, [], 0, 4, out), /0 columns for 1/)
    assert.throws(() => binMatrix([lookup], matrix, [2], 0, 4, out), /columns of 2/)
    assert.throws(() => binMatrix([lookup], matrix, [1], 1, 4, out), /rows up to 5/)
    assert.throws(() => binMatrix([lookup], matrix, [1], 0, 4, out, 1), /4 bytes/)
  })
})
