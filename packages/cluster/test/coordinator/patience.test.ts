import assert from 'node:assert/strict'
import { Patience } from '../../src/coordinator/patience.js'

describe('Patience', () => {
  const times = { hangWarnMs: 100, hangTimeoutMs: 350 }

  /** What is said at each of these times. */
  function verdicts(patience: Patience, at: readonly number[]): string[] {
    return at.map((now) => patience.judge(now))
  }

  it('tells once in a while, and gives up in the end', () => {
    assert.deepEqual(verdicts(new Patience(times), [0, 99, 100, 101, 199, 200, 299, 300, 349, 350]),
      ['wait', 'wait', 'tell', 'wait', 'wait', 'tell', 'wait', 'tell', 'wait', 'give-up'])
  })

  it('begins anew whenever something came', () => {
    const patience = new Patience(times)
    for (let now = 0; now < 2000; now += 100) {
      assert.equal(patience.judge(now + 99), 'wait')
      patience.progress(now + 100)
    }
    assert.equal(patience.waited(2050), 50)
    assert.equal(patience.judge(2100), 'tell')
  })

  it('gives up without a warning where both times are one', () => {
    const patience = new Patience({ hangWarnMs: 100, hangTimeoutMs: 100 })
    assert.deepEqual(verdicts(patience, [99, 100]), ['wait', 'give-up'])
  })
})
