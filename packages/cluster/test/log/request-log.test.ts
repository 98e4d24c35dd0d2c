import assert from 'node:assert/strict'
import { type BinnedTree, encodeRequest, type EngineRequest } from '@coppice/engine'
import { RequestLog } from '../../src/log/request-log.js'
import { TreeLog } from '../../src/log/tree-log.js'
import type { CommittedTree, Request } from '../../src/protocol/messages.js'

const treeOf = (value: number): BinnedTree => ({
  feature: [0], leftBins: [new Uint8Array(32).fill(1)], leftChild: [-1], rightChild: [-2],
  leafValue: [value, -value],
})
const committed = (value: number): CommittedTree[] => [{ output: 0, tree: treeOf(value) }]
const message = (
  iteration: number, seq: number, body: EngineRequest, nBefore = 0,
): Request => {
  const bytes = new Uint8Array(4096)
  const n = encodeRequest(body, bytes)
  return { type: 'request', job: 'j', iteration, seq, nBefore, body: bytes.slice(0, n) }
}
const prepare: EngineRequest = { kind: 'prepare' }
const commit = (value: number): EngineRequest =>
  ({ kind: 'commit', output: 0, tree: treeOf(value), leafNodes: [0, 1] })
const trees = (from: number, ...values: number[]) =>
  ({ type: 'trees' as const, job: 'j', from, iterations: values.map(committed) })

describe('RequestLog', () => {
  it('takes requests in order, and closes an iteration with the next one', () => {
    const log = new RequestLog()
    assert.equal(log.request(message(0, 0, prepare)), 'extended')
    assert.equal(log.request(message(0, 1, commit(4))), 'extended')
    assert.equal(log.request(message(1, 0, prepare, 2)), 'extended')
    assert.equal(log.trees.length, 1)
    assert.deepEqual(log.trees.at(0), committed(4))
    assert.equal(log.requests.length, 1)
    assert.equal(log.previous!.length, 2)
  })

  it('tells what is known from what leaves a hole', () => {
    const log = new RequestLog()
    assert.equal(log.request(message(0, 1, prepare)), 'gap')
    log.request(message(0, 0, prepare))
    assert.equal(log.request(message(0, 0, prepare)), 'known')
    assert.equal(log.request(message(0, 2, prepare)), 'gap')
    assert.equal(log.request(message(1, 0, prepare, 2)), 'gap')
    assert.equal(log.request(message(2, 0, prepare, 1)), 'gap')
    assert.equal(log.addTrees(trees(1, 5)), 'gap')
    assert.equal(log.requests.length, 1)
  })

  it('does not take an iteration for over whose requests nobody has', () => {
    // a coordinator that started again knows the trees only: it says 0, which matches no log
    const log = new RequestLog()
    assert.equal(log.request(message(1, 0, prepare, 0)), 'gap')
    assert.equal(log.trees.length, 0)
  })

  it('takes trees instead of requests, as often as they come', () => {
    const log = new RequestLog()
    log.request(message(0, 0, prepare))
    assert.equal(log.addTrees(trees(0, 1, 2)), 'extended')
    assert.equal(log.addTrees(trees(0, 1, 2)), 'known')
    assert.equal(log.addTrees(trees(1, 2, 3)), 'extended')
    assert.deepEqual([log.trees.length, log.requests.length, log.previous], [3, 0, null])
    assert.equal(log.request(message(2, 0, prepare)), 'known')
  })

  it('is rewound to an iteration', () => {
    const log = new RequestLog()
    log.addTrees(trees(0, 1, 2))
    log.request(message(2, 0, prepare))
    const { digest } = log.trees
    log.rewind(1)
    assert.deepEqual([log.trees.length, log.requests.length], [1, 0])
    log.addTrees(trees(1, 2))
    assert.equal(log.trees.digest, digest)
  })
})

describe('TreeLog', () => {
  it('has equal digests for equal trees, by request or by list, and others for others', () => {
    const a = new TreeLog()
    const b = new TreeLog()
    a.append(committed(1))
    b.append(committed(1))
    assert.equal(a.digest, b.digest)
    b.append(committed(2))
    a.append(committed(3))
    assert.notEqual(a.digest, b.digest)
    assert.equal(a.digestAfter(1), b.digestAfter(1))
    assert.equal(a.digestAfter(3), null)
    assert.notEqual(a.digestAfter(0), a.digestAfter(1))
  })
})
