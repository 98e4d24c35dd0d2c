import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { sha256, toHex } from '@coppice/model'
import { CategorySample } from '../../src/binning/category-sample.js'
import { findCategoricalBins } from '../../src/binning/find-categorical-bins.js'
import { findNumericBins, type FoundBins } from '../../src/binning/find-numeric-bins.js'
import { toBin } from '../../src/binning/reference.js'
import { isTrivial, preFilterCount } from '../../src/binning/trivial.js'
import { ValueSample } from '../../src/binning/value-sample.js'
import { column } from './recipes.js'

interface GoldenCase {
  readonly recipe: string
  readonly n: number
  readonly seed: number
  readonly max_bin: number
  readonly min_data_in_bin: number
  readonly use_missing: boolean
  readonly zero_as_missing: boolean
  readonly nBins: number
  readonly missing?: string
  readonly bounds?: readonly number[]
  readonly categories?: readonly number[]
  /** Of many bins, instead of the bounds (doubles) or categories (int32): their SHA-256. */
  readonly hash?: string
  readonly filtered: Readonly<Record<string, boolean>>
}

const golden = JSON.parse(
  readFileSync(new URL('../../../test/binning/lightgbm-bins.json', import.meta.url), 'utf8'),
) as { readonly numeric: readonly GoldenCase[]; readonly categorical: readonly GoldenCase[] }

function title(test: GoldenCase): string {
  const { recipe, n, seed, max_bin, min_data_in_bin, use_missing, zero_as_missing } = test
  return JSON.stringify({ recipe, n, seed, max_bin, min_data_in_bin, use_missing, zero_as_missing })
}

/** Pre-filter as LightGBM, and counts that are those of the rows' bins. */
function checkFound(test: GoldenCase, found: FoundBins, rows: ArrayLike<number>): void {
  for (const [least, isFiltered] of Object.entries(test.filtered)) {
    const filterCount = preFilterCount(Number(least), test.n, test.n)
    assert.equal(isTrivial(found, filterCount), isFiltered, `${title(test)} ${least}`)
  }
  const counts = new Array<number>(found.mapper.nBins).fill(0)
  for (let row = 0; row < rows.length; row++) counts[toBin(found.mapper, rows[row]!)]!++
  assert.deepEqual(found.counts, counts, title(test))
}

function hashOf(values: Float64Array | Int32Array): string {
  return toHex(sha256(new Uint8Array(values.buffer, 0, values.byteLength)))
}

describe('findNumericBins', () => {
  it('finds the bins of LightGBM', () => {
    let nFiltered = 0
    let nWide = 0
    for (const test of golden.numeric) {
      const values = column(test.recipe, test.n, test.seed)
      const sample = new ValueSample(test.n)
      sample.add(values, null)
      const found = findNumericBins(sample.finish(), {
        maxBin: test.max_bin,
        minDataInBin: test.min_data_in_bin,
        useMissing: test.use_missing,
        zeroAsMissing: test.zero_as_missing,
      })
      assert.equal(found.mapper.nBins, test.nBins, title(test))
      if (test.bounds !== undefined) {
        const expected = [...test.bounds, Infinity]
        assert.deepEqual([...found.mapper.upperBounds], expected, title(test))
        assert.equal(found.mapper.missing, test.missing, title(test))
      } else if (test.hash !== undefined) {
        assert.equal(hashOf(found.mapper.upperBounds.slice(0, -1)), test.hash, title(test))
        assert.equal(found.mapper.missing, test.missing, title(test))
        nWide++
      }
      if (test.recipe !== 'neighbours') checkFound(test, found, values)
      nFiltered += Object.values(test.filtered).filter(is => is).length
    }
    assert.ok(golden.numeric.length > 150 && nFiltered > 100 && nWide > 30)
  })
})

describe('findCategoricalBins', () => {
  it('finds the bins of LightGBM', () => {
    for (const test of golden.categorical) {
      const values = column(test.recipe, test.n, test.seed)
      const dictionary = [...new Set(values)].filter(x => !Number.isNaN(x)).sort((a, b) => a - b)
      const codes = Int32Array.from(values, value => dictionary.indexOf(value))
      const sample = new CategorySample()
      sample.add(codes, null)
      const found = findCategoricalBins(sample.finish(), {
        maxBin: test.max_bin,
        minDataInBin: test.min_data_in_bin,
      })
      const categories = Array.from(found.mapper.codes, code => dictionary[code])
      assert.equal(found.mapper.nBins, test.nBins, title(test))
      if (test.categories !== undefined) {
        assert.deepEqual(categories, test.categories, title(test))
      } else if (test.hash !== undefined) {
        assert.equal(hashOf(Int32Array.from(categories, Number)), test.hash, title(test))
      }
      checkFound(test, found, codes)
    }
    assert.ok(golden.categorical.length > 80)
  })
})
