import type { ColumnType, PredictedRows } from '@coppice/data'
import { assert, CoppiceError } from '@coppice/model'
import { deferred } from '../jobs/deferred.js'
import type { Planned, PredictionSpec, ToClient } from '../protocol/client-messages.js'
import { PROTOCOL_VERSION } from '../protocol/messages.js'
import type { Reconnector } from '../transport/index.js'
import { ClientConversation, queueText } from './client-conversation.js'

/** What is known of a prediction before a row is predicted. */
export interface PredictionOutline {
  readonly nRows: number
  /** Types of the columns to keep, over all rows. */
  readonly keptTypes: readonly ColumnType[]
}

/** What a prediction tells while it runs. */
export interface PredictHandlers {
  /** Called once, first; no batch comes before it is done. */
  readonly onPlanned?: ((outline: PredictionOutline) => Promise<void> | void) | undefined
  /** The next rows, in order. More come when this is done: a slow one slows the workers. */
  readonly onBatch: (rows: PredictedRows) => Promise<void> | void
  /** Something a person should know: who was lost and why, that a connection is tried again. */
  readonly onNotice?: ((text: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A client's side of a prediction. It counts the batches that it has; whichever coordinator it
 * finds after a lost connection is asked for those that follow.
 */
export class ClientPrediction {
  readonly #job: string
  readonly #handlers: PredictHandlers
  readonly #talk: ClientConversation
  readonly #result = deferred<void>()
  #head: Planned | null = null
  #nBatches = 0
  #isOver = false

  constructor(
    job: string, spec: PredictionSpec, handlers: PredictHandlers, reconnector: Reconnector,
  ) {
    this.#job = job
    this.#handlers = handlers
    this.#talk = new ClientConversation(job, reconnector, {
      greet: () => [{
        type: 'predict', protocol: PROTOCOL_VERSION, job, spec, fromBatch: this.#nBatches,
      }],
      take: (message) => this.#take(message),
      fail: (error) => this.#fail(error),
      onNotice: handlers.onNotice,
      isOwner: true,
    })
  }

  /**
   * Runs until all rows were given to the handlers.
   *
   * @throws CoppiceError of the coordinator, 'IO' when it cannot be reached for too long or the
   *   data were changed in the meantime, 'ABORTED' by the signal, at once; whatever a handler
   *   throws
   */
  async run(): Promise<void> {
    const { signal } = this.#handlers
    const onAbort = (): void => {
      this.#talk.send({ type: 'abort', job: this.#job })
      this.#fail(new CoppiceError('ABORTED', 'prediction was aborted', { cause: signal?.reason }))
    }
    if (signal?.aborted === true) onAbort()
    else this.#talk.start()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await this.#result.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#talk.close()
    }
  }

  /** Wants no more. */
  leave(): void {
    this.#fail(new CoppiceError('ABORTED', 'the client was closed before its job was done'))
  }

  async #take(message: ToClient): Promise<void> {
    switch (message.type) {
      case 'accepted': {
        const text = queueText(message.nBefore)
        if (text !== null) this.#handlers.onNotice?.(text)
        return
      }
      case 'notice': return this.#handlers.onNotice?.(message.text)
      case 'planned': return this.#planned(message)
      case 'predicted': return this.#predicted(message.batch, message.rows)
      case 'failed': throw new CoppiceError(message.error.code, message.error.message)
      // of trainings
      default: return
    }
  }

  async #planned(head: Planned): Promise<void> {
    if (this.#head !== null) {
      if (JSON.stringify(head) === JSON.stringify(this.#head)) return
      throw new CoppiceError('IO', 'the data were changed while they were predicted; leave the ' +
        'files alone, and predict again')
    }
    this.#head = head
    await this.#handlers.onPlanned?.({ nRows: head.nRows, keptTypes: head.keptTypes })
    this.#endWithLast()
  }

  async #predicted(batch: number, rows: PredictedRows): Promise<void> {
    // of an earlier connection
    if (batch < this.#nBatches) return
    assert(this.#head !== null && batch === this.#nBatches, `batch ${this.#nBatches} is next`)
    await this.#handlers.onBatch(rows)
    this.#nBatches++
    if (!this.#isOver) {
      this.#talk.send({ type: 'taken', job: this.#job, nBatches: this.#nBatches })
    }
    this.#endWithLast()
  }

  #endWithLast(): void {
    if (this.#nBatches !== this.#head?.nBatches) return
    this.#isOver = true
    this.#talk.end()
    this.#result.resolve()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#talk.end()
    this.#result.reject(error)
  }
}
