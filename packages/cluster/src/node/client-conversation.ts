import { CoppiceError } from '@coppice/model'
import type { FromClient, ToClient } from '../protocol/client-messages.js'
import { decodeMessage, encodeMessage } from '../protocol/codec.js'
import { closeCodes, type Link, type LinkClose, type Reconnector } from '../transport/index.js'

/** The two sides of a job's conversation that differ between kinds of jobs. */
export interface ConversationPart {
  /** What is said first on a connection, when all that was heard before is settled. */
  greet(): readonly FromClient[]
  /** Takes a message; the next one is taken when this is done. What it throws ends the job. */
  take(message: ToClient): Promise<void> | void
  /** The job is over, with an error. */
  fail(error: unknown): void
  readonly onNotice: ((text: string) => void) | undefined
  /** The job is its own: it ends when a message cannot be taken. */
  readonly isOwner: boolean
}

/** A client's talk about a job, over as many connections as it takes. */
export class ClientConversation {
  readonly #job: string
  readonly #part: ConversationPart
  readonly #reconnector: Reconnector
  #link: Link | null = null
  /** Messages are taken one after the other, callbacks included. */
  #work: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(job: string, reconnector: Reconnector, part: ConversationPart) {
    this.#job = job
    this.#reconnector = reconnector
    this.#part = part
  }

  /** Connects, again whenever the connection is lost, until `end`. */
  start(): void {
    this.#serve().catch((error: unknown) => this.#part.fail(error))
  }

  send(message: FromClient): void {
    this.#link?.send(encodeMessage(message))
  }

  /** Nothing more is taken. */
  end(): void {
    this.#isOver = true
  }

  /** Lets the connection go, after what was sent. */
  close(): void {
    this.#isOver = true
    this.#link?.close(closeCodes.normal, 'the job is over')
  }

  async #serve(): Promise<void> {
    for (let isFirst = true; !this.#isOver; isFirst = false) {
      const link = await this.#reconnector.next()
      if (this.#isOver) return link.destroy('the job is over')
      if (!isFirst) this.#part.onNotice?.('connected to the coordinator again')
      const close = await this.#converse(link)
      await this.#work
      if (this.#isOver) return
      requireReturn(close)
      this.#part.onNotice?.(`the connection to the coordinator was lost: ${close.reason}; ` +
        'trying again')
    }
  }

  /** Until the link is gone. */
  #converse(link: Link): Promise<LinkClose> {
    this.#link = link
    const closed = new Promise<LinkClose>((resolve) => {
      link.listen({ onPayload: (payload) => this.#hear(link, payload), onClose: resolve })
    })
    this.#work.then(() => {
      for (const message of this.#part.greet()) this.send(message)
    }).catch((error: unknown) => this.#part.fail(error))
    return closed
  }

  #hear(link: Link, payload: Uint8Array): void {
    let message: ToClient
    try {
      message = decodeMessage(payload, 'to-client')
    } catch (error) {
      return this.#part.fail(error)
    }
    this.#work = this.#work.then(async () => {
      if (!this.#isOver && message.job === this.#job) await this.#part.take(message)
    }).catch((error: unknown) => {
      if (this.#part.isOwner) link.send(encodeMessage({ type: 'abort', job: this.#job }))
      this.#part.fail(error)
    })
  }
}

/** What is told of a place in the queue; null at its head. */
export function queueText(nBefore: number): string | null {
  if (nBefore === 0) return null
  return 'the job waits in the queue, ' +
    (nBefore === 1 ? 'behind another one' : `behind ${nBefore} others`)
}

/** @throws CoppiceError where coming back would end the same way */
function requireReturn({ code, reason, by }: LinkClose): void {
  if (by !== 'peer' || (code !== closeCodes.protocol && code !== closeCodes.policy)) return
  throw new CoppiceError(code === closeCodes.policy ? 'ABORTED' : 'INTERNAL',
    `the coordinator closed the connection: ${reason}`)
}
