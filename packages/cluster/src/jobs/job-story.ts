import type { LoadProgress } from '@coppice/data'
import {
  type CommittedIteration, initialIterations, type IterationEvent, type TrainingEvent,
} from '@coppice/engine'
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

/** One who is told, and how far they are. */
interface Telling {
  readonly listener: JobListener
  /** First iteration that was not sent. */
  next: number
  hasSentEnd: boolean
}

/**
 * What happened to a job so far, told to whoever listens: from the beginning to one who comes in
 * the middle, and no faster than it is taken. The client whose job it is listens, and those who
 * follow it.
 */
export class JobStory {
  readonly #job: string
  /** That the job is for: `num_iterations`. */
  readonly nIterations: number
  readonly #records: CommittedIteration[] = []
  /** To the client whose job it is. */
  #owner: Telling | null = null
  #followers: Telling[] = []
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

  /** Whether the client is there whose job it is. */
  get isHeard(): boolean {
    return this.#owner !== null
  }

  /**
   * The client whose job it is listens from now on, in place of who did before.
   *
   * @param fromIteration - those before it are known to them
   * @param awaited - the iteration whose answer is waited for: told in any case; null for none
   */
  attach(listener: JobListener, fromIteration: number, awaited: number | null): void {
    if (this.#owner !== null && this.#owner.listener !== listener) this.#owner.listener.replaced()
    const next = Math.min(fromIteration, awaited ?? Infinity)
    this.#owner = { listener, next, hasSentEnd: false }
    this.#begin(this.#owner)
  }

  /** Somebody else listens too: to what comes, and to the end. */
  follow(listener: JobListener): void {
    this.#followers = this.#followers.filter((telling) => telling.listener !== listener)
    const telling = { listener, next: this.#records.length, hasSentEnd: false }
    this.#followers.push(telling)
    this.#begin(telling)
  }

  #begin(telling: Telling): void {
    const send = (message: Message): void => this.#sendTo(telling, message)
    if (this.#nBefore !== null) send({ type: 'accepted', nBefore: this.#nBefore })
    if (this.#header !== null) send({ type: 'opened', header: this.#header })
    if (this.#started !== null) send({ type: 'told', event: this.#started })
    this.#pump(telling)
  }

  /** A connection is gone. @returns whether it was that of the client whose job it is */
  detach(listener: JobListener): boolean {
    this.#followers = this.#followers.filter((telling) => telling.listener !== listener)
    if (this.#owner?.listener !== listener) return false
    this.#owner = null
    return true
  }

  /** A connection has room for more again. */
  drained(listener: JobListener): void {
    for (const telling of this.#tellings()) if (telling.listener === listener) this.#pump(telling)
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
    this.#pumpAll()
  }

  /** Iterations that the job begins with; who submitted it has them. */
  resumed(records: readonly CommittedIteration[]): void {
    for (const record of records) {
      if (record.iteration === this.#records.length) this.#records.push(record)
    }
    for (const telling of this.#tellings()) {
      telling.next = Math.max(telling.next, records.length)
    }
  }

  ended(outcome: JobOutcome): void {
    this.#outcome = outcome
    this.#pumpAll()
  }

  #tellings(): Telling[] {
    return this.#owner === null ? this.#followers : [this.#owner, ...this.#followers]
  }

  #pumpAll(): void {
    for (const telling of this.#tellings()) this.#pump(telling)
  }

  #pump(telling: Telling): void {
    const { listener } = telling
    while (telling.next < this.#records.length && !listener.isFull) {
      const record = this.#records[telling.next++]!
      this.#sendTo(telling, { type: 'announced', event: this.#eventOf(record), record })
    }
    if (telling.next < this.#records.length || this.#outcome === null || telling.hasSentEnd) return
    if (listener.isFull) return
    telling.hasSentEnd = true
    this.#sendEnd(telling, this.#outcome)
  }

  #sendEnd(telling: Telling, outcome: JobOutcome): void {
    if (outcome.kind === 'failed') {
      const { error, mayResume } = outcome
      return this.#sendTo(telling, { type: 'failed', error, mayResume })
    }
    if (this.#stopped !== null) this.#sendTo(telling, { type: 'told', event: this.#stopped })
    const { stoppedBy, model } = outcome
    this.#sendTo(telling, { type: 'done', stoppedBy, model })
  }

  #eventOf({ iteration, metrics, trees }: CommittedIteration): IterationEvent {
    const nInitial = this.#header === null ? 0 : initialIterations(this.#header)
    return {
      kind: 'iteration', iteration: nInitial + iteration,
      nIterations: nInitial + this.nIterations, metrics,
      nLeaves: trees.map(({ leafValue }) => leafValue.length),
    }
  }

  #send(message: Message): void {
    for (const telling of this.#tellings()) this.#sendTo(telling, message)
  }

  #sendTo({ listener }: Telling, message: Message): void {
    listener.send({ ...message, job: this.#job } as ToClient)
  }
}

/** A message to a client without the job it is about. */
type Message = ToClient extends infer M ? M extends ToClient ? Omit<M, 'job'> : never : never
