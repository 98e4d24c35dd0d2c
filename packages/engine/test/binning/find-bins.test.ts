import assert from 'node:assert/strict'
import fc from 'fast-check'
import { distinctValues, partOfValues } from '../../src/binning/distinct-values.js'
import { findCategoricalBins } from '../../src/binning/find-categorical-bins.js'
import { findNumericBins, type NumericBinOptions } from '../../src/binning/find-numeric-bins.js'
import { greedyBounds } from '../../src/binning/greedy-bounds.js'
import { nextUp } from '../../src/numeric/next-up.js'
import { valueToBin } from '../../src/binning/reference.js'
import { referenceGreedyBounds } from '../../src/binning/reference-bounds.js'
import { isTrivial, preFilterCount } from '../../src/binning/trivial.js'
import type { SampledValues } from '../../src/binning/sampled-values.js'
import { ValueSample } from '../../src/binning/value-sample.js'

const defaults: NumericBinOptions = {
  maxBin: 255,
  minDataInBin: 3,
  useMissing: true,
  zeroAsMissing: false,
}

function sampleOf(values: readonly number[]): SampledValues {
  const sample = new ValueSample()
  sample.add(Float64Array.from(values), null)
  return sample.finish()
}

describe('greedyBounds', () => {
  it('is what going value by value comes to', () => {
    // few rows, and many: values that are big for some numbers of bins, alone and side by side
    const count = fc.oneof(
      { weight: 4, arbitrary: fc.constant(1) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 6 }) },
      { weight: 1, arbitrary: fc.integer({ min: 10, max: 200 }) })
    const property = fc.property(
      fc.array(count, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 9 }), fc.nat(40), fc.constantFrom(1, 2 * Number.MIN_VALUE),
      (rows, maxBin, minDataInBin, skipped, gap) => {
        const values = Float64Array.from(rows, (_, i) => i * gap)
        const counts = Uint32Array.from(rows)
        const start = Math.min(skipped, rows.length - 1)
        const own = { values: values.subarray(start), counts: counts.subarray(start) }
        const total = own.counts.reduce((sum, n) => sum + n, 0)
        assert.deepEqual(
          greedyBounds(
            partOfValues(distinctValues(values, counts), start), maxBin, total, minDataInBin),
          referenceGreedyBounds(own, maxBin, total, minDataInBin))
      })
    fc.assert(property, { numRuns: 3000, seed: 44 })
  })
})

describe('findNumericBins', () => {
  it('keeps its promises for any values', () => {
    const value = fc.oneof(
      fc.double(),
      fc.constantFrom(0, NaN, Infinity, -Infinity, Number.MAX_VALUE, -Number.MAX_VALUE, 1e-36),
      fc.integer({ min: -5, max: 5 }),
    )
    const options = fc.record({
      maxBin: fc.integer({ min: 2, max: 255 }),
      minDataInBin: fc.integer({ min: 1, max: 9 }),
      useMissing: fc.boolean(),
      zeroAsMissing: fc.boolean(),
    })
    const property = fc.property(fc.array(value, { maxLength: 400 }), options, (values, chosen) => {
      const { mapper, counts } = findNumericBins(sampleOf(values), chosen)
      const bounds = mapper.upperBounds
      assert.ok(mapper.nBins <= chosen.maxBin)
      assert.equal(mapper.nBins, bounds.length + (mapper.missing === 'nan' ? 1 : 0))
      assert.equal(bounds.at(-1), Infinity)
      for (let i = 1; i < bounds.length; i++) assert.ok(bounds[i - 1]! < bounds[i]!)
      // Bounds are thresholds of the model, which must be finite.
      assert.ok(bounds.subarray(0, -1).every(Number.isFinite))
      assert.equal(mapper.zeroBin, valueToBin(mapper, 0))
      const missingBin = { none: -1, nan: mapper.nBins - 1, zero: mapper.zeroBin }[mapper.missing]
      assert.equal(mapper.missingBin, missingBin)
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        values.length,
      )
      if (!chosen.useMissing) assert.equal(mapper.missing, 'none')
    })
    fc.assert(property, { numRuns: 500, seed: 20 })
  })

  it('tells infinite values from finite ones', () => {
    const values = [-Infinity, -1e308, -1, 1, 1.7e308, Infinity].flatMap(x => [x, x, x])
    const { mapper, counts } = findNumericBins(sampleOf(values), defaults)
    assert.deepEqual(counts, [3, 3, 3, 0, 3, 3, 3])
    assert.ok(mapper.upperBounds.subarray(0, -1).every(Number.isFinite))
  })

  it('gives one bin to a column without rows', () => {
    const { mapper, counts } = findNumericBins(sampleOf([]), defaults)
    assert.deepEqual([...mapper.upperBounds], [Infinity])
    assert.deepEqual(counts, [0])
  })

  it('refuses a number of bins that does not fit', () => {
    for (const maxBin of [1, 65_536, 3.5, NaN]) {
      assert.throws(() => findNumericBins(sampleOf([1]), { ...defaults, maxBin }), /maxBin/)
    }
  })
})

