import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { CoppiceError } from '../../src/errors.js'
import { scoreBounds } from '../../src/inspect/score-bounds.js'
import { treeGraph, type TreeGraphOptions } from '../../src/inspect/tree-graph.js'
import { treeColumns, treeRows } from '../../src/inspect/tree-rows.js'
import { parseLightGBM } from '../../src/lightgbm/parse.js'
import { createPredictor } from '../../src/predict/predictor.js'
import type { Model } from '../../src/types.js'
import { exampleModel } from '../support/example-model.js'
import { randomModel, randomRows } from '../support/random-model.js'

/** What make_golden.py wrote. */
interface Golden {
  readonly tables: readonly {
    readonly name: string
    readonly columns: readonly string[]
    readonly rows: readonly (readonly (string | number | null)[])[]
  }[]
  readonly drawings: readonly {
    readonly name: string
    readonly tree: number
    readonly options: TreeGraphOptions
    readonly lines: readonly string[]
  }[]
  readonly bounds: Readonly<Record<string, readonly [number, number]>>
}

const golden = JSON.parse(readFileSync(
  new URL('../../../test/inspect/golden.json', import.meta.url), 'utf8')) as Golden

function load(name: string): Model {
  return parseLightGBM(readFileSync(
    new URL(`../../../test/lightgbm/golden/${name}.txt`, import.meta.url), 'utf8'))
}

const isParameterError = (error: unknown): boolean =>
  error instanceof CoppiceError && error.code === 'PARAMETER'

describe('treeRows', () => {
  for (const { name, columns, rows } of golden.tables) {
    it(`has LightGBM's table of trees: ${name}`, () => {
      assert.deepEqual(treeColumns.map(([, column]) => column), columns)
      const own = treeRows(load(name)).map((row) => treeColumns.map(([key]) => row[key]))
      // What LightGBM knows of missing categories has no effect, and is not kept. It reads gains
      // as float32, and values of nodes not to the last bit.
      const shown = (row: readonly (string | number | null)[]) => row.map((value, i) =>
        i === 11 && row[9] === '==' ? 'None' : typeof value !== 'number' ? value
          : i === 7 ? Math.fround(value) : i === 12 ? Number(value.toPrecision(14)) : value)
      assert.deepEqual(own.map(shown), rows.map(shown))
    })
  }

  it('names categories, follows the best iteration, and takes a range', () => {
    const rows = treeRows(exampleModel)
    assert.deepEqual(rows.map(({ nodeIndex }) => nodeIndex),
      ['0-S0', '0-S1', '0-L0', '0-L2', '0-L1'])
    assert.equal(rows[1]!.threshold, 'blue||red')
    assert.deepEqual(rows.map(({ parentIndex }) => parentIndex),
      [null, '0-S0', '0-S1', '0-S1', '0-S0'])
    assert.deepEqual(treeRows(exampleModel, { iterations: [1, 2] }).map(({ nodeIndex, value }) =>
      [nodeIndex, value]), [['1-L0', 0.015625]])
    assert.throws(() => treeRows(exampleModel, { iterations: [0, 3] }), isParameterError)
  })

  it('has every node and leaf of any model once, its children one below it', () => {
    for (let seed = 0; seed < 40; seed++) {
      const model = randomModel(seed)
      const nIterations = model.trees.length / model.treesPerIteration
      const rows = treeRows(model, { iterations: [0, nIterations] })
      const byIndex = new Map(rows.map((row) => [row.nodeIndex, row]))
      assert.equal(byIndex.size, rows.length)
      assert.equal(rows.length,
        model.trees.reduce((sum, tree) => sum + 2 * tree.leafValue.length - 1, 0))
      for (const { nodeIndex, nodeDepth, leftChild, rightChild } of rows) {
        for (const child of [leftChild, rightChild]) {
          if (child === null) continue
          assert.equal(byIndex.get(child)!.parentIndex, nodeIndex)
          assert.equal(byIndex.get(child)!.nodeDepth, nodeDepth + 1)
        }
      }
    }
  })
})

describe('treeGraph', () => {
  for (const { name, tree, options, lines } of golden.drawings) {
    it(`is LightGBM's: tree ${tree} of ${name}`, () => {
      const own = treeGraph(load(name), tree, options).split('\n')
      const isLegend = (line: string): boolean => line.startsWith('\tlegend')
      assert.deepEqual(own.filter((line) => line !== '' && !isLegend(line)),
        lines.filter((line) => !isLegend(line)))
      assert.equal(own.some(isLegend), lines.some(isLegend))
    })
  }

  it('writes names as text, and a tree of one leaf', () => {
    const [age, color] = exampleModel.features
    const named = { ...exampleModel, features: [{ ...age!, name: '<a & "b">' }, color!] }
    assert.ok(treeGraph(named, 0)
      .includes('<B>&lt;a &amp; &quot;b&quot;&gt;</B> &#8804;<B>40.500</B>'))
    const [, , only, end] = treeGraph(exampleModel, 1, { show: ['percentage'] }).split('\n')
    assert.match(only!, /^\tleaf0 \[label=<leaf 0: <B>0\.016<\/B><br\/>100\.00% of data> /)
    assert.equal(end, '}')
  })

  it('refuses trees that there are not, and wrong options', () => {
    assert.throws(() => treeGraph(exampleModel, 2), isParameterError)
    for (const wrong of [{ show: ['size'] }, { precision: -1 }, { orientation: 'up' },
      { maxCategoryValues: 2 }]) {
      assert.throws(() => treeGraph(exampleModel, 0, wrong as TreeGraphOptions), isParameterError)
    }
  })
})

describe('scoreBounds', () => {
  it("adds up to LightGBM's bounds over the classes of a model", () => {
    assert.equal(Object.keys(golden.bounds).length, 24)
    for (const [name, expected] of Object.entries(golden.bounds)) {
      const { lower, upper } = scoreBounds(load(name))
      const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)
      for (const [i, value] of [sum(lower), sum(upper)].entries()) {
        assert.ok(Math.abs(value - expected[i]!) <= 1e-12 * Math.abs(expected[i]!), name)
      }
    }
  })

  it('holds for every row, and is reached in a tree', () => {
    for (let seed = 0; seed < 40; seed++) {
      const model = randomModel(seed)
      const { lower, upper } = scoreBounds(model)
      const predictor = createPredictor(model)
      const raw = predictor.predictRaw(randomRows(seed, model, 30))
      raw.forEach((score, i) => {
        const k = i % model.treesPerIteration
        assert.ok(score >= lower[k]! && score <= upper[k]!)
      })
    }
    const { lower, upper } = scoreBounds(exampleModel)
    assert.deepEqual([...lower, ...upper], [-0.25 - 0.125, -0.25 + 0.09375])
  })

  it('has none for linear leaves with features', () => {
    const { lower, upper } = scoreBounds(load('linear-tree'))
    assert.deepEqual([...lower, ...upper], [-Infinity, Infinity])
  })
})
