import assert from 'node:assert/strict'
import { ClientAnswer } from '../../src/jobs/client-answer.js'

describe('ClientAnswer', () => {
  it('takes the answer to the iteration that is waited for, and no other', async () => {
    const answer = new ClientAnswer(() => 0)
    answer.give(3, 'stop')
    assert.equal(answer.iteration, null)
    const third = answer.wait(3)
    assert.equal(answer.iteration, 3)
    answer.give(2, 'stop')
    answer.give(3, 'go')
    answer.give(3, 'stop')
    assert.equal(await third, 'go')
    assert.equal(answer.iteration, null)
    const fourth = answer.wait(4)
    answer.give(4, 'stop')
    assert.equal(await fourth, 'stop')
  })

  it('ends all waiting when it is released, also what comes later', async () => {
    const answer = new ClientAnswer(() => 0)
    const pending = answer.wait(0)
    answer.release()
    assert.equal(await pending, 'aborted')
    assert.equal(await answer.wait(1), 'aborted')
  })

  it('counts how long nobody could answer, from the moment that somebody should', async () => {
    let now = 1000
    const answer = new ClientAnswer(() => now)
    const after = (ms: number, isHeard: boolean): number => {
      now += ms
      return answer.aloneMs(isHeard)
    }
    assert.equal(after(500, false), 0, 'nothing is asked')
    const pending = answer.wait(0)
    assert.equal(after(100, false), 0)
    assert.equal(after(100, false), 100)
    assert.equal(after(100, true), 0, 'it came back')
    assert.equal(after(100, false), 0)
    assert.equal(after(300, false), 300)
    answer.give(0, 'go')
    await pending
    assert.equal(after(100, false), 0)
  })
})
