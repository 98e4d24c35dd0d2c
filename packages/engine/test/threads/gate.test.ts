import assert from 'node:assert/strict'
import { CONTROL_BYTES, Gate, nextSpins, PeerFailed, Spins } from '../../src/threads/gate.js'

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

describe('nextSpins', () => {
  it('looks less where waits are in vain, down to a limit, and more again up to another', () => {
    let spins: number = Spins.many
    for (let wait = 0; wait < 6; wait++) spins = nextSpins(spins, Spins.many, false)
    assert.equal(spins, Spins.few)
    for (let wait = 0; wait < 40; wait++) spins = nextSpins(spins, Spins.many, true)
    assert.equal(spins, Spins.many)
    for (const hasEnded of [false, true]) {
      assert.equal(nextSpins(Spins.few, Spins.few, hasEnded), Spins.few)
    }
  })

  it('looks long where one wait in eight is in vain, and not where one in four is', () => {
    const after = (period: number): number => {
      let spins: number = Spins.many
      for (let wait = 0; wait < 800; wait++) {
        spins = nextSpins(spins, Spins.many, wait % period !== 0)
      }
      return spins
    }
    assert.ok(after(8) > Spins.many / 2)
    assert.ok(after(4) < 2 * Spins.few)
  })
})
