import assert from 'node:assert/strict'
import { BatchWindow } from '../../src/jobs/batch-window.js'
import { PredictionStory } from '../../src/jobs/prediction-story.js'
import type { ToClient } from '../../src/protocol/client-messages.js'

class Listener {
  readonly isOpen = true
  isFull = false
  isReplaced = false
  readonly heard: ToClient[] = []

  send(message: ToClient): void {
    this.heard.push(message)
  }

  replaced(): void {
    this.isReplaced = true
  }

  get texts(): string[] {
    return this.heard.map((message) =>
      message.type === 'predicted' ? `predicted ${message.batch}` : message.type)
  }
}

const head = { nRows: 3, nBatches: 3, keptTypes: [], digest: 'd' }

function rows(value: number) {
  return { nRows: 1, kept: [], predictions: Float64Array.of(value) }
}

function begun() {
  const story = new PredictionStory('j')
  const listener = new Listener()
  story.accepted(0)
  story.attach(listener, 0)
  const window = new BatchWindow<ReturnType<typeof rows>>(
    { nBatches: 3, first: 0, bytesMax: 1000, batchBytes: 8 })
  story.planned(head, window)
  window.deal(3)
  return { story, listener, window }
}

describe('PredictionStory', () => {
  it('sends batches in order, and stops where the connection is full', () => {
    const { story, listener, window } = begun()
    window.done(1, rows(1), 8)
    story.pump()
    assert.deepEqual(listener.texts, ['accepted', 'planned'])
    listener.isFull = true
    window.done(0, rows(0), 8)
    story.pump()
    assert.deepEqual(listener.texts, ['accepted', 'planned'])
    listener.isFull = false
    story.drained(listener)
    assert.deepEqual(listener.texts, ['accepted', 'planned', 'predicted 0', 'predicted 1'])
  })

  it('begins again for one who comes back, after what they have', () => {
    const { story, listener, window } = begun()
    for (const batch of [0, 1, 2]) window.done(batch, rows(batch), 8)
    story.pump()
    window.taken(1)
    assert.equal(story.detach(listener), true)
    assert.equal(story.isHeard, false)
    const other = new Listener()
    story.attach(other, 2)
    assert.deepEqual(other.texts, ['accepted', 'planned', 'predicted 2'])
    assert.equal(story.detach(listener), false)
    const late = new Listener()
    story.attach(late, 1)
    assert.ok(other.isReplaced)
    assert.deepEqual(late.texts, ['failed'], 'what was taken is gone')
    assert.equal(story.isHeard, false)
  })

  it('tells how it failed, also to one who comes later', () => {
    const { story, listener } = begun()
    const error = { code: 'DATA', message: 'row 3' } as const
    story.ended({ kind: 'failed', error, mayResume: false })
    assert.deepEqual(listener.heard.at(-1), { type: 'failed', job: 'j', error, mayResume: false })
    const later = new Listener()
    story.attach(later, 0)
    assert.deepEqual(later.heard.at(-1), { type: 'failed', job: 'j', error, mayResume: false })
  })
})
