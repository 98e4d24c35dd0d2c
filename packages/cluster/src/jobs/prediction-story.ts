import type { PredictedRows } from '@coppice/data'
import type { Planned, ToClient } from '../protocol/client-messages.js'
import type { WireError } from '../protocol/messages.js'
import type { BatchWindow } from './batch-window.js'
import type { JobListener } from './job-story.js'

/** How a prediction ended. */
export type PredictionOutcome =
  | { readonly kind: 'done', readonly nRows: number }
  | { readonly kind: 'failed', readonly error: WireError, readonly mayResume: false }

/** What a client is told of the rows before any is predicted. */
export type PredictionHead = Omit<Planned, 'type' | 'job'>

/** What happens to a prediction, told to the client that wants it, no faster than it is taken. */
export class PredictionStory {
  readonly #job: string
  #listener: JobListener | null = null
  #nBefore: number | null = null
  #head: PredictionHead | null = null
  #window: BatchWindow<PredictedRows> | null = null
  #outcome: PredictionOutcome | null = null
  /** Batches that the client had when it came. */
  #from = 0

  constructor(job: string) {
    this.#job = job
  }

  get isHeard(): boolean {
    return this.#listener !== null
  }

  get outcome(): PredictionOutcome | null {
    return this.#outcome
  }

  /** The first batch that is wanted. */
  get from(): number {
    return this.#from
  }

  /** A client listens from now on, in place of who did before. It has `fromBatch` batches. */
  attach(listener: JobListener, fromBatch: number): void {
    if (this.#listener !== null && this.#listener !== listener) this.#listener.replaced()
    this.#listener = null
    if (this.#window?.resume(fromBatch) === false) {
      listener.send({ type: 'failed', job: this.#job, mayResume: false, error: {
        code: 'PARAMETER', message: `batch ${fromBatch} of job "${this.#job}" is not here (any ` +
          'more): predict again, as another job',
      } })
      return
    }
    this.#from = fromBatch
    this.#listener = listener
    if (this.#nBefore !== null) this.#send({ type: 'accepted', nBefore: this.#nBefore })
    if (this.#head !== null) this.#send({ type: 'planned', ...this.#head })
    if (this.#outcome === null) this.pump()
    else this.#sendEnd(this.#outcome)
  }

  /** A connection is gone. @returns whether it was the one that listened */
  detach(listener: JobListener): boolean {
    if (this.#listener !== listener) return false
    this.#listener = null
    return true
  }

  /** A connection has room for more again. */
  drained(listener: JobListener): void {
    if (this.#listener === listener) this.pump()
  }

  accepted(nBefore: number): void {
    if (this.#nBefore === nBefore) return
    this.#nBefore = nBefore
    this.#send({ type: 'accepted', nBefore })
  }

  notice(text: string): void {
    this.#send({ type: 'notice', text })
  }

  planned(head: PredictionHead, window: BatchWindow<PredictedRows>): void {
    this.#head = head
    this.#window = window
    this.#send({ type: 'planned', ...head })
  }

  /** Sends what is done, in order, while it is taken. */
  pump(): void {
    while (this.#window !== null && this.#listener?.isFull === false) {
      const next = this.#window.next()
      if (next === null) return
      this.#send({ type: 'predicted', batch: next.batch, rows: next.value })
    }
  }

  ended(outcome: PredictionOutcome): void {
    this.#outcome = outcome
    this.#sendEnd(outcome)
  }

  /** A client that has the last batch knows that it is the last. */
  #sendEnd(outcome: PredictionOutcome): void {
    if (outcome.kind === 'done') return
    this.#send({ type: 'failed', error: outcome.error, mayResume: false })
  }

  #send(message: Message): void {
    this.#listener?.send({ ...message, job: this.#job } as ToClient)
  }
}

/** A message to a client without the job it is about. */
type Message = ToClient extends infer M ? M extends ToClient ? Omit<M, 'job'> : never : never
