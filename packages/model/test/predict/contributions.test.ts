import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chainOf } from '../../src/format/chain.js'
import { parseLightGBM } from '../../src/lightgbm/parse.js'
import { createPredictor } from '../../src/predict/predictor.js'
import { type ReferenceCell, referenceLeaf } from '../../src/predict/reference.js'
import type { Model, Tree } from '../../src/types.js'

const folder = new URL('../../../test/lightgbm/golden/', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8')
const golden = JSON.parse(read('contributions.json')) as Readonly<Record<string, number[]>>
const modelOf = (name: string): Model => parseLightGBM(read(`${name}.txt`))
const rowsOf = (name: string): ReferenceCell[][] =>
  (JSON.parse(read(`${name}.json`)) as { rows: ReferenceCell[][] }).rows.slice(0, 12)

/** The mean of a tree's leaves where some features are known, by counts of rows. */
function expectation(
  model: Model, tree: Tree, row: readonly ReferenceCell[], known: ReadonlySet<number>,
): number {
  const countOf = (child: number): number =>
    child < 0 ? tree.leafCount[~child]! : tree.nodeCount[child]!
  const walk = (child: number): number => {
    if (child < 0) return tree.leafValue[~child]!
    const [left, right] = [tree.leftChild[child]!, tree.rightChild[child]!]
    if (known.has(tree.splitFeature[child]!)) return walk(sideOf(child, left, right))
    return (walk(left) * countOf(left) + walk(right) * countOf(right)) / countOf(child)
  }
  // where the row goes from a node: the leaf of a tree that begins there
  const sideOf = (node: number, left: number, right: number): number => {
    const pick = (values: readonly (number | boolean | readonly number[] | null)[]) =>
      [values[node]!] as never
    const stump = {
      ...tree, splitFeature: pick(tree.splitFeature), threshold: pick(tree.threshold),
      leftCategories: pick(tree.leftCategories), defaultLeft: pick(tree.defaultLeft),
      leftChild: [~0], rightChild: [~1], leafValue: [0, 1],
    }
    return referenceLeaf(model, stump, row) === 0 ? left : right
  }
  return tree.splitFeature.length === 0 ? tree.leafValue[0]! : walk(0)
}

/** Shapley values by their definition: the mean of what a feature adds over all orders. */
function shapley(model: Model, tree: Tree, row: readonly ReferenceCell[]): number[] {
  const n = model.features.length
  const factorial = (k: number): number => k < 2 ? 1 : k * factorial(k - 1)
  const setOf = (bits: number): Set<number> =>
    new Set(Array.from({ length: n }, (_, f) => f).filter((f) => (bits >> f & 1) === 1))
  const values = Array.from({ length: 1 << n }, (_, bits) =>
    expectation(model, tree, row, setOf(bits)))
  return Array.from({ length: n }, (_, f) => values.reduce((sum, value, bits) => {
    if ((bits >> f & 1) === 1) return sum
    const size = setOf(bits).size
    const weight = factorial(size) * factorial(n - size - 1) / factorial(n)
    return sum + weight * (values[bits | 1 << f]! - value)
  }, 0))
}

function assertNear(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-11 * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, ${expected}`)
}

describe('predictContributions', () => {
  for (const [name, expected] of Object.entries(golden)) {
    it(`has the numbers of LightGBM 4.6: ${name}`, () => {
      const model = modelOf(name)
      const predictor = createPredictor(model)
      const rows = rowsOf(name)
      const found = predictor.predictContributions(rows)
      assert.equal(found.length, expected.length)
      expected.forEach((value, i) => assertNear(found[i]!, value, `number ${i}`))
      const width = model.features.length + 1
      predictor.predictRaw(rows).forEach((raw, i) => assertNear(
        found.subarray(i * width, (i + 1) * width).reduce((sum, x) => sum + x, 0), raw, `sum ${i}`))
    })
  }

  it('are Shapley values as they are defined', () => {
    for (const name of ['regression', 'categorical', 'missing-mixed', 'multiclass']) {
      const model = modelOf(name)
      const rows = rowsOf(name).slice(0, 4)
      const width = model.features.length + 1
      const found = createPredictor(model).predictContributions(rows)
      for (const [r, row] of rows.entries()) {
        const sums = new Float64Array(width * model.treesPerIteration)
        for (const [t, tree] of model.trees.entries()) {
          shapley(model, tree, row).forEach((value, f) => {
            sums[(t % model.treesPerIteration) * width + f]! += value
          })
        }
        sums.forEach((sum, i) => {
          if (i % width === width - 1) return
          assertNear(found[r * sums.length + i]!, sum, `${name}, row ${r}, number ${i}`)
        })
      }
    }
  })

  it('of some iterations have the base scores, and those trees alone', () => {
    const plain = modelOf('multiclass')
    const model = { ...plain, baseScores: [0.5, -1, 2] }
    const rows = rowsOf('multiclass')
    const of = (iterations: readonly [number, number]): Float64Array =>
      createPredictor({ ...model, chainHash: chainOf(model) }, { iterations })
        .predictContributions(rows)
    const [all, first, rest, none] = [of([0, 4]), of([0, 1]), of([1, 4]), of([2, 2])]
    all.forEach((value, i) => assertNear(value, first[i]! + rest[i]! - none[i]!, String(i)))
    const width = model.features.length + 1
    none.forEach((value, i) => assert.equal(value,
      i % width === width - 1 ? model.baseScores[Math.floor(i / width) % 3] : 0))
  })

  it('are refused of linear leaves, and where nobody counted rows', () => {
    const linear = createPredictor(modelOf('linear-tree'))
    assert.throws(() => linear.predictContributions(rowsOf('linear-tree')), /linear functions/)
    const model = modelOf('regression')
    const trees = model.trees.map((tree) => ({ ...tree, nodeCount: tree.nodeCount.map(() => 0) }))
    const uncounted = { ...model, trees }
    const predictor = createPredictor({ ...uncounted, chainHash: chainOf(uncounted) })
    assert.throws(() => predictor.predictContributions([]), /node 0 of tree 0 has 0 of them/)
  })
})
