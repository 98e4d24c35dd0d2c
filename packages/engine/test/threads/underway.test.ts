import assert from 'node:assert/strict'
import type { GrownTree } from '../../src/grower/grown-tree.js'
import { packTrees } from '../../src/threads/packed-trees.js'
import { Underway, UnderwayList } from '../../src/threads/underway.js'
import type { IterationOutcome, IterationRecord } from '../../src/training/iteration.js'

const outcome: IterationOutcome = { hessianUnit: 0.5, rescale: null, metricParts: [] }
const part = { dataset: 0, metric: 'l2', sum: null, ranked: null }
const stump: GrownTree = {
  binned: { feature: [], leftBins: [], leftChild: [], rightChild: [], leafValue: [1] },
  splits: [], nodeTotals: [], nodeValue: [], leafNodes: [0],
  leafTotals: [{ gradient: 1n, hessian: 2n, count: 3 }],
  statistics: { rounds: 0, expansions: 0, dropped: 0 },
}
const treesOf = (...outputs: number[]): ReturnType<typeof packTrees> =>
  packTrees(outputs.map((output) => ({ output, tree: stump })))

describe('Underway', () => {
  it('is whole with the outcome, all trees and the parts of all threads, in any order', () => {
    const tell: ((own: Underway) => void)[] = [
      (own) => own.setOutcome(outcome),
      (own) => own.addTrees(treesOf(1)),
      (own) => own.addTrees(treesOf(0, 2)),
      (own) => own.addParts([part]),
      (own) => own.addParts([part]),
    ]
    for (let first = 0; first < tell.length; first++) {
      const own = new Underway(3, true, 3, 2)
      for (let i = 0; i < tell.length; i++) {
        assert.equal(own.result, null, `${i} of ${tell.length} told, beginning with ${first}`)
        tell[(first + i) % tell.length]!(own)
      }
      const { result } = own
      assert.ok(result !== null && !(result instanceof Error))
      assert.equal(result.trees.length, 3)
      assert.deepEqual(result.metricParts, [part, part])
      assert.equal(result.hessianUnit, 0.5)
    }
  })

  it('waits for no parts where nothing is evaluated', () => {
    const own = new Underway(0, false, 1, 4)
    own.addTrees(treesOf(0))
    assert.equal(own.result, null)
    own.setOutcome(outcome)
    assert.ok(own.result !== null)
  })

  it('is over where nothing was learnt', () => {
    const own = new Underway(0, true, 1, 2)
    own.setOutcome(null)
    assert.deepEqual((own.result as IterationRecord).trees, [])
  })

  it('fails only while it is not over', () => {
    const failure = new Error('a thread failed')
    const open = new Underway(0, false, 1, 1)
    open.fail(failure)
    open.addTrees(treesOf(0))
    open.setOutcome(outcome)
    assert.equal(open.result, failure)
    const over = new Underway(0, false, 1, 1)
    over.addTrees(treesOf(0))
    over.setOutcome(outcome)
    over.fail(failure)
    assert.ok(!(over.result instanceof Error))
  })
})

describe('UnderwayList', () => {
  const failure = new Error('a thread failed')
  const make = (): { list: UnderwayList, own: Underway[] } => {
    const list = new UnderwayList()
    const own = [4, 5].map((iteration) => new Underway(iteration, true, 1, 2))
    for (const each of own) list.add(each)
    return { list, own }
  }
  const tellAll = (list: UnderwayList, iteration: number): void => {
    list.take(iteration, (each) => each.addParts([part]))
    list.take(iteration, (each) => each.setOutcome(outcome))
    list.take(iteration, (each) => each.addTrees(treesOf(0)))
    list.take(iteration, (each) => each.addParts([part]))
  }

  it('lets iterations before the one that failed come to an end, told of late', () => {
    const { list, own: [first, second] } = make()
    list.take(4, (each) => each.addParts([part]))
    list.take(4, (each) => each.setOutcome(outcome))
    list.take(4, (each) => each.addTrees(treesOf(0)))
    list.fail(failure, 5)
    assert.equal(first!.result, null, 'a thread has told of it, but was not heard yet')
    assert.equal(second!.result, failure)
    list.take(4, (each) => each.addParts([part]))
    const result: unknown = first!.result
    assert.ok(result !== null && !(result instanceof Error))
  })

  it('fails all, where no thread can tell of any', () => {
    for (const from of [null, 4, 3]) {
      const { list, own } = make()
      list.fail(failure, from)
      for (const iteration of [4, 5]) tellAll(list, iteration)
      for (const each of own) assert.equal(each.result, failure)
    }
  })

  it('keeps the order, and hears nothing of what was given up', () => {
    const { list, own: [first, second] } = make()
    assert.equal(list.first, first)
    list.remove(first!)
    assert.equal(list.first, second)
    tellAll(list, 4)
    assert.equal(first!.result, null)
    list.clear()
    assert.equal(list.first, undefined)
    tellAll(list, 5)
    assert.equal(second!.result, null)
  })
})
