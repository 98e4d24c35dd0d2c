import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TestRandom } from '@coppice/testkit'
import {
  CategorySample,
  mergeSampledCategories,
  recodeSampledCategories,
} from '../../src/binning/category-sample.js'
import { sampledOffsets, sampleRule } from '../../src/binning/sample.js'
import { sampleColumns } from '../../src/binning/sample-columns.js'
import {
  mergeSampledValues,
  sampleCodes,
  sampledRowCount,
  ValueSample,
  zeroThreshold,
} from '../../src/binning/value-sample.js'
import type { SampledValues } from '../../src/binning/sampled-values.js'
import { rowDraw } from '../../src/random.js'
import { column } from './recipes.js'

/** The obvious collector. */
function countNaively(values: readonly number[]): SampledValues {
  const counts = new Map<number, number>()
  let zeroCount = 0
  let nanCount = 0
  for (const value of values) {
    if (Number.isNaN(value)) nanCount++
    else if (Math.abs(value) <= zeroThreshold) zeroCount++
    else counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const pairs = [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1))
  return {
    values: Float64Array.from(pairs, pair => pair[0]),
    counts: Uint32Array.from(pairs, pair => pair[1]),
    zeroCount,
    nanCount,
  }
}

function collect(values: readonly number[]): SampledValues {
  const sample = new ValueSample(0)
  sample.add(Float64Array.from(values), null)
  return sample.finish()
}

const anyValue = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e-35, zeroThreshold, -zeroThreshold, 2e-35),
  fc.integer({ min: -4, max: 4 }),
)

describe('sampledOffsets', () => {
  it('takes every row where the data have no more than the sample', () => {
    assert.equal(sampledOffsets(sampleRule(1000, 1000, 1), 0, 1000), null)
    assert.notEqual(sampledOffsets(sampleRule(1001, 1000, 1), 0, 1001), null)
  })

  it('is the same set of rows for every partitioning', () => {
    const nRows = 150_000
    const rule = sampleRule(nRows, 3000, 1)
    const whole = Array.from({ length: nRows }, (_, row) => row)
      .filter((row) => rowDraw(rule.start, row) < rule.limit)
    for (const size of [7, 3333, 65_536, 70_001, nRows]) {
      const parts: number[] = []
      for (let first = 0; first < nRows; first += size) {
        const offsets = sampledOffsets(rule, first, Math.min(size, nRows - first))!
        parts.push(...offsets.map(offset => first + offset))
      }
      assert.deepEqual(parts, whole)
    }
  })

  it('takes about as many rows as wanted, other ones for another seed', () => {
    const taken = sampledOffsets(sampleRule(100_000, 20_000, 1), 0, 100_000)!
    // 6 standard deviations of the binomial distribution.
    assert.ok(Math.abs(taken.length - 20_000) < 6 * Math.sqrt(16_000), String(taken.length))
    const other = new Set(sampledOffsets(sampleRule(100_000, 20_000, 2), 0, 100_000))
    const nShared = taken.filter(row => other.has(row)).length
    assert.ok(Math.abs(nShared - 4000) < 6 * Math.sqrt(4000), String(nShared))
  })
})

describe('ValueSample', () => {
  it('gives what the obvious collector gives', () => {
    const property = fc.property(fc.array(anyValue, { maxLength: 200 }), values => {
      assert.deepEqual(collect(values), countNaively(values))
      assert.equal(sampledRowCount(collect(values)), values.length)
    })
    fc.assert(property, { numRuns: 300, seed: 11 })
  })

  it('takes only the sampled rows', () => {
    const sample = new ValueSample()
    sample.add(Float64Array.of(5, 6, 0, NaN, 6), Int32Array.of(1, 3, 4))
    const expected = countNaively([6, NaN, 6])
    assert.deepEqual(sample.finish(), expected)
    sample.add(Float64Array.of(5), null)
    assert.deepEqual(sample.finish(), countNaively([6, NaN, 6, 5]))
  })
})

