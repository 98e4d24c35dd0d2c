import assert from 'node:assert/strict'
import type { CommittedIteration } from '@coppice/engine'
import type { ModelHeader } from '@coppice/model'
import { type JobListener, JobStory } from '../../src/jobs/job-story.js'
import type { ToClient } from '../../src/protocol/client-messages.js'

const header: ModelHeader = {
  objective: { name: 'regression' }, classes: null, features: [], treesPerIteration: 1,
  baseScores: [0], parameters: {},
}

const record = (iteration: number): CommittedIteration =>
  ({ iteration, trees: [], rescale: null, metrics: [], chainHash: `hash ${iteration}` })

class Listener implements JobListener {
  isOpen = true
  isFull = false
  isReplaced = false
  /** Full after so many messages more. */
  room = Infinity
  readonly heard: string[] = []

  send(message: ToClient): void {
    assert.equal(message.job, 'job')
    this.heard.push(message.type === 'announced' ? `iteration ${message.record.iteration}`
      : message.type)
    if (--this.room <= 0) this.isFull = true
  }

  replaced(): void {
    this.isReplaced = true
  }
}

/** Three iterations of five, so far. */
function halfTold(): JobStory {
  const story = new JobStory('job', 5)
  story.accepted(0)
  story.opened(header)
  story.told({
    kind: 'started', nRows: 1, nFeatures: 1, nIterations: 5, firstIteration: 0, nThreads: 1,
  })
  for (let i = 0; i < 3; i++) story.committed(record(i))
  return story
}

const beginning = ['accepted', 'opened', 'told']

describe('JobStory', () => {
  it('tells one who comes late what they missed, and then what happens', () => {
    const story = halfTold()
    const listener = new Listener()
    story.attach(listener, 1, null)
    assert.deepEqual(listener.heard, [...beginning, 'iteration 1', 'iteration 2'])
    story.committed(record(3))
    story.ended({ kind: 'done', stoppedBy: 'completed', model: new Uint8Array(0) })
    assert.deepEqual(listener.heard.slice(5), ['iteration 3', 'done'])
  })

  it('tells the iteration whose answer is waited for again', () => {
    const story = halfTold()
    const listener = new Listener()
    story.attach(listener, 3, 2)
    assert.deepEqual(listener.heard, [...beginning, 'iteration 2'])
  })

  it('is not disturbed by a client that knows more than it does', () => {
    const story = halfTold()
    const listener = new Listener()
    story.attach(listener, 4, null)
    assert.deepEqual(listener.heard, beginning)
    story.committed(record(3))
    assert.deepEqual(listener.heard, beginning, 'iteration 3 is known there')
    story.committed(record(4))
    assert.deepEqual(listener.heard, [...beginning, 'iteration 4'])
  })

  it('tells no faster than it is taken, and the end after everything else', () => {
    const story = halfTold()
    const listener = new Listener()
    listener.room = 4
    story.attach(listener, 0, null)
    story.ended({ kind: 'failed', error: { code: 'DATA', message: 'x' }, mayResume: false })
    assert.deepEqual(listener.heard, [...beginning, 'iteration 0'])
    for (const [room, heard] of [[1, 'iteration 1'], [1, 'iteration 2']] as const) {
      listener.isFull = false
      listener.room = room
      story.drained(listener)
      assert.equal(listener.heard.at(-1), heard)
    }
    listener.isFull = false
    story.drained(listener)
    assert.equal(listener.heard.at(-1), 'failed')
    story.drained(listener)
    assert.equal(listener.heard.filter((type) => type === 'failed').length, 1)
  })

  it('is told to the last who came, and to nobody who left', () => {
    const story = halfTold()
    const [first, second] = [new Listener(), new Listener()]
    story.attach(first, 3, null)
    story.attach(second, 3, null)
    assert.ok(first.isReplaced && !second.isReplaced)
    story.committed(record(3))
    assert.ok(!first.heard.includes('iteration 3') && second.heard.includes('iteration 3'))
    assert.equal(story.detach(first), false)
    assert.ok(story.isHeard)
    assert.ok(story.detach(second))
    story.committed(record(4))
    assert.ok(!story.isHeard && !second.heard.includes('iteration 4'))
  })

  it('is told to those who follow it from where it is, beside the one whose job it is', () => {
    const story = halfTold()
    const [owner, first, second] = [new Listener(), new Listener(), new Listener()]
    story.follow(first)
    assert.ok(!story.isHeard, 'nobody is there who could answer')
    story.attach(owner, 2, null)
    story.follow(first)
    first.room = 1
    story.committed(record(3))
    story.follow(second)
    story.committed(record(4))
    assert.ok(!owner.isReplaced && !first.isReplaced)
    assert.deepEqual(owner.heard, [...beginning, 'iteration 2', 'iteration 3', 'iteration 4'])
    assert.deepEqual(first.heard, [...beginning, ...beginning, 'iteration 3'])
    assert.deepEqual(second.heard, [...beginning, 'iteration 4'])
    story.ended({ kind: 'done', stoppedBy: 'completed', model: new Uint8Array(0) })
    first.isFull = false
    first.room = Infinity
    story.drained(first)
    assert.deepEqual(first.heard.slice(-2), ['iteration 4', 'done'])
    for (const { heard } of [owner, second]) assert.equal(heard.at(-1), 'done')
    assert.equal(story.detach(first), false)
    assert.ok(story.isHeard && story.detach(owner))
  })

  it('is told to one who follows what has ended', () => {
    const story = halfTold()
    story.ended({ kind: 'failed', error: { code: 'DATA', message: 'x' }, mayResume: false })
    const follower = new Listener()
    story.follow(follower)
    assert.deepEqual(follower.heard, [...beginning, 'failed'])
  })

  it('does not tell again what a restarted training says again', () => {
    const story = halfTold()
    const listener = new Listener()
    story.attach(listener, 3, null)
    story.opened(header)
    story.accepted(0)
    story.committed(record(1))
    story.resumed([record(0), record(1), record(2)])
    assert.deepEqual(listener.heard, beginning)
    assert.deepEqual(story.records.map(({ iteration }) => iteration), [0, 1, 2])
  })

  it('keeps quiet about iterations that the job began with', () => {
    const story = new JobStory('job', 5)
    const listener = new Listener()
    story.attach(listener, 2, null)
    story.resumed([record(0), record(1)])
    story.committed(record(2))
    assert.deepEqual(listener.heard, ['iteration 2'])
  })
})
