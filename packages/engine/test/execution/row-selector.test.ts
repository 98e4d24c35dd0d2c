import assert from 'node:assert/strict'
import { nearestEven, selectNaively, TestRandom } from '@coppice/testkit'
import type { SelectRequest } from '../../src/execution/protocol.js'
import { RowSelector } from '../../src/execution/row-selector.js'
import { Arena } from '../../src/kernels/arena.js'
import { LOGARITHMIC, ROWS } from '../../src/selection/buckets.js'

const nRows = 400
const sideStride = 24
const quantum = 2 ** -20

/** A selector over records in an order of their own, and what it should see of them. */
function make(seed: number, weighted: boolean, isRelative: boolean) {
  const random = new TestRandom(seed)
  const arena = new Arena()
  const put = (values: readonly number[]): number => {
    const offset = arena.reserve(values.length * 8)
    arena.doubles(offset, values.length).set(values)
    return offset
  }
  const draw = (of: () => number): number[] => Array.from({ length: nRows }, of)
  const label = draw(() => random.pick([random.normal() * 5, random.below(9) - 4]))
  const score = draw(() => Math.round(random.normal() * 4) / 4)
  const weight = draw(() => random.uniform())
  const labels = put(label)
  const weights = weighted ? put(weight) : 0
  const scores = put(score)
  const order = draw(() => 0).map((_, i) => i).sort(() => random.uniform() - 0.5)
  const sides = arena.reserve(nRows * sideStride)
  const inOrder = arena.reserve(nRows * sideStride)
  order.forEach((row, i) => {
    arena.view().setUint32(sides + i * sideStride + 8, row, true)
    arena.view().setUint32(inOrder + i * sideStride + 8, i, true)
  })
  const bounds = [0, 0, 1, 150, nRows]
  const selector = new RowSelector(arena, {
    nRows,
    layout: { sideStride },
    rangeOf: (node) => node === -1 ? { begin: 0, n: nRows, sides: inOrder } : {
      begin: bounds[node]!, n: bounds[node + 1]! - bounds[node]!,
      sides: sides + bounds[node]! * sideStride,
    },
    globalId: (row) => 1000 + 3 * row,
  }, { labels, weights, isRelative, quantum, scores: () => scores })
  const rowsOf = (node: number, weightScale: number) => (
    node === -1 ? order : order.slice(bounds[node]!, bounds[node + 1]!)).map((row) => ({
    id: 1000 + 3 * row,
    residual: nearestEven((label[row]! - score[row]!) / quantum) + 0,
    weight: weightScale === 0 ? 1 : nearestEven(weightScale * (weighted ? weight[row]! : 1) /
      (isRelative ? Math.max(1, Math.abs(label[row]!)) : 1)),
  }))
  return { selector, rowsOf, label: arena.doubles(labels, nRows), values: label }
}

describe('RowSelector', () => {
  const low = 1 - 2 ** 53
  const high = 2 ** 53 - 1
  for (const [weighted, isRelative] of [[false, false], [true, false], [false, true], [true, true]] as
    const) {
    it(`answers as one that sorts: weights ${weighted}, relative ${isRelative}`, () => {
      const { selector, rowsOf } = make(3, weighted, isRelative)
      const weightScale = weighted || isRelative ? 2 ** 30 : 0
      for (const node of [-1, 0, 1, 2, 3]) {
        const count = rowsOf(node, 0).length
        const some = rowsOf(3, 0)[5]!.residual
        const groups = [
          { low, high, width: LOGARITHMIC }, { low: -5000, high: 4_000_000, width: 1024 },
          { low: some, high: some, width: ROWS }, { low: -30000, high: 30000, width: ROWS },
          { low: some - 7, high: some + 7, width: 1 },
        ].map((group) => ({ ...group, node, count }))
        const request: SelectRequest = { kind: 'select', output: 0, weightScale, groups }
        const expected = selectNaively(request, (of) => rowsOf(of, weightScale))
        assert.deepEqual(selector.select(request), expected)
        // what is kept from the first time says the same
        assert.deepEqual(selector.select(request), expected)
      }
    })
  }

  it('looks again once it was told that rows or scores are others', () => {
    const { selector, label } = make(4, false, false)
    const request: SelectRequest = { kind: 'select', output: 0, weightScale: 0,
      groups: [{ node: 3, low, high, width: LOGARITHMIC, count: nRows }] }
    const before = selector.select(request)
    label.fill(1e6)
    assert.deepEqual(selector.select(request), before)
    selector.forget()
    assert.notDeepEqual(selector.select(request), before)
  })

  it('a node with more rows than the request says is an error, not a write beyond its end', () => {
    const { selector } = make(5, false, false)
    for (const width of [LOGARITHMIC, ROWS]) {
      assert.throws(() => selector.select({ kind: 'select', output: 0, weightScale: 0,
        groups: [{ node: -1, low, high, width, count: 3 }] }), { code: 'INTERNAL' })
    }
  })
})
