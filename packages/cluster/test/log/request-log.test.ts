import assert from 'node:assert/strict'
import {
  type BinnedTree, encodeRequest, type EngineRequest, type RequestLimits,
} from '@coppice/engine'
import { RequestLog } from '../../src/log/request-log.js'
import { ProtocolError } from '../../src/protocol/error.js'
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
const layout = { nBins: 8, missingBin: -1, isCategorical: false }
const limits: RequestLimits = {
  features: [layout, layout], nOutputs: 1, maxLeaves: 4, maxExpansions: 2,
  usesBagging: false, usesGoss: false, fixedScores: null,
  objective: {
    objective: { name: 'regression' }, binaryWeights: [], gradientBound: null, hessianBound: 1,
  },
}
const prepare: EngineRequest = { kind: 'prepare' }
const commit = (value: number): EngineRequest =>
  ({ kind: 'commit', output: 0, tree: treeOf(value), leafNodes: [0, 1] })
const trees = (from: number, ...values: number[]) =>
  ({ type: 'trees' as const, job: 'j', from, iterations: values.map(committed) })

describe('RequestLog', () => {
  it('takes requests in order, and closes an iteration with the next one', () => {
    const log = new RequestLog()
    assert.equal(log.request(message(0, 0, prepare), limits), 'extended')
    assert.equal(log.request(message(0, 1, commit(4)), limits), 'extended')
    assert.equal(log.request(message(1, 0, prepare, 2), limits), 'extended')
    assert.equal(log.trees.length, 1)
    assert.deepEqual(log.trees.at(0), committed(4))
    assert.equal(log.requests.length, 1)
    assert.equal(log.previous!.length, 2)
  })

  it('tells what is known from what leaves a hole', () => {
    const log = new RequestLog()
    assert.equal(log.request(message(0, 1, prepare), limits), 'gap')
    log.request(message(0, 0, prepare), limits)
    assert.equal(log.request(message(0, 0, prepare), limits), 'known')
    assert.equal(log.request(message(0, 2, prepare), limits), 'gap')
    assert.equal(log.request(message(1, 0, prepare, 2), limits), 'gap')
    assert.equal(log.request(message(2, 0, prepare, 1), limits), 'gap')
    assert.equal(log.addTrees(trees(1, 5), limits), 'gap')
    assert.equal(log.requests.length, 1)
  })

  it('does not take an iteration for over whose requests nobody has', () => {
    // a coordinator that started again knows the trees only: it says 0, which matches no log
    const log = new RequestLog()
    assert.equal(log.request(message(1, 0, prepare, 0), limits), 'gap')
    assert.equal(log.trees.length, 0)
  })

  it('takes trees instead of requests, as often as they come', () => {
    const log = new RequestLog()
    log.request(message(0, 0, prepare), limits)
    assert.equal(log.addTrees(trees(0, 1, 2), limits), 'extended')
    assert.equal(log.addTrees(trees(0, 1, 2), limits), 'known')
    assert.equal(log.addTrees(trees(1, 2, 3), limits), 'extended')
    assert.deepEqual([log.trees.length, log.requests.length, log.previous], [3, 0, null])
    assert.equal(log.request(message(2, 0, prepare), limits), 'known')
  })

  it('takes nothing that would lead engines astray, and is as before', () => {
    const log = new RequestLog()
    log.request(message(0, 0, prepare), limits)
    const foreign = { ...treeOf(1), feature: [2] }
    const wrong: readonly (readonly [RegExp, () => unknown])[] = [
      [/"request": feature 2 is not one of 2/, () => log.request(message(0, 1,
        { kind: 'commit', output: 0, tree: foreign, leafNodes: null }), limits)],
      [/"request": a mask of 3 features does not fit 2/, () => log.request(message(0, 1,
        { kind: 'root', output: 0, bag: null, mask: new Uint8Array(3) }), limits)],
      [/"request", \.body: .* ends too early/, () => log.request(
        { ...message(0, 1, commit(1)), body: message(0, 1, commit(1)).body.slice(0, 20) }, limits)],
      [/"request", \.body: .* unknown request/, () => log.request(
        { ...message(0, 1, prepare), body: new Uint8Array(4).fill(9) }, limits)],
      [/"request": output 1 is not one of 1/, () => log.request(message(1, 0,
        { kind: 'root', output: 1, bag: null, mask: new Uint8Array(2) }, 1), limits)],
      [/"trees": feature 2 is not one of 2/, () => log.addTrees(
        { ...trees(0), iterations: [[{ output: 0, tree: foreign }]] }, limits)],
    ]
    for (const [pattern, act] of wrong) {
      assert.throws(act, (error) => error instanceof ProtocolError && pattern.test(error.message))
    }
    assert.deepEqual([log.trees.length, log.requests.length], [0, 1])
  })

  it('has marks that are equal for equal logs only', () => {
    const logOf = (...logged: readonly Request[]): RequestLog => {
      const log = new RequestLog()
      for (const each of logged) log.request(each, limits)
      return log
    }
    const log = logOf(message(0, 0, prepare), message(0, 1, commit(1)), message(1, 0, prepare, 2))
    assert.equal(log.trees.length, 1)
    const same = new RequestLog()
    same.addTrees(trees(0, 1), limits)
    assert.notEqual(same.mark, log.mark)
    same.request(message(1, 0, prepare), limits)
    assert.equal(same.mark, log.mark)
    same.rewind(1)
    assert.equal(same.mark, same.trees.digest)
    // as long, other requests, or after other trees
    const other = logOf(message(0, 0, commit(1)), message(0, 1, commit(1)))
    assert.notEqual(other.mark, logOf(message(0, 0, prepare), message(0, 1, commit(1))).mark)
    const rescaled = new RequestLog()
    rescaled.addTrees(trees(0, 0.5), limits)
    rescaled.request(message(1, 0, prepare), limits)
    assert.notEqual(rescaled.mark, log.mark)
  })

  it('is rewound to an iteration', () => {
    const log = new RequestLog()
    log.addTrees(trees(0, 1, 2), limits)
    log.request(message(2, 0, prepare), limits)
    const { digest } = log.trees
    log.rewind(1)
    assert.deepEqual([log.trees.length, log.requests.length], [1, 0])
    log.addTrees(trees(1, 2), limits)
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
