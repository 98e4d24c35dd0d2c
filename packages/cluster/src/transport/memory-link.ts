import { CoppiceError } from '@coppice/model'
import { MESSAGE_BYTES_MAX } from '../protocol/limits.js'
import { BaseLink } from './base-link.js'
import { closeCodes, defaultLinkLimits } from './link.js'
import type { Link, LinkClose, LinkLimits, Urgency } from './link.js'

/**
 * Two links of one process that are each other's peer. Payloads are copied and arrive in a later
 * turn of the event loop, so nothing that works here relies on shared bytes or on being called
 * back at once.
 */
export function memoryLinks(
  names: readonly [string, string] = ['memory:a', 'memory:b'],
  limits: Partial<LinkLimits> = {},
): readonly [Link, Link] {
  const all = { ...defaultLinkLimits, ...limits }
  // Each link is named after the one at its other end.
  const first = new MemoryLink(names[1], all)
  const second = new MemoryLink(names[0], all)
  first.connect(second)
  second.connect(first)
  return [first, second]
}

class MemoryLink extends BaseLink {
  receivedBytes = 0
  #other: MemoryLink | null = null
  #ordinary: Uint8Array[] = []
  #urgent: Uint8Array[] = []
  #bufferedBytes = 0
  /** What the peer is told after the last payload. */
  #lastWord: LinkClose | null = null
  #isScheduled = false

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  connect(other: MemoryLink): void {
    this.#other = other
  }

  send(payload: Uint8Array, urgency: Urgency = 'ordinary'): void {
    if (!this.isOpen) return
    if (payload.length > MESSAGE_BYTES_MAX) {
      throw new CoppiceError('MEMORY', `a message of ${payload.length} bytes was to be sent, but `
        + `at most ${MESSAGE_BYTES_MAX} can be`)
    }
    const waiting = urgency === 'urgent' ? this.#urgent : this.#ordinary
    waiting.push(payload.slice())
    this.#bufferedBytes += payload.length
    this.schedule()
    this.queued(payload.length)
  }

  /** Hands over, in a later turn, what waits for the peer. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#handOver()
    })
  }

  #handOver(): void {
    const other = this.#other!
    while (other.isTaking) {
      const payload = this.#urgent.shift() ?? this.#ordinary.shift()
      if (payload === undefined) break
      this.#bufferedBytes -= payload.length
      other.receivedBytes += payload.length
      other.arrived(payload)
      this.drained()
    }
    const isEmpty = this.#urgent.length + this.#ordinary.length === 0
    // A peer that has gone itself takes no payloads and needs no resuming to hear the end.
    if (this.#lastWord === null || !(isEmpty && other.isTaking || !other.isOpen)) return
    other.ended(this.#lastWord)
    this.ended(this.#lastWord)
  }

  protected startClosing(code: number, reason: string): void {
    this.#lastWord = { code, reason, by: 'peer' }
    this.schedule()
  }

  protected cut(): void {
    this.#ordinary = []
    this.#urgent = []
    this.#bufferedBytes = 0
    const lost: LinkClose = { code: closeCodes.lost, reason: 'the connection was lost',
      by: 'network' }
    setImmediate(() => {
      this.ended(lost)
      this.#other!.ended(lost)
    })
  }

  protected stopReading(): void {}

  protected startReading(): void {
    this.#other!.schedule()
  }
}
