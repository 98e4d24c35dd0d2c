import type { JobListener } from '../jobs/job-story.js'
import type { Follow, FromClient, Predict, Submit, ToClient } from '../protocol/client-messages.js'
import { decodeMessage, encodeMessage } from '../protocol/codec.js'
import { ProtocolError } from '../protocol/error.js'
import { PROTOCOL_VERSION } from '../protocol/messages.js'
import { wireError } from '../protocol/wire-error.js'
import { closeCodes, type Link } from '../transport/index.js'
import type { JobQueue } from './job-queue.js'

/** A client's connection as jobs see it. */
class ClientPort implements JobListener {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  get isOpen(): boolean {
    return this.#link.isOpen
  }

  get isFull(): boolean {
    return this.#link.isFull
  }

  send(message: ToClient): void {
    let payload: Uint8Array
    try {
      payload = encodeMessage(message)
    } catch (error) {
      // Only a record or a model can be too long; the client is told instead of being left waiting.
      payload = encodeMessage({
        type: 'failed', job: message.job, error: wireError(error), mayResume: false,
      })
    }
    this.#link.send(payload)
  }

  replaced(): void {
    this.#link.close(closeCodes.policy, 'another connection of the same job took its place')
  }
}

/** The connections of clients: what they say goes to the queue. */
export class CoordinatorClients {
  readonly #queue: JobQueue
  readonly #onNotice: (text: string) => void

  constructor(queue: JobQueue, onNotice: (text: string) => void) {
    this.#queue = queue
    this.#onNotice = onNotice
  }

  /** A client has connected. */
  accept(link: Link): void {
    const port = new ClientPort(link)
    link.listen({
      onPayload: (payload) => this.#guard(link, () => this.#hear(link, port, payload)),
      onClose: () => this.#guard(link, () => this.#queue.detach(port)),
      onDrain: () => this.#guard(link, () => this.#queue.drained(port)),
    })
  }

  /** What nobody expected of one client ends its connection, and nothing else. */
  #guard(link: Link, run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#onNotice(`internal error about client ${link.peer}; its connection is closed: ` +
        wireError(error).message)
      link.close(closeCodes.internal, 'internal error')
    }
  }

  #hear(link: Link, port: ClientPort, payload: Uint8Array): void {
    let message: FromClient
    try {
      message = decodeMessage(payload, 'from-client')
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#onNotice(`client ${link.peer} sent what is no message: ${error.message}`)
      link.close(closeCodes.protocol, error.message)
      return
    }
    switch (message.type) {
      case 'submit': return this.#submit(port, message)
      case 'follow': return this.#follow(port, message)
      case 'go': return this.#queue.go(message.job, message.iteration, message.answer)
      case 'abort': return this.#queue.abort(message.job)
      case 'predict': return this.#predict(port, message)
      case 'taken': return this.#queue.taken(message.job, message.nBatches)
    }
  }

  #submit(port: ClientPort, message: Submit): void {
    if (this.#isOurs(port, message)) this.#queue.submit(port, message)
  }

  #follow(port: ClientPort, message: Follow): void {
    if (this.#isOurs(port, message)) this.#queue.follow(port, message.job)
  }

  #predict(port: ClientPort, message: Predict): void {
    if (this.#isOurs(port, message)) this.#queue.predict(port, message)
  }

  #isOurs(port: ClientPort, { job, protocol }: Submit | Follow | Predict): boolean {
    if (protocol === PROTOCOL_VERSION) return true
    port.send({ type: 'failed', job, mayResume: false, error: {
      code: 'PARAMETER',
      message: `this client speaks protocol ${protocol}, the coordinator ${PROTOCOL_VERSION}; ` +
        'install the same release of Coppice on both machines',
    } })
    return false
  }
}
