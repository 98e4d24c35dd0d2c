import assert from 'node:assert/strict'
import { CONTROL_BYTES, Gate, PeerFailed } from '../../src/threads/gate.js'

const gate = (nThreads: number): Gate => new Gate(new SharedArrayBuffer(CONTROL_BYTES), nThreads)

describe('Gate', () => {
  it('makes whoever waits leave once a thread has failed', () => {
    const own = gate(3)
    own.fail()
    assert.throws(() => own.awaitPost(0), PeerFailed)
    assert.throws(() => own.barrier(), PeerFailed)
    assert.throws(() => own.awaitFinished(), PeerFailed)
  })

  it('lets those pass who need not wait', () => {
    const own = gate(2)
    own.post(17)
    own.awaitPost(0)
    assert.deepEqual([own.posted, own.length], [1, 17])
    own.finish()
    own.awaitFinished()
    // the next request resets what was finished
    own.post(3)
    own.fail()
    assert.throws(() => own.awaitFinished(), PeerFailed)
  })

  it('opens a barrier of one thread at once, again and again', () => {
    const own = gate(1)
    for (let i = 0; i < 3; i++) own.barrier()
    own.awaitFinished()
  })

  it('remembers an abort', () => {
    const own = gate(2)
    assert.equal(own.isAborted, false)
    own.abort()
    assert.equal(own.isAborted, true)
  })

  it('tells the last follower that it is the last, where nobody leads', () => {
    const own = new Gate(new SharedArrayBuffer(CONTROL_BYTES), 2, 2)
    for (let i = 0; i < 2; i++) {
      own.post(1)
      assert.deepEqual([own.isFaulty, own.nReports], [false, 0])
      assert.equal(own.finish(), false)
      own.markFaulty()
      own.countReport()
      assert.equal(own.finish(), true)
      assert.deepEqual([own.isFaulty, own.nReports], [true, 1])
    }
  })
})
