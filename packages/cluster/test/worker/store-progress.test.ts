import assert from 'node:assert/strict'
import { type BinnedTree, type EngineRequest, negateTree } from '@coppice/engine'
import { RequestLog } from '../../src/log/request-log.js'
import { nextRun } from '../../src/worker/store-progress.js'

const [first, second] = [1, 2].map((value): BinnedTree =>
  ({ feature: [], leftBins: [], leftChild: [], rightChild: [], leafValue: [value] })) as
  [BinnedTree, BinnedTree]

/** What a store does that has added trees of an iteration whose trees are these. */
function catchUp(added: readonly BinnedTree[], trees: readonly BinnedTree[]): EngineRequest[] {
  const log = new RequestLog()
  log.trees.append(trees.map((tree) => ({ output: 0, tree })))
  const partial = added.map((tree) => ({ output: 0, tree }))
  const run = nextRun(
    { applied: [], partial, nRequests: partial.length, hasAnswered: false }, log, false, Infinity)
  assert.deepEqual(run?.after.applied, [log.trees.at(0)])
  return [...run.apply]
}

const commit = (tree: BinnedTree): EngineRequest =>
  ({ kind: 'commit', output: 0, tree, leafNodes: null })

describe('nextRun', () => {
  it('adds the trees of an iteration that are missing', () => {
    assert.deepEqual(catchUp([{ ...first }], [first, second]), [commit(second)])
    assert.deepEqual(catchUp([first, second], [first, second]), [])
  })

  it('takes trees back that another log made it add, before their rewind comes', () => {
    const back = [second, first].map((tree): EngineRequest =>
      ({ kind: 'commit', output: 0, tree: negateTree(tree), leafNodes: null, takesBack: true }))
    assert.deepEqual(catchUp([first, second], [second]), [...back, commit(second)])
    assert.deepEqual(catchUp([first, second], [first]), [...back, commit(first)])
  })
})
