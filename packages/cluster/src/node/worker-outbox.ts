import { encodeMessage } from '../protocol/codec.js'
import type { FromWorker } from '../protocol/messages.js'
import type { Link } from '../transport/link.js'
import { wireErrorOf } from './worker-errors.js'

/**
 * What a worker has to say, on its way to a link. Beats go at once, past everything else; when
 * the link is full the rest waits here, in order, and not in memory that only grows.
 */
export class WorkerOutbox {
  #link: Link | null = null
  #waiting: FromWorker[] = []
  /** Bytes of messages that were given to links. */
  nBytes = 0

  /** Messages that wait for room. */
  get nWaiting(): number {
    return this.#waiting.length
  }

  /** A new connection, or none: what was said to the old one is of no more use. */
  attach(link: Link | null): void {
    this.#link = link
    this.#waiting = []
  }

  send(message: FromWorker): void {
    if (this.#link === null) return
    if (message.type === 'beat') return this.#give(message, 'urgent')
    if (message.type === 'answer') this.#forgetOlder(message)
    this.#waiting.push(message)
    this.flush()
  }

  /** Sends what waits, while there is room. */
  flush(): void {
    while (this.#link?.isFull === false) {
      const message = this.#waiting.shift()
      if (message === undefined) return
      this.#give(message, 'ordinary')
    }
  }

  /**
   * An answer makes those to earlier requests useless, and is the same as one to the same request:
   * who asks again while it waits gets it once.
   */
  #forgetOlder({ store, iteration, seq, chunk }: Extract<FromWorker, { type: 'answer' }>): void {
    if (this.#waiting.length === 0) return
    this.#waiting = this.#waiting.filter((other) =>
      other.type !== 'answer' || other.store !== store ||
      (other.iteration === iteration && other.seq === seq && other.chunk !== chunk))
  }

  #give(message: FromWorker, urgency: 'ordinary' | 'urgent'): void {
    let bytes: Uint8Array
    try {
      bytes = encodeMessage(message)
    } catch (error) {
      const instead = insteadOf(message, error)
      if (instead === null) throw error
      bytes = encodeMessage(instead)
    }
    this.nBytes += bytes.length
    const isSums = message.type === 'answer' && message.payload.kind === 'sums'
    this.#link!.send(bytes, urgency, isSums ? 'head' : 'all')
  }
}

/** A result that cannot be sent, being too large, is a failure: silence would be asked again. */
function insteadOf(message: FromWorker, cause: unknown): FromWorker | null {
  const error = wireErrorOf(cause)
  switch (message.type) {
    case 'task-done':
      // whoever does a task gets the same result
      return {
        type: 'task-failed', job: message.job, task: message.task, isFinal: true, error,
      }
    case 'answer':
      return { type: 'engine-failed', job: message.job, store: message.store, error }
    case 'loaded':
      return {
        type: 'store-failed', job: message.job, store: message.store, partition: null,
        isFinal: false, error,
      }
    default: return null
  }
}
