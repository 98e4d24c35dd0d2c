import assert from 'node:assert/strict'
import fc from 'fast-check'
import { binFloats } from '../../src/binning/bin-floats.js'
import { binLookup, binOfCode, type CategoricalLookup } from '../../src/binning/bin-values.js'
import { type FloatLookup, floatLookup } from '../../src/binning/number-table.js'
import type { CategoricalBinMapper } from '../../src/dataset.js'
import { rowBytes } from '../../src/row-bytes.js'

const whole = fc.oneof(
  fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, 255, 256, 4095, 4096, 65_535))
const odd = fc.constantFrom(-1, -0, 0.5, 65_536, 2 ** 31, 2 ** 32, 2 ** 32 + 1, -(2 ** 31), NaN,
  Infinity, -Infinity)

/** A feature whose bins above 0 are those of some of its categories. */
function mapperOf(codes: readonly number[], nBins: number): CategoricalBinMapper {
  return { kind: 'categorical', codes: Int32Array.from(codes), nBins } as CategoricalBinMapper
}

/** The bin by way of the code. */
function expectedBin(
  mapper: CategoricalBinMapper, categories: readonly (string | number)[], value: number,
): number {
  const code = categories.findIndex((category) => category === value)
  return binOfCode(binLookup(mapper) as CategoricalLookup, code)
}

describe('bins of categories among floats', () => {
  it('are those of their codes, in matrices and columns of floats and doubles', () => {
    fc.assert(fc.property(
      fc.uniqueArray(whole, { minLength: 1, maxLength: 20 }),
      fc.array(fc.oneof(whole, odd), { minLength: 1, maxLength: 60 }),
      fc.boolean(), fc.boolean(), fc.integer({ min: 0, max: 3 }),
      (categories, values, isWide, isMatrix, nWithout) => {
        // the last categories have no bin of their own
        const nOwn = Math.max(1, categories.length - nWithout)
        const codes = Array.from({ length: nOwn }, (_, i) => i).reverse()
        const mapper = mapperOf(codes, isWide ? 300 : nOwn + 1)
        const lookup = floatLookup(binLookup(mapper), categories)
        assert.ok(lookup !== null)
        for (const Floats of [Float32Array, Float64Array]) {
          const stride = isMatrix ? 3 : 1
          const data = new Floats(values.length * stride + 4).fill(7)
          values.forEach((value, row) => { data[4 + row * stride] = value })
          const columns = isMatrix
            ? [{ data, start: 1, stride }, { data, start: 1, stride }]
            : [{ data, start: 1, stride }, { data: data.slice(), start: 1, stride }]
          const lookups: FloatLookup[] = [lookup, lookup]
          const bytes = rowBytes([mapper.nBins, mapper.nBins])
          const out = new Uint8Array(values.length * bytes)
          const firstRow = 3 / stride
          binFloats(lookups, columns, firstRow, values.length, out)
          values.forEach((_, row) => {
            // what a float makes of it
            const bin = expectedBin(mapper, categories, data[4 + row * stride]!)
            for (const f of [0, 1]) {
              const found = out[row * bytes + f]! | (isWide ? out[row * bytes + 2 + f]! << 8 : 0)
              assert.equal(found, bin, `${data[4 + row * stride]} in row ${row}`)
            }
          })
        }
      }), { numRuns: 300, seed: 5 })
  })

  it('bins many rows at once, beside numbers', () => {
    const n = 20_000
    const categories = Array.from({ length: 3000 }, (_, i) => i * 7 % 20_000)
    const mapper = mapperOf(Array.from({ length: 254 }, (_, i) => i * 11), 255)
    const numeric = binLookup({
      kind: 'numeric', upperBounds: Float64Array.of(10, 400, Infinity), nBins: 3, zeroBin: 0,
      missing: 'none',
    } as never)
    assert.ok(numeric.kind === 'numeric')
    const table = floatLookup(binLookup(mapper), categories)!
    const data = Float32Array.from({ length: 2 * n }, (_, i) => i * 31 % 20_011)
    const out = new Uint8Array(2 * n)
    const columns = [0, 1].map((start) => ({ data, start, stride: 2 }))
    binFloats([table, numeric], columns, 0, n, out)
    const apart = new Uint8Array(2 * n)
    const own = columns.map((column) => ({ ...column, data: data.slice() }))
    binFloats([table, numeric], own, 0, n, apart)
    assert.ok(Buffer.from(out).equals(apart))
    let nOwn = 0
    for (let row = 0; row < n; row++) {
      const bin = expectedBin(mapper, categories, data[2 * row]!)
      assert.equal(out[2 * row], bin)
      if (bin > 0) nOwn++
      assert.equal(out[2 * row + 1], [10, 400].filter((bound) => bound < data[2 * row + 1]!).length)
    }
    assert.ok(nOwn > 200, `${nOwn} rows of categories with a bin`)
  })

  it('take codes where a category with a bin is no small whole number', () => {
    for (const category of ['3', -1, 0.5, 65_536]) {
      assert.equal(floatLookup(binLookup(mapperOf([0, 1], 3)), [2, category]), null)
      const table = floatLookup(binLookup(mapperOf([0], 2)), [2, category])
      assert.ok(table !== null && table.kind === 'numbers', String(category))
      assert.deepEqual([...table.bins], [0, 0, 1])
    }
    const lookup = binLookup(mapperOf([], 1))
    assert.deepEqual(floatLookup(lookup, []),
      { kind: 'numbers', nBins: 1, bins: new Uint8Array(0), otherBin: 0 })
  })
})
