import { assert } from '@coppice/model'
import type { EngineSetup } from '@coppice/engine'
import { type LogOutcome, RequestLog } from '../log/request-log.js'
import { ProtocolError } from '../protocol/error.js'
import {
  PROTOCOL_VERSION, type Again, type AnswerPayload, type HeldStore, type Hold, type Job,
  type LoadedPartitionInfo, type ToWorker, type WireError, type WorkerState,
} from '../protocol/messages.js'
import { AuditQueue } from './audit-queue.js'
import type { AnswerPlace, EngineWork, WorkerEffect, WorkerEvent } from './events.js'
import type { WorkerOptions } from './options.js'
import { byUrgency, type Store, storeState, type Ticket, without } from './store.js'
import { freshProgress, mustRewind, nextRun, type StoreRun } from './store-progress.js'
import { TaskList } from './task-list.js'

/** What belongs to the job that the worker holds rows for. */
type JobMessage = Extract<ToWorker, {
  type: 'hold' | 'setup' | 'trees' | 'request' | 'rewind' | 'again' | 'audit'
}>

/**
 * A worker, without sockets, threads or clocks: it is told what happens and says what to do.
 * It follows the coordinator's list of stores and log; what it has survives a lost connection.
 */
export class WorkerMachine {
  readonly #options: WorkerOptions
  readonly #nextRun: typeof nextRun
  #effects: WorkerEffect[] = []
  #isConnected = false
  #lastHeard = 0
  #lastBeat = 0
  #heartbeatMs = 500
  #leaseMs = 3000
  #isDraining = false
  #rssBytes = 0
  #job: Job | null = null
  #setup: EngineSetup | null = null
  #view = 0
  #log = new RequestLog()
  readonly #stores = new Map<number, Store>()
  /** Stores whose engines are to be dropped. */
  #dropped: number[] = []
  /** They come before the job's recipes are known. */
  readonly #tasks = new TaskList()
  readonly #audits = new AuditQueue()
  #ticket: Ticket | null = null
  #nTickets = 0

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#nextRun = options.nextRun ?? nextRun
  }

  /** Takes an event at a time in milliseconds of any monotonic clock. */
  step(event: WorkerEvent, now: number): WorkerEffect[] {
    this.#effects = []
    this.#take(event, now)
    this.#work()
    return this.#effects
  }

  #take(event: WorkerEvent, now: number): void {
    switch (event.kind) {
      case 'connected': return this.#connected(now)
      case 'disconnected':
        this.#isConnected = false
        return
      case 'message':
        this.#lastHeard = now
        return this.#hear(event.message)
      case 'tick': return this.#tick(now)
      case 'task-done':
        if (!this.#tasks.take(event.job, event.task)) return
        return this.#send({ type: 'task-done', ...without(event) })
      case 'task-failed':
        if (!this.#tasks.take(event.job, event.task)) return
        return this.#send({ type: 'task-failed', ...without(event) })
      case 'loaded': return this.#loaded(event.job, event.store, event.partitions)
      case 'load-failed': return this.#loadFailed(event)
      case 'engine-part': return this.#answer(event.ticket, event.chunk, event.payload)
      case 'engine-done':
      case 'digest-done':
      case 'engine-failed':
        return this.#engineAnswered(event)
      case 'drain':
        this.#isDraining = true
        this.#send({ type: 'drain' })
        return
      case 'memory':
        this.#rssBytes = event.rssBytes
    }
  }

  #connected(now: number): void {
    this.#isConnected = true
    this.#lastHeard = this.#lastBeat = now
    const { name: worker, incarnation, build, nThreads, memoryBytes } = this.#options
    const who = { worker, incarnation, build, nThreads, memoryBytes }
    this.#view = 0
    // who asked may be gone
    this.#audits.clear()
    this.#send({ type: 'hello', protocol: PROTOCOL_VERSION, ...who, state: this.state() })
  }

  #tick(now: number): void {
    if (!this.#isConnected) return
    if (now - this.#lastHeard > this.#leaseMs) {
      this.#isConnected = false
      this.#effects.push({
        kind: 'reconnect',
        reason: `nothing was heard from the coordinator for ${now - this.#lastHeard} ms`,
      })
      return
    }
    if (now - this.#lastBeat >= this.#heartbeatMs) {
      this.#lastBeat = now
      this.#send({ type: 'beat', state: this.state() })
    }
  }

  /** What the coordinator is told in a beat. */
  state(): WorkerState {
    return {
      job: this.#job?.job ?? null,
      view: this.#view,
      hasSetup: this.#setup !== null,
      iteration: this.#log.trees.length,
      nRequests: this.#log.requests.length,
      digest: this.#log.trees.digest,
      mark: this.#log.mark,
      stores: [...this.#stores.values()].map(storeState),
      tasks: this.#tasks.all,
      isDraining: this.#isDraining,
      rssBytes: this.#rssBytes,
    }
  }

  #hear(message: ToWorker): void {
    switch (message.type) {
      case 'welcome':
        this.#heartbeatMs = message.heartbeatMs
        this.#leaseMs = message.leaseMs
        return
      case 'reject': return this.#rejected(message.reason, message.retry)
      case 'beat-ack': return
      case 'context':
        this.#tasks.readFor(message.job)
        this.#effects.push({ kind: 'context', context: message })
        return
      case 'task':
        if (!this.#tasks.add(message.job, message.task)) return
        this.#effects.push({ kind: 'task', task: message })
        return
      case 'job': return this.#startJob(message)
      case 'finished': return this.#finished(message.job)
      case 'leave':
        this.#effects.push({ kind: 'exit', code: message.exitCode, reason: message.reason })
        return
      default:
        // what belongs to another job is late
        if (message.job === this.#job?.job) this.#tryToFollow(message)
    }
  }

  /** What asks for something that there is not in this job is refused before engines see it. */
  #tryToFollow(message: JobMessage): void {
    try {
      this.#follow(message)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      const reason = `it cannot understand what the coordinator sent: ${error.message}`
      this.#effects.push({ kind: 'notice', text: reason })
      this.#send({ type: 'broken', reason })
    }
  }

  #follow(message: JobMessage): void {
    const [log, setup] = [this.#log, this.#setup]
    switch (message.type) {
      case 'hold': return this.#hold(message)
      case 'setup':
        this.#setup ??= message.setup
        return
      // nothing can be checked without the setup: it comes first, or was lost and comes again
      case 'trees': return this.#gotTrees(setup === null ? 'gap' : log.addTrees(message, setup))
      case 'request': return this.#logged(setup === null ? 'gap' : log.request(message, setup))
      case 'rewind': return this.#rewind(message.iteration)
      case 'again': return this.#again(message)
      case 'audit': return this.#audits.add(message)
    }
  }

  #rejected(reason: string, retry: boolean): void {
    this.#effects.push(retry ? { kind: 'reconnect', reason } : { kind: 'exit', code: 1, reason })
    this.#isConnected = false
  }

  #startJob(job: Job): void {
    if (this.#job?.job === job.job) return
    this.#forget()
    this.#job = job
    this.#effects.push({ kind: 'job', job })
  }

  #finished(job: string): void {
    this.#tasks.finished(job)
    if (this.#job?.job === job) this.#forget()
  }

  #forget(): void {
    for (const store of [...this.#stores.values()]) this.#drop(store)
    this.#job = null
    this.#setup = null
    this.#view = 0
    this.#log = new RequestLog()
    this.#audits.clear()
    this.#effects.push({ kind: 'job', job: null })
  }

  #hold({ job, view, stores }: Hold): void {
    if (view < this.#view) return
    this.#view = view
    const wanted = new Map(stores.map((store) => [store.store, store]))
    for (const store of [...this.#stores.values()]) {
      const held = wanted.get(store.id)
      if (held === undefined) this.#drop(store)
      else {
        store.isActive = held.isActive
        // the coordinator may not have heard
        if (store.infos !== null) this.#sendLoaded(job, store)
      }
    }
    for (const held of stores) {
      if (!this.#stores.has(held.store)) this.#takeOn(job, held)
    }
  }

  #takeOn(job: string, { store, partitions, isActive }: HeldStore): void {
    this.#stores.set(store, {
      id: store, partitions, isActive, infos: null, isOpen: false, progress: freshProgress,
      rewindTo: Infinity,
    })
    this.#effects.push({ kind: 'load', job, store, partitions })
  }

  #drop(store: Store): void {
    this.#stores.delete(store.id)
    if (store.isOpen || this.#ticket?.store === store) this.#dropped.push(store.id)
    this.#effects.push({ kind: 'unload', store: store.id })
  }

  #loaded(job: string, id: number, infos: readonly LoadedPartitionInfo[]): void {
    const store = this.#stores.get(id)
    if (job !== this.#job?.job || store === undefined) return
    store.infos = infos
    this.#sendLoaded(job, store)
  }

  #sendLoaded(job: string, store: Store): void {
    this.#send({ type: 'loaded', job, store: store.id, partitions: store.infos! })
  }

  #loadFailed(event: Extract<WorkerEvent, { kind: 'load-failed' }>): void {
    const { job, store } = event
    const failed = this.#stores.get(store)
    if (job !== this.#job?.job || failed === undefined) return
    this.#stores.delete(store)
    this.#effects.push({ kind: 'unload', store })
    this.#send({ type: 'store-failed', ...without(event) })
  }

  #logged(outcome: LogOutcome): void {
    if (outcome !== 'gap') return
    const { trees, requests } = this.#log
    const place = { iteration: trees.length, nRequests: requests.length }
    this.#send({ type: 'need', job: this.#job!.job, ...place })
  }

  /** There may be more to come: the coordinator hears at once how far it is. */
  #gotTrees(outcome: LogOutcome): void {
    if (outcome === 'extended') return this.#send({ type: 'beat', state: this.state() })
    this.#logged(outcome)
  }

  #rewind(iteration: number): void {
    const { trees, requests } = this.#log
    const isBefore = trees.length < iteration ||
      (trees.length === iteration && requests.length === 0)
    if (isBefore) return
    this.#log.rewind(iteration)
    for (const store of this.#stores.values()) {
      const coming = this.#ticket?.store === store ? this.#ticket.run?.after : undefined
      const isBeyond = mustRewind(store.progress, iteration) ||
        (coming !== undefined && mustRewind(coming, iteration))
      if (isBeyond) store.rewindTo = Math.min(store.rewindTo, iteration)
    }
  }

  #again({ store: id, iteration, seq }: Again): void {
    const store = this.#stores.get(id)
    if (store === undefined) return
    const { applied, nRequests } = store.progress
    if (applied.length !== iteration || nRequests !== seq + 1) return
    store.progress = { ...store.progress, hasAnswered: false }
  }

  /** Gives the engines something to do, if they have nothing and there is something. */
  #work(): void {
    if (this.#ticket !== null) return
    const drop = this.#dropped.shift()
    if (drop !== undefined) return this.#issue(drop, { kind: 'drop', store: drop })
    // it takes a moment, and the next tree would make it too late
    if (this.#audit()) return
    const stores = [...this.#stores.values()].sort(byUrgency)
    for (const store of stores) {
      if (this.#workOn(store)) return
    }
  }

  #workOn(store: Store): boolean {
    if (store.infos === null || this.#setup === null) return false
    if (!store.isOpen) {
      this.#issue(store.id, { kind: 'open', store: store.id, setup: this.#setup })
      return true
    }
    const run = this.#nextRun(store.progress, this.#log, store.isActive, store.rewindTo)
    if (run === null) return false
    const { apply, answer, isApplied, after } = run
    const place = answer === null ? null : {
      job: this.#job!.job, store: store.id, iteration: after.applied.length,
      seq: after.nRequests - 1, mark: this.#log.mark,
    }
    this.#issue(store.id, { kind: 'run', store: store.id, apply, answer, isApplied }, run, place)
    return true
  }

  #issue(
    store: number, work: EngineWork, run: StoreRun | null = null,
    place: AnswerPlace | null = null, audit: number | null = null,
  ): void {
    this.#ticket = {
      id: ++this.#nTickets, store: this.#stores.get(store) ?? null, work, run, place, audit,
    }
    this.#effects.push({ kind: 'engine', ticket: this.#ticket.id, work })
  }

  #engineAnswered(
    event: Extract<WorkerEvent, { kind: 'engine-done' | 'digest-done' | 'engine-failed' }>,
  ): void {
    const ticket = this.#ticket
    assert(ticket?.id === event.ticket, `ticket ${event.ticket} is under way`)
    this.#ticket = null
    const { store } = ticket
    if (store === null || this.#stores.get(store.id) !== store) return
    if (event.kind === 'engine-failed') return this.#engineFailed(store, event.error)
    if (event.kind === 'digest-done') return this.#audited(ticket.audit!, event.digest)
    if (ticket.work.kind === 'open') store.isOpen = true
    if (ticket.run === null) return
    store.progress = ticket.run.after
    if (!mustRewind(store.progress, store.rewindTo)) store.rewindTo = Infinity
  }

  /** Sends a part of an answer, unless the store is gone or must go back before the request. */
  #answer(id: number, chunk: number, payload: AnswerPayload): void {
    const ticket = this.#ticket
    assert(ticket?.id === id, `ticket ${id} is under way`)
    const { store, run, place } = ticket
    if (store === null || run === null || place === null) return
    if (this.#stores.get(store.id) !== store || mustRewind(run.after, store.rewindTo)) return
    this.#send({ type: 'answer', ...place, chunk, payload })
  }

  #engineFailed(store: Store, error: WireError): void {
    this.#send({ type: 'engine-failed', job: this.#job!.job, store: store.id, error })
    // it cannot be trusted any more
    this.#drop(store)
  }

  /** Answers audits. @returns whether the engines have something to do for one */
  #audit(): boolean {
    const next = this.#audits.take([...this.#stores.values()])
    if (next === null) return false
    const { audit: { audit, partition, iteration, trees }, store } = next
    if (store === null || this.#log.trees.digestAfter(iteration) !== trees) {
      this.#audited(audit, null)
      return this.#audit()
    }
    this.#issue(store.id, { kind: 'digest', store: store.id, partition }, null, null, audit)
    return true
  }

  #audited(audit: number, digest: string | null): void {
    if (this.#job === null) return
    this.#send({ type: 'audited', job: this.#job.job, audit, digest })
  }

  #send(message: Extract<WorkerEffect, { kind: 'send' }>['message']): void {
    if (this.#isConnected) this.#effects.push({ kind: 'send', message })
  }
}
