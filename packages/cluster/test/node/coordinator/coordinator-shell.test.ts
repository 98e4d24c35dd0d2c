import assert from 'node:assert/strict'
import type { CoordinatorEffect, CoordinatorEvent } from '../../../src/coordinator/events.js'
import type { CoordinatorMachine } from '../../../src/coordinator/machine.js'
import { CoordinatorClients } from '../../../src/node/coordinator-clients.js'
import { CoordinatorShell } from '../../../src/node/coordinator-shell.js'
import type { JobQueue } from '../../../src/node/job-queue.js'
import { encodeMessage } from '../../../src/protocol/codec.js'
import { closeCodes, type Link, type LinkHandlers } from '../../../src/transport/index.js'

/** A link that is told what came, and notes how it was closed. */
class FakeLink {
  readonly peer = 'somebody'
  isOpen = true
  closedWith: number | null = null
  handlers!: LinkHandlers

  constructor(readonly id: number) {}

  listen(handlers: LinkHandlers): void {
    this.handlers = handlers
  }

  close(code: number): void {
    this.closedWith = code
    this.isOpen = false
  }

  asLink(): Link {
    return this as unknown as Link
  }
}

/** What no decoder takes, nor foresees. */
const unforeseen = null as unknown as Uint8Array
const drain = encodeMessage({ type: 'drain' })

describe('CoordinatorShell', () => {
  const notices: string[] = []
  const broken: unknown[] = []
  const done: CoordinatorEffect[] = []
  let step: (event: CoordinatorEvent) => CoordinatorEffect[]
  let links: FakeLink[] = []
  let shell: CoordinatorShell

  beforeEach(() => {
    for (const list of [notices, broken, done]) list.length = 0
    step = () => []
    shell = new CoordinatorShell({
      machine: { step: (event: CoordinatorEvent) => step(event) } as unknown as CoordinatorMachine,
      now: () => 0,
      onEffect: (effect) => {
        if (effect.kind === 'notice' && effect.text === 'throws') throw new Error('no room')
        done.push(effect)
      },
      onBroken: (error) => broken.push(error),
      onNotice: (text) => notices.push(text),
    })
    links = [new FakeLink(1), new FakeLink(2)]
    for (const link of links) shell.accept(link.asLink())
  })

  it('closes a link of which something unforeseen comes, and no other', () => {
    links[0]!.handlers.onPayload(unforeseen)
    assert.deepEqual(links.map(({ closedWith }) => closedWith), [closeCodes.internal, null])
    assert.match(notices.join(), /^internal error in what somebody sent; its connection is cl/)
    assert.deepEqual(broken, [])
  })

  it('closes a link whose message the machine breaks of while it has no job to end', () => {
    step = () => assert.fail('an invariant')
    links[1]!.handlers.onPayload(drain)
    assert.deepEqual(links.map(({ closedWith }) => closedWith), [null, closeCodes.internal])
    assert.deepEqual([notices.length, broken.length], [1, 0])
    step = () => [{ kind: 'notice', text: 'well' }]
    links[0]!.handlers.onPayload(drain)
    assert.equal(done.length, 1, 'it goes on')
  })

  it('carries out the other effects when one fails, which ends the job', () => {
    step = () => [{ kind: 'notice', text: 'throws' }, { kind: 'notice', text: 'well' }]
    links[0]!.handlers.onPayload(drain)
    assert.deepEqual(done, [{ kind: 'notice', text: 'well' }])
    assert.deepEqual(broken.map(String), ['Error: no room'])
    assert.deepEqual(links.map(({ closedWith }) => closedWith), [null, null])
  })
})

describe('CoordinatorClients', () => {
  it('closes the connection of a client about which something unforeseen happens', () => {
    const notices: string[] = []
    const queue = { go: () => assert.fail('an invariant'), detach: () => assert.fail('another') }
    const clients = new CoordinatorClients(
      queue as unknown as JobQueue, (text) => notices.push(text))
    const links = [1, 2, 3].map((id) => new FakeLink(id))
    for (const link of links) clients.accept(link.asLink())
    links[0]!.handlers.onPayload(unforeseen)
    links[1]!.handlers.onPayload(
      encodeMessage({ type: 'go', job: 'j', iteration: 1, answer: 'go' }))
    assert.deepEqual(links.map(({ closedWith }) => closedWith),
      [closeCodes.internal, closeCodes.internal, null])
    links[0]!.handlers.onClose({ code: closeCodes.internal, reason: '', by: 'self' })
    assert.equal(notices.length, 3)
    assert.match(notices[1]!, /internal error about client somebody; .*: an invariant/)
  })
})
