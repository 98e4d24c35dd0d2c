import assert from 'node:assert/strict'
import { allBins, makeDataset, recut, reorder, type DataRecipe } from '../src/datasets.js'
import { makeKnownTree } from '../src/known-tree.js'
import { nearestEven, powerAbove } from '../src/naive-numbers.js'

const recipe: DataRecipe = {
  seed: 1, nRows: 500, label: { classes: 3 }, weights: 'any', initScore: true,
  features: [
    { kind: 'numeric', bins: 6, missing: 'nan' }, { kind: 'numeric', bins: 5, missing: 'zero' },
    { kind: 'categorical', categories: 7 }, { kind: 'numeric', bins: 6, missing: 'nan', copyOf: 0 },
    { kind: 'numeric', bins: 50, order: 'sorted' },
  ],
}

describe('makeDataset', () => {
  it('makes equal data of equal recipes, other data of other seeds', () => {
    assert.deepEqual(makeDataset(recipe), makeDataset(recipe))
    const other = makeDataset({ ...recipe, seed: 2 })
    assert.notDeepEqual(makeDataset(recipe).data.label, other.data.label)
  })

  it('gives every row the bin of its raw value', () => {
    const { data, rows } = makeDataset(recipe)
    const bins = allBins(data)
    rows.forEach((row, r) => row.forEach((value, f) => {
      const { mapper, categories } = data.features[f]!
      const bin = bins[r * rows[0]!.length + f]!
      assert.ok(bin < mapper.nBins)
      if (mapper.kind === 'categorical') {
        const code = (categories as string[]).indexOf(value as string)
        assert.equal(bin, value === null ? 0 : mapper.codes.indexOf(code) + 1)
      } else if (value === null) assert.equal(bin, mapper.missingBin)
      else assert.equal(bin, mapper.upperBounds.findIndex((bound) => (value as number) <= bound))
    }))
  })

  it('makes missing values, zero weights, sorted and copied features', () => {
    const { data } = makeDataset(recipe)
    const bins = allBins(data)
    const column = (f: number): number[] =>
      Array.from({ length: 500 }, (_, row) => bins[row * 5 + f]!)
    for (const [f, missing] of [[0, 6], [1, 2], [2, 0]]) {
      const n = column(f!).filter((bin) => bin === missing).length
      assert.ok(n > 5 && n < 250, `feature ${f}: ${n} rows`)
    }
    assert.deepEqual(column(3), column(0))
    assert.deepEqual(column(4), [...column(4)].sort((a, b) => a - b))
    assert.ok(data.weight!.some((w) => w === 0) && data.weight!.every((w) => w >= 0 && w < 2))
    assert.deepEqual(new Set(data.label), new Set([0, 1, 2]))
  })
})

describe('recut and reorder', () => {
  const { data } = makeDataset(recipe)

  it('recut keeps the rows, in consecutive blocks', () => {
    const cut = recut(data, [1, 200, 0, 7, 9999])
    assert.deepEqual(cut.blocks.map(({ firstRow, nRows }) => [firstRow, nRows]),
      [[0, 1], [1, 200], [201, 7], [208, 292]])
    assert.deepEqual(allBins(cut), allBins(data))
  })

  it('reorder moves all that belongs to a row', () => {
    const order = Array.from({ length: 500 }, (_, i) => 499 - i)
    const back = reorder(reorder(data, order), order)
    assert.deepEqual(back, data)
    assert.equal(reorder(data, order).label![3], data.label![496])
    assert.equal(reorder(data, order).initScore![3 * 3 + 1], data.initScore![496 * 3 + 1])
  })
})

describe('makeKnownTree', () => {
  it('labels each row by the one region that has it', () => {
    const { data, regions } = makeKnownTree(200, 3)
    const bins = allBins(data)
    data.label!.forEach((y, row) => {
      const own = regions.filter(({ contains }) => contains(bins.subarray(row * 4, row * 4 + 4)))
      assert.deepEqual(own.map(({ value }) => value), [y])
    })
  })
})

describe('naive numbers', () => {
  it('round to even and find powers', () => {
    assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6].map((x) => nearestEven(x) + 0),
      [0, 2, 2, 0, -2, 2, -3])
    assert.deepEqual([1, 1.1, 0.5, 0.3, 1000].map(powerAbove), [1, 2, 0.5, 0.5, 1024])
  })
})
