import type { FromWorker, Hello, ToWorker, WireError } from '../protocol/messages.js'
import { wireError } from '../protocol/wire-error.js'
import type { CoordinatorEffect, CoordinatorEvent, MakeReducer, TrainOrder } from './events.js'
import { hasDied, type Member, Members } from './members.js'
import { Muster } from './muster.js'
import { Round } from './round.js'
import { Setbacks } from './setbacks.js'
import { StallWatch } from './stall-watch.js'
import { TaskDesk, type TaskSend } from './task-desk.js'
import type { MakeRound } from './training-driver.js'
import { TrainingJob } from './training-job.js'
import { defaultVigilance, type Vigilance } from './vigilance.js'

export interface CoordinatorOptions {
  /** Hash of what decides bytes; workers must have the same. */
  readonly build: string
  /** Starts of this coordinator: numbers its stores apart from those of earlier ones. */
  readonly term: number
  readonly heartbeatMs: number
  readonly leaseMs: number
  /** How long a worker whose connection broke may take to come back before it is replaced. */
  readonly graceMs: number
  /** Work begins when so many workers are there; then it goes on with whoever is left. */
  readonly minWorkers: number
  /**
   * ... and none has come for so long; that applies again whenever nobody was left, when those who
   * were lost with rows are waited for, up to RETURN_MS. 0: nobody is waited for.
   */
  readonly lastCallMs: number
  /** A job fails when it could not go on for so long for want of workers. */
  readonly stallMs: number
  /**
   * A partition that so many workers in a row died of is given up, and so is a job of which workers
   * said so often, for the same reason and with nothing done in between, that they cannot go on.
   */
  readonly deathsMax?: number
  /** How workers are watched; what is left out is as by default. */
  readonly vigilance?: Partial<Vigilance>
  readonly makeReducer: MakeReducer
  /** How answers are counted; tests plant bugs here. */
  readonly makeRound?: MakeRound
}

const DEATHS_MAX = 5

/**
 * A coordinator, without sockets, files or clocks: it is told what happens and says what to do.
 * One job at a time; who queues them stands outside.
 */
export class CoordinatorMachine {
  readonly #options: CoordinatorOptions
  readonly #members: Members
  readonly #muster: Muster
  readonly #makeRound: MakeRound
  readonly #vigilance: Vigilance
  readonly #deathsMax: number
  #effects: CoordinatorEffect[] = []
  #job: string | null = null
  #desk: TaskDesk | null = null
  #training: TrainingJob | null = null
  #setbacks = new Setbacks(Infinity)
  #toldAt = -Infinity
  readonly #stall: StallWatch
  /** Ids of stores are not used again: workers may still hold those of an earlier job. */
  #nextStore: number
  #now = 0

  constructor(options: CoordinatorOptions) {
    this.#options = options
    this.#vigilance = { ...defaultVigilance, ...options.vigilance }
    this.#deathsMax = options.deathsMax ?? DEATHS_MAX
    this.#nextStore = options.term * 1_000_000 + 1
    this.#members = new Members(options.build, options)
    this.#muster = new Muster(this.#members, options)
    this.#stall = new StallWatch(options)
    this.#makeRound = options.makeRound ?? ((...args) => new Round(...args))
  }

  /** Takes an event at a time in milliseconds of any monotonic clock. */
  step(event: CoordinatorEvent, now: number): CoordinatorEffect[] {
    this.#effects = []
    this.#now = now
    try {
      this.#take(event)
    } catch (error) {
      if (this.#job === null) throw error
      this.#fail(wireError(error))
    }
    return this.#effects
  }

  /** The job under way, or null. */
  get job(): string | null {
    return this.#job
  }

  /** What `coppice status` shows. */
  get members(): readonly Member[] {
    return this.#members.all()
  }

  get training(): TrainingJob | null {
    return this.#training
  }

  #take(event: CoordinatorEvent): void {
    switch (event.kind) {
      case 'message': return this.#hear(event.link, event.message)
      case 'closed':
        this.#members.closed(event.link, event.reason, this.#now)
        return
      case 'tick': return this.#tick()
      case 'job':
        this.#job = event.job
        this.#stall.forget()
        this.#muster.begin()
        this.#setbacks = new Setbacks(this.#deathsMax)
        this.#desk = new TaskDesk(event.job, this.#options.heartbeatMs * 2)
        return
      case 'context':
        this.#desk?.setContext(event.context)
        return
      case 'tasks':
        this.#desk?.add(event.tasks)
        return this.#deal()
      case 'train': return this.#train(event.order)
      case 'go':
        this.#training?.go(event.answer)
        return
      case 'abort':
        return this.#training === null ? this.#finish() : this.#training.abort()
      case 'cancel': return this.#finish()
    }
  }

