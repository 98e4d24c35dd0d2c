import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { BatchWindow } from '../../src/jobs/batch-window.js'

const gone = { code: 'DATA', message: 'row 7' } as const

function windowOf(nBatches: number, change: Partial<{ first: number, bytesMax: number }> = {}) {
  return new BatchWindow<string>({ nBatches, first: 0, bytesMax: 100, batchBytes: 10, ...change })
}

describe('BatchWindow', () => {
  it('deals in order and only while there is room for what may come of it', () => {
    const window = windowOf(40)
    assert.deepEqual(window.deal(4), [0, 1, 2, 3])
    assert.deepEqual(window.deal(100), [4, 5, 6, 7, 8, 9], 'ten of 10 bytes are 100')
    assert.deepEqual(window.deal(100), [])
    window.done(3, 'c', 4)
    assert.deepEqual(window.deal(100), [], 'what is done takes room until it is taken')
    window.done(0, 'a', 10)
    assert.deepEqual(window.next(), { batch: 0, value: 'a' })
    assert.equal(window.next(), null)
    assert.deepEqual(window.deal(100), [])
    window.taken(1)
    assert.equal(window.heldBytes, 4)
    assert.deepEqual(window.deal(100), [10])
  })

  it('goes on one by one where a single result is larger than all the room', () => {
    const window = windowOf(5, { bytesMax: 5 })
    for (let batch = 0; batch < 5; batch++) {
      assert.deepEqual(window.deal(8), [batch])
      window.done(batch, '', 1000)
      assert.deepEqual(window.deal(8), [])
      assert.equal(window.next()?.batch, batch)
      assert.equal(window.isTaken, false)
      window.taken(batch + 1)
    }
    assert.ok(window.isTaken)
    assert.deepEqual(window.deal(8), [])
  })

  it('tells the error of the first batch that failed, when all before it are done', () => {
    const window = windowOf(8)
    assert.deepEqual(window.deal(4), [0, 1, 2, 3])
    window.failed(3, { code: 'IO', message: 'later' })
    assert.equal(window.error, null)
    window.done(0, 'a', 10)
    window.failed(2, gone)
    assert.deepEqual(window.deal(9), [], 'nothing after a failure is dealt')
    assert.equal(window.error, null)
    assert.equal(window.next()?.batch, 0)
    window.taken(1)
    window.done(1, 'b', 10)
    assert.deepEqual(window.error, gone)
    assert.equal(window.next()?.batch, 1)
    assert.deepEqual(window.error, gone)
  })

  it('sends again what was sent and not taken, and nothing that was taken', () => {
    const window = windowOf(6, { first: 2 })
    assert.deepEqual(window.deal(9), [2, 3, 4, 5])
    for (const batch of [2, 3, 4]) window.done(batch, '', 10)
    for (const batch of [2, 3, 4]) assert.equal(window.next()?.batch, batch)
    window.taken(3)
    assert.equal(window.resume(2), false)
    assert.equal(window.resume(6), false, 'nobody has what was not sent')
    assert.equal(window.resume(4), true)
    assert.equal(window.heldBytes, 10)
    assert.equal(window.next()?.batch, 4)
    assert.equal(window.next(), null)
    window.taken(100)
    assert.equal(window.nTaken, 5, 'no more is taken than was sent')
  })

  it('gives everything once, in order, within its bytes, whatever comes first', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new TestRandom(seed)
      const nBatches = random.below(60)
      const window = windowOf(nBatches, { bytesMax: 40 + random.below(100) })
      const inWork: number[] = []
      const got: number[] = []
      const label = `seed ${seed}`
      while (!window.isTaken) {
        const dealt = window.deal(1 + random.below(8))
        inWork.push(...dealt)
        const act = random.below(3)
        if (act === 0 && inWork.length > 0) {
          const [batch] = inWork.splice(random.below(inWork.length), 1)
          window.done(batch!, String(batch), 1 + random.below(10))
        } else if (act === 1) {
          const next = window.next()
          if (next !== null) {
            assert.equal(next.value, String(next.batch), label)
            // a client that came back may get it twice, and takes it once
            if (next.batch === got.length) got.push(next.batch)
          }
        } else if (random.below(6) === 0) assert.ok(window.resume(got.length), label)
        else window.taken(got.length)
        assert.ok(window.heldBytes + 10 * inWork.length <= 140, label)
        const isStuck = inWork.length === 0 && got.length === window.nTaken &&
          window.heldBytes === 0 && !window.isTaken
        if (isStuck) inWork.push(...window.deal(1))
        assert.ok(!isStuck || inWork.length === 1, label)
      }
      assert.deepEqual(got, Array.from({ length: nBatches }, (_, i) => i), label)
    }
  })
})