describe('sampleColumns', () => {
  /** Of each column every value, or those of the sampled rows. */
  const check = (
    nRows: number, nColumns: number, columns: readonly number[], share: number,
    make: (values: readonly number[]) => Float32Array | Float64Array,
  ): void => {
    const random = new TestRandom(nRows + nColumns)
    const kinds = [
      () => random.below(9) - 4, () => [0, NaN, 3][random.below(3)]!,
      () => random.below(nRows > 1000 ? 50 : 1e9) / 1e9 - 0.5,
    ]
    const firstRow = 3
    const data = make(Array.from({ length: (firstRow + nRows) * nColumns }, (_, i) =>
      kinds[i % nColumns % 3]!()))
    const rule = sampleRule(nRows, Math.round(nRows * share), 5)
    const offsets = sampledOffsets(rule, 0, nRows)
    const rows = offsets ?? Array.from({ length: nRows }, (_, row) => row)
    // in a matrix, and each by itself
    const inMatrix = columns.map((c) =>
      ({ data, start: firstRow * nColumns + c, stride: nColumns }))
    const alone = columns.map((c) => ({
      data: data.filter((_, i) => i % nColumns === c), start: firstRow, stride: 1 }))
    for (const own of [inMatrix, alone, [...inMatrix, ...alone]]) {
      const found: SampledValues[] = []
      sampleColumns(own, nRows, offsets, ({ values, counts, ...rest }, i) => {
        found[i] = { values: values.slice(), counts: counts.slice(), ...rest }
      })
      assert.deepEqual(found, own.map(({ start, stride, data: values }) =>
        countNaively(Array.from(rows, (row) => values[start + row * stride]!))))
    }
  }

  it('samples columns as they are, in any order', () => {
    for (const Values of [Float32Array, Float64Array]) {
      const of = (values: readonly number[]): Float32Array | Float64Array => Values.from(values)
      check(1000, 7, [0, 1, 2, 3, 4, 5, 6], 1, of)
      check(1000, 7, [6, 1, 2], 0.2, of)
      check(257, 1, [0], 1, of)
      check(0, 2, [1, 0], 1, of)
      check(5, 2, [], 1, of)
    }
  })

  it('samples more columns than are gathered at once, and more rows than kernels take', () => {
    check(1_000_000, 5, [0, 1, 2, 3, 4], 1, (values) => Float32Array.from(values))
    check(1_050_000, 2, [1, 0], 1, (values) => Float64Array.from(values))
  }).timeout(20_000)
})

describe('sampleCodes', () => {
  it('is the sample of the values that the codes stand for', () => {
    const dictionary = fc.array(anyValue, { minLength: 1, maxLength: 12 })
    const draws = fc.array(fc.nat(), { maxLength: 60 })
    fc.assert(fc.property(dictionary, draws, draws, (numbers, codeDraws, rowDraws) => {
      const codes = Int32Array.from(codeDraws, draw => (draw % (numbers.length + 1)) - 1)
      const values = Float64Array.from(codes, code => (code < 0 ? NaN : numbers[code]!))
      const rows = new Set(rowDraws.filter(row => row < codes.length))
      for (const offsets of [null, Int32Array.from(rows).sort()]) {
        const expected = new ValueSample()
        expected.add(values, offsets)
        assert.deepEqual(
          sampleCodes(codes, Float64Array.from(numbers), offsets), expected.finish())
      }
    }))
  })
})

describe('mergeSampledValues', () => {
  it('does not depend on order, grouping or where the rows were cut', () => {
    const parts = fc.array(fc.array(anyValue, { maxLength: 40 }), { maxLength: 7 })
    const property = fc.property(parts, chunks => {
      const whole = collect(chunks.flat())
      const samples = chunks.map(collect)
      assert.deepEqual(mergeSampledValues(samples), whole)
      assert.deepEqual(mergeSampledValues(samples.toReversed()), whole)
      const nested = mergeSampledValues(samples.slice(2))
      assert.deepEqual(mergeSampledValues([nested, ...samples.slice(0, 2)]), whole)
    })
    fc.assert(property, { numRuns: 200, seed: 12 })
  })
})

describe('CategorySample', () => {
  const codes = Int32Array.from(column('zipf', 500, 3), x => Math.floor(x / 20) - 1)

  it('counts by code, negative ones as missing', () => {
    const sample = new CategorySample(1)
    sample.add(codes, null)
    const { counts, missingCount } = sample.finish()
    assert.equal(missingCount, codes.filter(code => code < 0).length)
    for (let code = 0; code < 60; code++) {
      assert.equal(counts[code] ?? 0, codes.filter(c => c === code).length, String(code))
    }
    const some = new CategorySample()
    some.add(codes, Int32Array.of(0, 2))
    const nCounted = some.finish().counts.reduce((sum, count) => sum + count, 0)
    assert.equal(nCounted + some.finish().missingCount, 2)
  })

  it('merges in any order to what all rows give', () => {
    const whole = new CategorySample()
    whole.add(codes, null)
    const parts = [0, 100, 130, 500].slice(0, -1).map((start, i) => {
      const part = new CategorySample()
      part.add(codes.subarray(start, [100, 130, 500][i]), null)
      return part.finish()
    })
    assert.deepEqual(mergeSampledCategories(parts), whole.finish())
    assert.deepEqual(mergeSampledCategories(parts.toReversed()), whole.finish())
    assert.deepEqual(mergeSampledCategories([]), new CategorySample().finish())
  })

  it('moves counts to the codes of a common dictionary', () => {
    const local = { counts: Uint32Array.of(3, 5, 7), missingCount: 2 }
    assert.deepEqual(recodeSampledCategories(local, Int32Array.of(4, -1, 0)), {
      counts: Uint32Array.of(7, 0, 0, 0, 3),
      missingCount: 7,
    })
    assert.deepEqual(recodeSampledCategories(local, Int32Array.of(1, 0, 1)), {
      counts: Uint32Array.of(5, 10),
      missingCount: 2,
    })
  })
})
