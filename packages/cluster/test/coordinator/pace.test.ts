import assert from 'node:assert/strict'
import { Pace } from '../../src/coordinator/pace.js'

const loads = new Map([['a', 100], ['b', 100], ['c', 100]])

/** One iteration of two rounds in which each worker takes its time. */
function iterate(pace: Pace, times: Readonly<Record<string, number>>, at = 0) {
  for (const start of [at, at + 1000]) {
    pace.asked(start)
    for (const [worker, time] of Object.entries(times)) pace.answered(worker, start + time)
  }
  return pace.endIteration(loads)
}

describe('Pace', () => {
  it('tells the speeds once a worker has been slow for three iterations', () => {
    const pace = new Pace(2)
    const slow = { a: 50, b: 500, c: 50 }
    assert.equal(iterate(pace, slow), null)
    assert.equal(iterate(pace, slow), null)
    const speeds = iterate(pace, slow)!
    assert.deepEqual(speeds, new Map([['a', 1], ['b', 0.1], ['c', 1]]))
    // then lets the moves take effect
    for (let i = 0; i < 9; i++) assert.equal(iterate(pace, slow), null)
    assert.notEqual(iterate(pace, slow), null)
  })

  it('goes by the ratio it is given, and says nothing at 0', () => {
    const judge = (slowRatio: number, b: number) => {
      const pace = new Pace(slowRatio)
      return [1, 2, 3].map(() => iterate(pace, { a: 100, b, c: 100 }))[2]
    }
    assert.equal(judge(6, 500), null)
    assert.notEqual(judge(4.9, 500), null)
    assert.notEqual(judge(1.1, 120), null)
    assert.equal(judge(0, 5000), null)
  })

  it('says nothing of even workers, of fast rounds, or of a single slow iteration', () => {
    const pace = new Pace(2)
    for (let i = 0; i < 5; i++) {
      assert.equal(iterate(pace, { a: 100, b: 120, c: 90 }), null)
      assert.equal(iterate(pace, { a: 1, b: 20, c: 1 }), null)
      assert.equal(iterate(pace, { a: 50, b: 500, c: 50 }), null)
    }
  })

  it('does not judge while a worker has not answered', () => {
    const pace = new Pace(2)
    for (let i = 0; i < 5; i++) assert.equal(iterate(pace, { a: 50, b: 500 }), null)
  })

  it('of two workers compares the one with the other', () => {
    const pace = new Pace(2)
    const two = new Map([['a', 10], ['b', 10]])
    const iterateTwo = () => {
      pace.asked(0)
      pace.answered('a', 100)
      pace.answered('b', 1000)
      return pace.endIteration(two)
    }
    iterateTwo()
    iterateTwo()
    assert.deepEqual(iterateTwo()!, new Map([['a', 0.1], ['b', 0.01]]))
  })
})
