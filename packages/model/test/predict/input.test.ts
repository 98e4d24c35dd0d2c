import assert from 'node:assert/strict'
import type { Feature } from '../../src/types.js'
import { CoppiceError } from '../../src/errors.js'
import { type PredictInput, type Row, RowEncoder } from '../../src/predict/input.js'

const features: readonly Feature[] = [
  { name: 'age', kind: 'numeric', missing: 'nan' },
  { name: 'color', kind: 'categorical', categories: ['blue', 'red'] },
  { name: 'zip', kind: 'categorical', categories: [10, 20, 30] },
]

function encode(input: PredictInput, of = features): number[] {
  const source = new RowEncoder({ features: of }).source(input, new Int32Array(0))
  const out = new Float64Array(source.nRows * of.length)
  source.fill(0, source.nRows, out)
  return [...out]
}

function assertRefused(input: unknown, message: RegExp, of = features): void {
  assert.throws(() => encode(input as PredictInput, of), (error: unknown) => {
    assert.ok(error instanceof CoppiceError, String(error))
    assert.equal(error.code, 'DATA')
    assert.match(error.message, message)
    return true
  })
}

describe('RowEncoder', () => {
  const wanted = [41, 1, 2, NaN, NaN, NaN, 1, 0, 0, -3.5, NaN, NaN]

  it('gives the same numbers for rows as arrays, as objects and for columns', () => {
    const rows: Row[] = [
      [41, 'red', 30], [null, undefined, NaN], [true, 'blue', 10], [-3.5, 'green', 11],
    ]
    const names = ['age', 'color', 'zip']
    const cells = rows as unknown[][]
    const objects = cells.map((row) =>
      Object.fromEntries([...row.map((cell, f) => [names[f]!, cell] as const), ['extra', {}]]))
    const columns = Object.fromEntries(names.map((name, f) => [name, cells.map((row) => row[f])]))
    assert.deepEqual(encode(rows), wanted)
    assert.deepEqual(encode(objects as Row[]), wanted)
    assert.deepEqual(encode({ ...columns, extra: [1] } as PredictInput), wanted)
  })

  it('reads matrices of both widths, categories by value', () => {
    const numeric = [features[0]!, features[2]!]
    for (const data of [Float64Array.of(1.5, 20, NaN, 25), Float32Array.of(1.5, 20, NaN, 25)]) {
      assert.deepEqual(encode({ data, shape: [2, 2] }, numeric), [1.5, 1, NaN, NaN])
    }
    assert.deepEqual(encode({ data: new Float64Array(0), shape: [0, 2] }, numeric), [])
    // A missing value is fine where categories are strings, a number is not.
    assert.deepEqual(encode({ data: Float64Array.of(1, NaN, 10), shape: [1, 3] }), [1, NaN, 0])
    assertRefused({ data: Float64Array.of(1, 2, 10), shape: [1, 3] },
      /row 0, feature "color" must be a string, as its categories are/)
  })

  it('reads typed rows, typed columns, bigints and dates', () => {
    const numeric = [features[0]!, features[2]!]
    assert.deepEqual(encode([Float32Array.of(1.5, 20), Int32Array.of(2, 30)], numeric),
      [1.5, 1, 2, 2])
    assert.deepEqual(encode({ age: BigInt64Array.of(7n, 8n), zip: Uint8Array.of(10, 11) } as
      unknown as PredictInput, numeric), [7, 0, 8, NaN])
    assert.deepEqual(encode([[new Date(5), true]], [features[0]!,
      { name: 'b', kind: 'categorical', categories: [0, 1] }]), [5, 1])
  })

  it('finds -0 where the dictionary has 0', () => {
    const zero: Feature[] = [{ name: 'z', kind: 'categorical', categories: [0] }]
    assert.deepEqual(encode([[-0]], zero), [0])
  })

  it('reads no inherited value of a row', () => {
    const odd: Feature[] = [{ name: 'constructor', kind: 'numeric', missing: 'nan' }]
    assertRefused([{}], /row 0 lacks 1 of the model's 1 features: "constructor"/, odd)
    assertRefused({}, /lacks 1 of the model's 1 features: "constructor"/, odd)
    assert.deepEqual(encode([{ constructor: 3 } as unknown as Row], odd), [3])
    const proto: Feature[] = [{ name: '__proto__', kind: 'numeric', missing: 'nan' }]
    assert.deepEqual(encode([JSON.parse('{"__proto__": 4}') as Row], proto), [4])
    assertRefused([{}], /lacks 1 of the model's 1 features: "__proto__"/, proto)
  })

  it('takes data and shape for columns only where the model has both', () => {
    const both: Feature[] = [
      { name: 'data', kind: 'numeric', missing: 'nan' },
      { name: 'shape', kind: 'numeric', missing: 'nan' },
    ]
    const input = { data: Float64Array.of(1, 2), shape: [3, 4] } as unknown as PredictInput
    assert.deepEqual(encode(input, both), [1, 3, 2, 4])
  })

  it('names row, feature and value where a type is wrong', () => {
    assertRefused([[1, 'red', 10], ['17', 'red', 10]],
      /row 1, feature "age" must be a number \(null for missing\), got "17"/)
    assertRefused([[1, 5, 10]], /row 0, feature "color" must be a string.*got 5/)
    assertRefused([[1, true, 10]], /row 0, feature "color" must be a string.*got true/)
    assertRefused([[1, 'red', '10']], /row 0, feature "zip" must be a number.*got "10"/)
    assertRefused([[{}, 'red', 10]], /feature "age" must be a number.*got an object/)
    assertRefused([[1, {}, 10]], /feature "color" must be a string.*got an object/)
    assertRefused({ age: [1], color: [['red']], zip: [1] }, /row 0, feature "color"/)
  })

  it('names the first row that has a text of the wrong type', () => {
    const texts = { codes: Int32Array.of(-1, 2, 1), dictionary: ['no row', '17', 'red'] }
    const zip = { codes: Int32Array.of(-1, -1, 1), dictionary: ['no row', '10'] }
    const none = [null, null, null]
    assert.deepEqual(encode({ age: none, color: texts, zip: none }),
      [NaN, NaN, NaN, NaN, 1, NaN, NaN, NaN, NaN])
    assertRefused({ age: texts, color: none, zip: none },
      /row 1, feature "age" must be a number \(null for missing\), got "red"/)
    assertRefused({ age: none, color: none, zip }, /row 2, feature "zip" must be a number.*"10"/)
    assertRefused({ age: none, color: { ...texts, codes: Int32Array.of(0) }, zip: none },
      /"color" has 1 rows and "age" has 3/)
  })

  it('names the first bad row, though columns are read one after the other', () => {
    const bad = { age: [1, 2, 'three'], color: ['red', 4, 'red'], zip: [10, 10, 10] }
    const said = /row 1, feature "color" must be a string.*got 4/
    assertRefused(bad, said)
    const source = new RowEncoder({ features }).source(bad, null)
    assert.throws(() => source.pack(0, 3, (length) => new Float64Array(length)), { message: said })
    assert.throws(() => source.pack(2, 1, (length) => new Float64Array(length)),
      { message: /row 2, feature "age".*got "three"/ })
  })

  it('passes on what a getter throws once', () => {
    let nThrown = 0
    const row = { get age(): number {
      if (nThrown++ === 0) throw new Error('once')
      return 1
    }, color: 'red', zip: 10 }
    assert.throws(() => encode([row, row]), { message: 'once' })
  })

  it('names what is absent or of the wrong shape', () => {
    assertRefused([{ age: 1 }], /row 0 lacks 2 of the model's 3 features: "color", "zip"/)
    assertRefused({ age: [1] }, /table of columns lacks 2 .*: "color", "zip"/)
    assertRefused([[1, 'red']], /row 0 must have 3 values, one per feature, got 2/)
    assertRefused([1, 'red', 10], /row 0 must be an array or an object, got 1.*predictRow/)
    assertRefused({ age: [1], color: ['red', 'red'], zip: [1] },
      /"color" has 2 rows and "age" has 1/)
    assertRefused({ age: 'abc', color: [], zip: [] }, /column "age" must be an array.*got "abc"/)
    assertRefused({ data: new Float64Array(4), shape: [2, 2] }, /shape \[rows, 3\].*\[2, 2\]/)
    assertRefused({ data: new Float64Array(4), shape: [2, 3] }, /rows \* 3 values.*4 values/)
    assertRefused({ data: new Float64Array(0), shape: [-0.5, 3] }, /shape \[rows, 3\]/)
    assertRefused(new Float64Array(3), /got a typed array; wrap it as \{data, shape\}/)
    assertRefused(null, /rows must be a matrix/)
    assertRefused(7, /rows must be a matrix/)
  })
})
