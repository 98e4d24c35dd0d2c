import assert from 'node:assert/strict'
import { WorkerOutbox } from '../../../src/node/worker-outbox.js'
import { decodeMessage } from '../../../src/protocol/codec.js'
import type { Answer, FromWorker } from '../../../src/protocol/messages.js'
import type { Link, Urgency } from '../../../src/transport/link.js'

const beat: FromWorker = { type: 'beat', state: {
  job: null, view: 0, hasSetup: false, iteration: 0, nRequests: 0, digest: '', mark: '', stores: [],
  tasks: [], isDraining: false, rssBytes: 0,
} }

function answer(place: Partial<Answer>): Answer {
  return {
    type: 'answer', job: 'job', store: 1, iteration: 0, seq: 0, mark: '', chunk: 0,
    payload: { kind: 'maximum', value: 1, checksum: '' }, ...place,
  }
}

/** What a link was given, by type, with the place of answers. */
function outboxOn(link: { isFull: boolean }) {
  const sent: string[] = []
  const outbox = new WorkerOutbox()
  const fake = {
    get isFull() {
      return link.isFull
    },
    send(bytes: Uint8Array, urgency: Urgency) {
      const message = decodeMessage(bytes, 'from-worker')
      const place = message.type === 'answer'
        ? ` ${[message.store, message.iteration, message.seq, message.chunk].join('.')}` : ''
      sent.push(`${urgency} ${message.type}${place}`)
    },
  }
  outbox.attach(fake as unknown as Link)
  return { outbox, sent }
}

describe('WorkerOutbox', () => {
  it('lets beats pass what waits for room', () => {
    const link = { isFull: false }
    const { outbox, sent } = outboxOn(link)
    outbox.send(answer({}))
    link.isFull = true
    outbox.send(answer({ seq: 1 }))
    outbox.send({ type: 'drain' })
    outbox.send(beat)
    assert.deepEqual(sent, ['ordinary answer 1.0.0.0', 'urgent beat'])
    assert.equal(outbox.nWaiting, 2)
    link.isFull = false
    outbox.flush()
    assert.deepEqual(sent.slice(2), ['ordinary answer 1.0.1.0', 'ordinary drain'])
  })

  it('drops waiting answers that later ones make useless, and keeps all others', () => {
    const link = { isFull: true }
    const { outbox, sent } = outboxOn(link)
    for (const place of [
      { seq: 3, chunk: 0 }, { seq: 3, chunk: 1 }, { store: 2, seq: 3 },
      // asked again: the same chunks once
      { seq: 3, chunk: 0 }, { seq: 3, chunk: 1 },
      { store: 2, iteration: 1, seq: 0 },
    ]) outbox.send(answer(place))
    link.isFull = false
    outbox.flush()
    assert.deepEqual(sent, [
      'ordinary answer 1.0.3.0', 'ordinary answer 1.0.3.1', 'ordinary answer 2.1.0.0',
    ])
  })

  it('forgets what was for a connection that is lost', () => {
    const link = { isFull: true }
    const { outbox, sent } = outboxOn(link)
    outbox.send(answer({}))
    outbox.attach(null)
    outbox.send(beat)
    link.isFull = false
    outbox.flush()
    assert.deepEqual(sent, [])
  })

  it('tells of a result that cannot be sent', () => {
    const { outbox, sent } = outboxOn({ isFull: false })
    // stands for one that is too large: the codec refuses both alike
    const unsendable = (() => undefined) as never
    outbox.send({ type: 'task-done', job: 'job', task: 4, result: unsendable })
    outbox.send(answer({ payload: unsendable }))
    assert.deepEqual(sent, ['ordinary task-failed', 'ordinary engine-failed'])
    assert.throws(() => outbox.send({ ...beat, state: unsendable }), { code: 'INTERNAL' })
  })
})