  #hear(link: number, message: FromWorker): void {
    if (message.type === 'hello') return this.#hello(link, message)
    const member = this.#members.byLink(link)
    // a worker that was given up on and speaks again has to say hello first
    if (member === undefined) {
      this.#effects.push({ kind: 'close', link, reason: 'this connection was given up; say hello' })
      return
    }
    this.#members.heard(member, this.#now)
    switch (message.type) {
      case 'beat':
        member.state = message.state
        this.#send(member, { type: 'beat-ack' })
        return this.#reconcile(member)
      case 'task-done':
        if (message.job === this.#job && this.#desk?.done(message.task) === true) {
          this.#setbacks.progress()
          this.#effects.push({ kind: 'task-result', task: message.task, result: message.result })
          this.#deal()
        }
        return
      case 'task-failed': return this.#taskFailed(member, message)
      case 'broken':
        this.#notice(`worker ${member.name} cannot go on: ${message.reason}`)
        return this.#hangUp(member, message.reason)
      case 'drain':
        member.state = { ...member.state, isDraining: true }
        this.#notice(`worker ${member.name} is leaving`)
        this.#training?.membersChanged()
        return this.#dismissDrained()
      default:
        if (this.#training !== null && message.job === this.#job) {
          this.#training.hear(member, message)
          this.#dismissDrained()
        }
    }
  }

  /** Whoever comes back is told everything anew. */
  #hangUp(member: Member, reason: string): void {
    member.lastWords = reason
    if (member.link !== null) this.#effects.push({ kind: 'close', link: member.link, reason })
    this.#setback(member, reason)
  }

  /** What happens again and again, with nothing done in between, ends the job. */
  #setback({ name }: Member, reason: string): void {
    const where = this.#training?.where ?? 'while the data were surveyed'
    const error = this.#job === null ? null : this.#setbacks.add(name, reason, where)
    if (error !== null) this.#fail(error, true)
  }

  #taskFailed(
    member: Member, failure: Extract<FromWorker, { type: 'task-failed' }>,
  ): void {
    if (failure.job !== this.#job || this.#desk === null) return
    const error = this.#desk.failed(failure, member.name, this.#members.all())
    if (error !== null) this.#effects.push({ kind: 'task-error', task: failure.task, error })
    this.#deal()
  }

  #hello(link: number, hello: Hello): void {
    const admission = this.#members.admit(link, hello, this.#now)
    if (admission.kind === 'rejected') {
      this.#notice(admission.reject.reason)
      this.#effects.push({ kind: 'send', link, message: admission.reject })
      this.#effects.push({ kind: 'close', link, reason: admission.reject.reason })
      return
    }
    const { member, replaced, lost } = admission
    this.#muster.came(member, this.#now)
    if (replaced !== null) this.#replace(member, replaced, lost !== null)
    if (lost !== null) {
      this.#lost([{ member: lost, reason: lost.lastWords ?? 'another process took its name' }])
    }
    const { term, heartbeatMs, leaseMs } = this.#options
    this.#send(member, { type: 'welcome', term, heartbeatMs, leaseMs })
    if (admission.kind === 'joined') {
      const threads = member.nThreads === 1 ? '1 thread' : `${member.nThreads} threads`
      this.#notice(`worker ${member.name} joined with ${threads}`)
    }
    const { job } = member.state
    if (job !== null && job !== this.#job) this.#send(member, { type: 'finished', job })
    this.#desk?.revive(member)
    this.#training?.welcome(member)
    this.#deal()
  }

  /** The older of two connections of a name is told to go, and, if a process of its own, to end. */
  #replace(member: Member, link: number, isOther: boolean): void {
    const reason = `another connection of worker "${member.name}" took its place`
    if (isOther) {
      this.#effects.push({ kind: 'send', link, message: {
        type: 'reject', code: 'superseded', retry: false,
        reason: `another process runs as worker "${member.name}": give each its own --name`,
      } })
    }
    this.#effects.push({ kind: 'close', link, reason })
  }

  #tick(): void {
    const lost = this.#members.expire(this.#now)
    for (const { member } of lost) {
      const hasRows = this.#training?.isHolding(member.name) === true
      if (hasRows && !member.state.isDraining) this.#muster.lost(member, this.#now)
    }
    this.#lost(lost)
    if (this.#job === null) return
    this.#deal()
    this.#training?.tick(this.#now)
    this.#watchTasks()
    this.#watchStall()
  }

  /** Reads that hang are told of, and at last done by others. */
  #watchTasks(): void {
    const { hangWarnMs, hangTimeoutMs } = this.#vigilance
    const late = this.#desk?.overdue(hangTimeoutMs, this.#now) ?? []
    if (late.length > 0) {
      const seconds = hangTimeoutMs / 1000
      this.#notice(`${late.join(', ')} have not answered for ${seconds} s; others try`)
      this.#desk?.takeBack(hangTimeoutMs, this.#now)
    }
    if (this.#now - this.#toldAt < hangWarnMs) return
    const slow = this.#desk?.overdue(hangWarnMs, this.#now) ?? []
    if (slow.length === 0) return
    this.#toldAt = this.#now
    this.#notice(`waiting for over ${hangWarnMs / 1000} s for ${slow.join(', ')} to read`)
  }

  #lost(lost: readonly { member: Member, reason: string }[]): void {
    for (const { member, reason } of lost) {
      const poison = this.#desk?.lost(member, hasDied(member)) ?? null
      if (poison !== null && poison.deaths >= this.#deathsMax) {
        this.#fail({
          code: 'MEMORY',
          message: `${poison.deaths} workers in a row were lost while they read ${poison.what}, ` +
            `the last ${member.name} (${reason}); give workers more memory, or cut the data in ` +
            'more partitions',
        })
      }
      if (member.link !== null) {
        this.#effects.push({ kind: 'close', link: member.link, reason: `given up: ${reason}` })
      }
      if (this.#training === null) this.#notice(`worker ${member.name} lost: ${reason}`)
      else this.#training.lost(member, reason)
    }
  }

  #expel(member: Member, reason: string): void {
    this.#members.remove(member)
    this.#send(member, { type: 'leave', reason, exitCode: 1 })
    this.#lost([{ member, reason }])
  }

  #reconcile(member: Member): void {
    if (this.#desk !== null) this.#sendTasks(this.#desk.resend(member, this.#now))
    const { job } = member.state
    if (job !== null && job !== this.#job) this.#send(member, { type: 'finished', job })
    this.#training?.reconcile(member)
    this.#dismissDrained()
  }

  /** Workers that must be there for the job to begin; once it has, for it to go on. */
  get nNeeded(): number {
    return this.#muster.nNeeded
  }

  #isReady(): boolean {
    return this.#muster.isReady(this.#now)
  }

  #deal(): void {
    if (this.#desk === null || !this.#isReady()) return
    this.#sendTasks(this.#desk.deal(this.#members.all(), this.#now))
  }

  #sendTasks(sends: readonly TaskSend[]): void {
    for (const { member, messages } of sends) {
      for (const message of messages) this.#send(member, message)
    }
  }

  #train(order: TrainOrder): void {
    const { heartbeatMs, makeReducer } = this.#options
    const desk = this.#desk
    this.#training = new TrainingJob({
      job: this.#job!,
      order,
      firstStore: this.#nextStore,
      resendMs: heartbeatMs * 2,
      deathsMax: this.#deathsMax,
      vigilance: this.#vigilance,
      makeReducer,
      makeRound: this.#makeRound,
      members: this.#members,
      isReady: () => this.#isReady(),
      readerOf: (source) => desk?.readerOf(source) ?? null,
      now: () => this.#now,
      send: (member, message) => this.#send(member, message),
      effect: (effect) => this.#effects.push(effect),
      expel: (member, reason) => this.#expel(member, reason),
      hangUp: (member, reason) => this.#hangUp(member, reason),
      setback: (member, reason) => this.#setback(member, reason),
      progress: () => this.#setbacks.progress(),
      finish: () => this.#finish(),
      fail: (error) => this.#fail(error),
    })
    this.#training.begin()
  }

  /** Tells, and after a time gives up, when a job waits for workers. */
  #watchStall(): void {
    const waits = !this.#isReady() &&
      (this.#training === null ? this.#desk!.nOpen > 0 : this.#training.isWaiting)
    const verdict = this.#stall.judge(this.#now, {
      waits, present: this.#members.size, need: this.nNeeded, isTraining: this.#training !== null,
    })
    if (verdict.notice !== null) this.#notice(verdict.notice)
    if (verdict.error !== null) this.#fail(verdict.error)
  }

  /** Lets those go who asked to and hold nothing any more. */
  #dismissDrained(): void {
    for (const member of this.#members.all()) {
      if (!member.state.isDraining || this.#training?.isHolding(member.name) === true) continue
      this.#send(member, { type: 'leave', reason: 'drained', exitCode: 0 })
      this.#members.remove(member)
      this.#desk?.lost(member, false)
      this.#notice(`worker ${member.name} left`)
    }
  }

  /** @param mayResume - unless given, of what was given up for want of workers or memory */
  #fail(error: WireError, mayResume = error.code === 'ABORTED' || error.code === 'MEMORY'): void {
    this.#effects.push({ kind: 'failed', error, mayResume })
    this.#finish()
  }

  /** Ends the job: workers drop what belongs to it. */
  #finish(): void {
    const job = this.#job
    if (job === null) return
    this.#nextStore = this.#training?.board.nextId ?? this.#nextStore
    this.#job = null
    this.#desk = null
    this.#training = null
    for (const member of this.#members.all()) this.#send(member, { type: 'finished', job })
  }

  #send(member: Member, message: ToWorker): void {
    if (member.link === null) return
    this.#effects.push({ kind: 'send', link: member.link, message })
  }

  #notice(text: string): void {
    this.#effects.push({ kind: 'notice', text })
  }
}
