import type { LoadProgress } from '@coppice/data'
import type { CommittedIteration, IterationEvent, TrainingEvent } from '@coppice/engine'
import { assert, type ModelHeader } from '@coppice/model'
import type { ToClient } from '../protocol/client-messages.js'
import type { JobOutcome } from './outcome.js'

/** A client's connection, as the story of a job needs it. */
export interface JobListener {
  readonly isOpen: boolean
  send(message: ToClient): void
  /** Too much waits to be sent: `drained` of the story is to be called when there is room. */
  readonly isFull: boolean
  /** Another connection of the same job took its place. */
  replaced(): void
}

type ToldEvent = Exclude<TrainingEvent, IterationEvent>

/**
 * What happened to a job so far, told to whoever listens: from the beginning to one who comes in
 * the middle, and no faster than it is taken.
 */
export class JobStory {
  readonly #job: string
  /** That the job is for: `num_iterations`. */
  readonly nIterations: number
  readonly #records: CommittedIteration[] = []
  #listener: JobListener | null = null
  /** First iteration that the listener has not been sent. */
  #next = 0
  #hasSentEnd = false
  #nBefore: number | null = null
  #header: ModelHeader | null = null
  #started: ToldEvent | null = null
  #stopped: ToldEvent | null = null
  #outcome: JobOutcome | null = null

  constructor(job: string, nIterations: number) {
    this.#job = job
    this.nIterations = nIterations
  }

  get records(): readonly CommittedIteration[] {
    return this.#records
  }

  get header(): ModelHeader | null {
    return this.#header
  }

  get outcome(): JobOutcome | null {
    return this.#outcome
  }

  get isHeard(): boolean {
    return this.#listener !== null
  }

  /**
   * Somebody listens from now on, in place of who did before.
   *
   * @param fromIteration - those before it are known to them
   * @param awaited - the iteration whose answer is waited for: told in any case; null for none
   */
  attach(listener: JobListener, fromIteration: number, awaited: number | null): void {
    if (this.#listener !== null && this.#listener !== listener) this.#listener.replaced()
    this.#listener = listener
    this.#next = Math.min(fromIteration, awaited ?? Infinity)
    this.#hasSentEnd = false
    if (this.#nBefore !== null) this.#send({ type: 'accepted', nBefore: this.#nBefore })
    if (this.#header !== null) this.#send({ type: 'opened', header: this.#header })
    if (this.#started !== null) this.#send({ type: 'told', event: this.#started })
    this.#pump()
  }

  /** A connection is gone. @returns whether it was the one that listened */
  detach(listener: JobListener): boolean {
    if (this.#listener !== listener) return false
    this.#listener = null
    return true
  }

  /** A connection has room for more again. */
  drained(listener: JobListener): void {
    if (this.#listener === listener) this.#pump()
  }

  accepted(nBefore: number): void {
    if (this.#nBefore === nBefore) return
    this.#nBefore = nBefore
    this.#send({ type: 'accepted', nBefore })
  }

  loading(dataset: string, { phase, done, total }: LoadProgress): void {
    this.#send({ type: 'loading', dataset, phase, done, total })
  }

  notice(text: string): void {
    this.#send({ type: 'notice', text })
  }

  opened(header: ModelHeader): void {
    const isKnown = this.#header !== null
    this.#header = header
    if (!isKnown) this.#send({ type: 'opened', header })
  }

  told(event: ToldEvent): void {
    if (event.kind === 'stopped') this.#stopped = event
    else {
      this.#started = event
      this.#send({ type: 'told', event })
    }
  }

  /** An iteration is committed, the next one or one that is known. */
  committed(record: CommittedIteration): void {
    const { iteration } = record
    assert(iteration <= this.#records.length, `iteration ${iteration} follows the one before it`)
    if (iteration < this.#records.length) return
    this.#records.push(record)
    this.#pump()
  }

  /** Iterations that the job begins with; who submitted it has them. */
  resumed(records: readonly CommittedIteration[]): void {
    for (const record of records) {
      if (record.iteration === this.#records.length) this.#records.push(record)
    }
    this.#next = Math.max(this.#next, records.length)
  }

  ended(outcome: JobOutcome): void {
    this.#outcome = outcome
    this.#pump()
  }

  #pump(): void {
    while (this.#next < this.#records.length && this.#listener?.isFull === false) {
      const record = this.#records[this.#next++]!
      this.#send({ type: 'announced', event: this.#eventOf(record), record })
    }
    if (this.#next < this.#records.length || this.#outcome === null || this.#hasSentEnd) return
    if (this.#listener?.isFull !== false) return
    this.#hasSentEnd = true
    this.#sendEnd(this.#outcome)
  }

  #sendEnd(outcome: JobOutcome): void {
    if (outcome.kind === 'failed') {
      const { error, mayResume } = outcome
      return this.#send({ type: 'failed', error, mayResume })
    }
    if (this.#stopped !== null) this.#send({ type: 'told', event: this.#stopped })
    const { stoppedBy, model } = outcome
    this.#send({ type: 'done', stoppedBy, model })
  }

  #eventOf({ iteration, metrics, trees }: CommittedIteration): IterationEvent {
    return {
      kind: 'iteration', iteration, nIterations: this.nIterations, metrics,
      nLeaves: trees.map(({ leafValue }) => leafValue.length),
    }
  }

  #send(message: Message): void {
    this.#listener?.send({ ...message, job: this.#job } as ToClient)
  }
}

/** A message to a client without the job it is about. */
type Message = ToClient extends infer M ? M extends ToClient ? Omit<M, 'job'> : never : never
