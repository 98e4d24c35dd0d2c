import assert from 'node:assert/strict'
import type { Model } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { columnsFromMemory, featureTypes, type MemoryRows, readyRows } from '../../src/index.js'

const model: Pick<Model, 'features'> = {
  features: [
    { name: 'a', kind: 'numeric', missing: 'nan' },
    { name: 'b', kind: 'numeric', missing: 'zero' },
    { name: 'c', kind: 'categorical', categories: [1, 2, 5] },
  ],
}
const names = model.features.map(({ name }) => name)

/** Columns as they are read one by one; -0 and 0 are the same to all trees. */
async function readColumns(rows: MemoryRows): Promise<number[][]> {
  const { columns } = await columnsFromMemory(rows, names, featureTypes(model))
  return columns.map((chunk) => (chunk.type === 'string' ? [] : [...chunk.values]))
}

function columnsOf(ready: NonNullable<ReturnType<typeof readyRows>>): number[][] {
  const { data, shape } = ready as { data?: Float64Array, shape?: readonly [number, number] }
  if (data === undefined || shape === undefined) {
    return names.map((name) =>
      Array.from((ready as Record<string, Float64Array>)[name]!, (value) => value + 0))
  }
  return names.map((_, f) => Array.from({ length: shape[0] }, (__, r) => data[r * 3 + f]! + 0))
}

describe('readyRows', () => {
  const random = new TestRandom(3)
  const cells = Array.from({ length: 50 }, () => names.map(() =>
    random.below(5) === 0 ? [NaN, -0, Infinity, -Infinity, 5][random.below(5)]! : random.normal()))
  const holes = cells.map((row) => row.map((cell) =>
    random.below(4) === 0 ? [null, undefined][random.below(2)] : cell))
  const objects = holes.map(([a, b, c], r) => ({ c, other: `text ${r}`, b, a }))
  const column = (f: number) => cells.map((row) => row[f]!)

  const all: Record<string, MemoryRows> = {
    'a matrix of doubles': { data: Float64Array.from(cells.flat()), shape: [50, 3] },
    'a matrix of floats': { data: Float32Array.from(cells.flat()), shape: [50, 3] },
    'typed columns, some of no use': {
      c: Int16Array.from(column(2)), a: Float32Array.from(column(0)),
      b: Float64Array.from(column(1)), z: new Uint8Array(50),
    },
    'arrays': holes,
    'typed rows': cells.map((row) => Float32Array.from(row)),
    'objects': objects,
  }
  for (const [what, rows] of Object.entries(all)) {
    it(`are the numbers that are read by column: ${what}`, async () => {
      const ready = readyRows(rows, model)
      assert.ok(ready !== null)
      assert.deepEqual(columnsOf(ready), await readColumns(rows))
    })
  }

  it('are none where there is more to look at, or to refuse', () => {
    const odd: unknown[] = [
      [], {}, null, 'abc', new Float64Array(3), [1, 2, 3], [null],
      { data: Float64Array.of(1, 2, 3), shape: [3, 1] },
      { data: Float64Array.of(1, 2), shape: [1, 3] },
      { data: Float64Array.of(1, 2, 3), shape: [1, 3, 1] },
      { data: new Float64Array(0), shape: [0, 3] },
      { data: [1, 2, 3], shape: [1, 3] },
      { data: Int32Array.of(1, 2, 3), shape: [1, 3] },
      { a: new Float64Array(2), b: new Float64Array(2) },
      { a: new Float64Array(2), b: new Float64Array(2), c: new Float64Array(1) },
      { a: new Float64Array(2), b: new Float64Array(2), c: [1, 2] },
      { a: new Float64Array(2), b: new Float64Array(2), c: new BigInt64Array(2) },
      [[1, 2]], [[1, 2, 3], [1, 2]], [[1, 2, '3']], [[1, 2, true]], [[1, 2, new Date(0)]],
      [[1, 2, 3], { a: 1, b: 2, c: 3 }], [{ a: 1, b: 2, c: 3 }, [1, 2, 3]],
      [{ a: 1, b: 2 }], [{ a: 1, b: 2, c: '3' }], [{ a: 1, b: 2, c: 3 }, { a: 1, b: 2 }],
      [{ a: 1, b: 2, c: 3 }, { a: 1, b: 2, c: 3, d: 4 }],
      [{ a: 1, b: 2, c: 3 }, { b: 1, a: 2, c: 3 }],
    ]
    for (const rows of odd) assert.equal(readyRows(rows as MemoryRows, model), null, String(rows))
    const [a, b] = model.features
    const text: Model['features'] = [a!, b!, { name: 'c', kind: 'categorical', categories: ['1'] }]
    assert.equal(readyRows([[1, 2, 3]], { features: text }), null)
    const shapes = ['data', 'shape', 'c'].map((name, f) => ({ ...model.features[f]!, name }))
    assert.equal(readyRows(all['arrays']!, { features: shapes }), null)
    assert.equal(readyRows(all['a matrix of doubles']!, { features: shapes }), null)
  })

  it('takes sparse rows for what they are, however many values they have', () => {
    const full = {
      data: Float64Array.of(1, 2, 5), indices: [2, 0, 1], indptr: [0, 3], shape: [1, 3],
    }
    assert.equal(readyRows(full as unknown as MemoryRows, model), full)
    const wide = { ...full, shape: [1, 4] }
    assert.equal(readyRows(wide as unknown as MemoryRows, model), null)
  })
})