describe('findCategoricalBins', () => {
  it('orders by count, then by code, and drops the rare last percent', () => {
    const counts = Uint32Array.of(5, 0, 400, 5, 590, 5)
    const found = findCategoricalBins({ counts, missingCount: 7 }, { maxBin: 3, minDataInBin: 3 })
    // 995 rows of 1005 are enough: 4, 2 and the first category of 5 rows.
    assert.deepEqual([...found.mapper.codes], [4, 2, 0])
    assert.deepEqual(found.counts, [17, 590, 400, 5])
  })

  it('ends at 256 bins', () => {
    const counts = new Uint32Array(1000).fill(10)
    const { mapper } = findCategoricalBins(
      { counts, missingCount: 0 },
      { maxBin: 255, minDataInBin: 1 },
    )
    assert.equal(mapper.nBins, 256)
    assert.deepEqual([...mapper.codes], [...Array(255).keys()])
  })

  it('has bin 0 alone where nothing was seen', () => {
    const empty = { counts: new Uint32Array(0), missingCount: 4 }
    const found = findCategoricalBins(empty, { maxBin: 255, minDataInBin: 1 })
    assert.equal(found.mapper.nBins, 1)
    assert.deepEqual(found.counts, [4])
    assert.ok(isTrivial(found, null))
  })
})

describe('preFilterCount', () => {
  it('scales to the sample and rounds down', () => {
    assert.equal(preFilterCount(20, 1000, 1000), 20)
    assert.equal(preFilterCount(20, 333, 1000), 6)
    assert.equal(preFilterCount(20, 0, 0), 0)
  })
})

describe('isTrivial', () => {
  it('without filter only finds features of one bin', () => {
    const found = findNumericBins(sampleOf([...Array<number>(50).fill(0), 1]), {
      ...defaults,
      minDataInBin: 1,
    })
    assert.equal(isTrivial(found, null), false)
    assert.equal(isTrivial(found, 1), false)
    assert.equal(isTrivial(found, 2), true)
  })
})

describe('nextUp', () => {
  it('is the least double above', () => {
    const property = fc.property(fc.double({ noNaN: true }), x => {
      fc.pre(x !== Infinity)
      const above = nextUp(x)
      assert.ok(above > x)
      // Nothing lies between: a midpoint rounds to one of the two.
      const middle = x / 2 + above / 2
      if (Math.abs(x) > 1e-300 && Number.isFinite(above + x)) {
        assert.ok(middle === x || middle === above)
      }
    })
    fc.assert(property, { numRuns: 1000, seed: 21 })
  })

  it('crosses zero, word boundaries and the ends', () => {
    assert.equal(nextUp(0), Number.MIN_VALUE)
    assert.equal(nextUp(-0), Number.MIN_VALUE)
    assert.ok(Object.is(nextUp(-Number.MIN_VALUE), -0))
    assert.equal(nextUp(1), 1 + Number.EPSILON)
    assert.equal(nextUp(-1), -1 + Number.EPSILON / 2)
    assert.equal(nextUp(1 - Number.EPSILON / 2), 1)
    assert.equal(nextUp(Number.MAX_VALUE), Infinity)
    assert.equal(nextUp(-Infinity), -Number.MAX_VALUE)
    assert.equal(nextUp(Infinity), Infinity)
    assert.ok(Number.isNaN(nextUp(NaN)))
  })
})
