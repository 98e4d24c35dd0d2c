import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Feature } from '../../src/types.js'
import { type CsrMatrix, CsrRows, isCsr } from '../../src/predict/csr.js'
import { type PredictInput, RowEncoder } from '../../src/predict/input.js'
import { packedSource } from '../../src/predict/packed-source.js'

const numeric = (nFeatures: number): Feature[] => Array.from({ length: nFeatures }, (_, f) =>
  ({ name: `f${f}`, kind: 'numeric', missing: 'nan' }))

function encode(input: PredictInput, features: readonly Feature[], first = 0): Float64Array {
  const source = new RowEncoder({ features }).source(input, new Int32Array(0))
  const out = new Float64Array((source.nRows - first) * features.length).fill(99)
  source.fill(first, source.nRows - first, out)
  return out
}

const small: CsrMatrix = {
  data: Float64Array.of(1, -0, NaN, 2.5),
  indices: Int32Array.of(2, 0, 1, 0),
  indptr: Int32Array.of(0, 2, 2, 4),
  shape: [3, 3],
}

describe('CsrMatrix as rows of a predictor', () => {
  it('is the dense matrix of the same numbers, whatever the order of a row', () => {
    assert.ok(isCsr(small) && !isCsr({ data: [1], shape: [1, 1] }))
    const wanted = Float64Array.of(0, 0, 1, 0, 0, 0, 2.5, NaN, 0)
    assert.deepEqual(encode(small, numeric(3)), wanted)
    assert.deepEqual(encode({ ...small, data: [...wanted.subarray(2, 3), -0, NaN, 2.5],
      indices: [2, 0, 1, 0], indptr: [0, 2, 2, 4] }, numeric(3)), wanted)
    const value = fc.constantFrom(0, -0, 1, -2.5, NaN, Infinity)
    const row = fc.uniqueArray(fc.tuple(fc.nat(6), value), { selector: ([column]) => column })
    fc.assert(fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
      const entries = rows.flat()
      const indptr = [0]
      for (const own of rows) indptr.push(indptr.at(-1)! + own.length)
      const dense = new Float64Array(rows.length * 7)
      rows.forEach((own, r) => own.forEach(([column, x]) => {
        dense[r * 7 + column] = x + 0
      }))
      const csr: CsrMatrix = {
        data: Float64Array.from(entries, ([, x]) => x),
        indices: Uint16Array.from(entries, ([column]) => column),
        indptr: Uint32Array.from(indptr),
        shape: [rows.length, 7],
      }
      for (const first of [0, rows.length >> 1]) {
        assert.deepEqual(encode(csr, numeric(7), first), dense.subarray(first * 7))
      }
    }), { seed: 2, numRuns: 100 })
  })

  it('is packed without the features that no tree looks at', () => {
    const features: Feature[] = [...numeric(3),
      { name: 'c', kind: 'categorical', categories: [0, 5, 7] }, ...numeric(2)]
    const csr = {
      data: [1, 2, 5, NaN, 3, 7, 4], indices: [0, 2, 3, 5, 2, 3, 4], indptr: [0, 4, 4, 6, 7],
      shape: [4, 6],
    } as const
    const source = new RowEncoder({ features }).source(csr, Int32Array.of(2, 5))
    assert.equal(source.nPacked, 3)
    const packed = source.pack(0, 4, (length) => new Float64Array(length + 2).fill(99))
    // categories stay, so that what is none is refused
    assert.deepEqual(packed.features, Int32Array.of(2, 3, 5))
    assert.deepEqual(packed.values, Float64Array.of(2, 1, NaN, 0, 0, 0, 3, 2, 0, 0, 0, 0))
    const again = packedSource(packed, 6)
    const whole = new Float64Array(12)
    again.fill(1, 2, whole)
    assert.deepEqual(whole, Float64Array.of(0, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0))
    assert.deepEqual(again.pack(2, 1, () => assert.fail()).values, Float64Array.of(3, 2, 0))
  })

  it('reads categories by value: what is absent is the category 0', () => {
    const features: Feature[] = [
      ...numeric(1), { name: 'c', kind: 'categorical', categories: [0, 5, 7] }]
    const csr = { data: [7, 1], indices: [1, 0], indptr: [0, 1, 2], shape: [2, 2] } as const
    assert.deepEqual(encode(csr, features), Float64Array.of(0, 2, 1, 0))
  })

  it('leaves columns alone that have its names', () => {
    const features: Feature[] = ['data', 'shape', 'indices', 'indptr'].map((name) =>
      ({ name, kind: 'numeric', missing: 'nan' }))
    assert.deepEqual(encode({ data: [1], shape: [2], indices: [3], indptr: [4] }, features),
      Float64Array.of(1, 2, 3, 4))
  })

  it('refuses what is no such matrix, naming what is wrong and the row', () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ shape: [3, 2] }, /must have shape \[rows, 3\].*got shape \[3, 2\]/],
      [{ shape: [2, 3] }, /of shape \[2, 3\] must have rows \+ 1 values in indptr, got 4/],
      [{ shape: [3, 3, 1] }, /of shape \[3, 3, 1\] must/],
      [{ shape: [3, 1.5] }, /of shape \[3, 1\.5\] must/],
      [{ indices: [2, 0, 1] }, /as many indices as values in data, got 3 and 4/],
      [{ indptr: [1, 2, 2, 4] }, /an indptr from 0 to the number of values, 4; it goes from 1/],
      [{ indptr: [0, 2, 2, 3] }, /it goes from 0 to 3/],
      [{ indptr: [0, 3, 2, 4] }, /must not descend, but goes from 3 to 2 at row 1/],
      [{ indptr: [0, 5, 2, 4] }, /must not descend, but goes from 0 to 5 at row 0/],
      [{ indptr: [0, 1.5, 2, 4] }, /goes from 0 to 1\.5 at row 0/],
      [{ indices: [2, 0, 3, 0] }, /the column index 3 in row 2; .* from 0 to 2/],
      [{ indices: [2, 0, 1, -1] }, /the column index -1 in row 2/],
      [{ indices: ['2', 0, 1, 0] }, /the column index "2" in row 0/],
      [{ indices: BigInt64Array.of(2n, 0n, 1n, 0n) }, /the column index the bigint 2 in row 0/],
      [{ indices: [2, 2, 1, 0] }, /has column 2 twice in row 0; sum_duplicates/],
      [{ data: [1, 0, null, 2] }, /has null in row 2, column 1; values must be numbers/],
    ]
    for (const [change, message] of cases) {
      const rows = { ...small, ...change } as CsrMatrix
      assert.throws(() => encode(rows, numeric(3)), { code: 'DATA', message })
    }
  })

  it('counts the values of columns, again and in any order', () => {
    const rows = new CsrRows(small)
    for (let i = 0; i < 2; i++) {
      assert.deepEqual([...rows.countValues(2, 3)], [1, 1, 0])
      assert.deepEqual([...rows.countValues(0, 3)], [2, 1, 1])
      assert.deepEqual([...rows.countValues(1, 2)], [0, 0, 0])
    }
  })
})
