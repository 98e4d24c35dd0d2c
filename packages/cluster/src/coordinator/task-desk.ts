import type { Context, TaskFailed, ToWorker, WireError } from '../protocol/messages.js'
import type { TaskOrder } from './events.js'
import type { Member } from './members.js'
import { onWorkers } from './tried-by.js'

interface DeskTask {
  readonly order: TaskOrder
  worker: string | null
  sentAt: number
  /** Workers that could not do it. */
  readonly failedAt: Set<string>
  firstError: WireError | null
  /** Incarnations of workers in a row that died while they had it. */
  readonly deaths: Set<string>
}

/** Tasks that a worker has at most, per thread: enough that it never waits for the next. */
const TASKS_PER_THREAD = 2

export interface TaskSend {
  readonly member: Member
  readonly messages: readonly ToWorker[]
}

/** The tasks of a job and who does them. Tasks are pure: who does one twice does no harm. */
export class TaskDesk {
  readonly #job: string
  readonly #resendMs: number
  readonly #open = new Map<number, DeskTask>()
  readonly #contexts = new Map<number, Context>()
  /** Contexts that a link has been sent. */
  readonly #sentContexts = new Map<number, Set<number>>()
  /** Who read a source last: its pages may be in memory there. */
  readonly #readers = new Map<number, string>()

  constructor(job: string, resendMs: number) {
    this.#job = job
    this.#resendMs = resendMs
  }

  get nOpen(): number {
    return this.#open.size
  }

  /** Who read a source last, or null. */
  readerOf(source: number): string | null {
    return this.#readers.get(source) ?? null
  }

  /** Keeps the latest context: tasks of older ones are done by then, or are of no more use. */
  setContext(context: Context): void {
    this.#contexts.clear()
    this.#contexts.set(context.context, context)
  }

  add(orders: readonly TaskOrder[]): void {
    for (const order of orders) {
      this.#open.set(order.task, {
        order, worker: null, sentAt: 0, failedAt: new Set(), firstError: null, deaths: new Set(),
      })
    }
  }

  /** Gives tasks to members that have room, lower numbers first. */
  deal(members: readonly Member[], now: number): TaskSend[] {
    const rooms = new Map(members.filter(isFree).map((member) =>
      [member.name, { member, room: member.nThreads * TASKS_PER_THREAD }]))
    for (const { worker } of this.#open.values()) {
      const place = worker === null ? undefined : rooms.get(worker)
      if (place !== undefined) place.room--
    }
    const sends: TaskSend[] = []
    for (const task of this.#open.values()) {
      if (task.worker !== null) continue
      forgive(task, members)
      const place = this.#choose(task, [...rooms.values()])
      if (place === null) continue
      place.room--
      task.worker = place.member.name
      if (task.order.source !== null) this.#readers.set(task.order.source, place.member.name)
      sends.push(this.#send(place.member, task, now))
    }
    return sends
  }

  #choose(
    { order, failedAt }: DeskTask, places: readonly { member: Member, room: number }[],
  ): { member: Member, room: number } | null {
    const able = places.filter(({ member, room }) => room > 0 && !failedAt.has(member.name))
    const reader = order.source === null ? null : this.readerOf(order.source)
    const known = able.find(({ member }) => member.name === reader)
    if (known !== undefined) return known
    return able.reduce<{ member: Member, room: number } | null>(
      (best, place) => (best === null || place.room > best.room ? place : best), null)
  }

  #send(member: Member, task: DeskTask, now: number): TaskSend {
    const { context: number, task: id, body } = task.order
    task.sentAt = now
    const messages: ToWorker[] = []
    const context = this.#contexts.get(number)
    if (context !== undefined) {
      const sent = this.#sentContexts.get(member.link!) ?? new Set()
      this.#sentContexts.set(member.link!, sent)
      if (!sent.has(number)) messages.push(context)
      sent.add(number)
    }
    messages.push({ type: 'task', job: this.#job, task: id, context: number, body })
    return { member, messages }
  }

  /** Sends again what a member should have but, by its beat, has not. */
  resend(member: Member, now: number): TaskSend[] {
    const has = new Set(member.state.tasks)
    const sends: TaskSend[] = []
    for (const task of this.#open.values()) {
      const isLost = task.worker === member.name && !has.has(task.order.task) &&
        now - task.sentAt > this.#resendMs
      if (!isLost) continue
      // the context may have been lost with it
      this.#sentContexts.delete(member.link!)
      sends.push(this.#send(member, task, now))
    }
    return sends
  }

  /** Workers that have had a task for so long (ms) without a word of it. */
  overdue(ms: number, now: number): string[] {
    const late = [...this.#open.values()].filter(({ worker, sentAt }) =>
      worker !== null && now - sentAt > ms)
    return [...new Set(late.map(({ worker }) => worker!))].sort()
  }

  /** Lets others do what a worker has had for so long; it may still answer. */
  takeBack(ms: number, now: number): void {
    for (const task of this.#open.values()) {
      if (task.worker === null || now - task.sentAt <= ms) continue
      task.failedAt.add(task.worker)
      task.worker = null
    }
  }

  /** @returns whether it was waited for */
  done(task: number): boolean {
    return this.#open.delete(task)
  }

  /**
   * A worker could not do a task. What cannot be read here may be readable elsewhere.
   * @returns the error when nobody else is to try; null otherwise
   */
  failed(
    { task: id, isFinal, error }: Pick<TaskFailed, 'task' | 'isFinal' | 'error'>,
    worker: string, members: readonly Member[],
  ): WireError | null {
    const task = this.#open.get(id)
    if (task === undefined) return null
    // what all would say is the cause, also where another worker had trouble of its own before
    task.firstError = isFinal ? error : task.firstError ?? error
    task.failedAt.add(worker)
    if (task.worker === worker) task.worker = null
    const isElsewhere = !isFinal && members.some(({ name, state }) =>
      !state.isDraining && !task.failedAt.has(name))
    if (isElsewhere) return null
    this.#open.delete(id)
    if (task.firstError.code !== 'IO') return task.firstError
    return onWorkers(task.firstError, isFinal ? [worker] : task.failedAt)
  }

  /**
   * Takes back the tasks of a worker that is gone.
   *
   * @param isDead - it died, perhaps of a task
   * @returns the task of which most workers died in a row, where this one may have
   */
  lost(
    { name, incarnation }: Member, isDead: boolean,
  ): { readonly what: string, readonly deaths: number } | null {
    let worst: DeskTask | null = null
    for (const task of this.#open.values()) {
      if (task.worker !== name) continue
      task.worker = null
      if (isDead) task.deaths.add(incarnation)
      if (isDead && task.deaths.size > (worst?.deaths.size ?? 0)) worst = task
    }
    for (const [source, reader] of this.#readers) {
      if (reader === name) this.#readers.delete(source)
    }
    return worst === null ? null : { what: this.#nameOf(worst.order), deaths: worst.deaths.size }
  }

  /** A process that was thought dead was only cut off. */
  revive({ incarnation }: Member): void {
    for (const { deaths } of this.#open.values()) deaths.delete(incarnation)
  }

  /** What a task reads, for messages. */
  #nameOf({ body, context }: TaskOrder): string {
    if (body.kind === 'resolve') return body.inputs.join(', ')
    if (body.kind !== 'load' || !('partitionIdx' in body.task)) return 'the data'
    const source = this.#contexts.get(context)?.sources[body.task.partitionIdx]
    return source?.uri ?? `partition ${body.task.partitionIdx}`
  }
}

/**
 * Who failed tries once more where all others are gone by now, or the task would wait for ever;
 * whoever fails then is the last, and `failed` says so.
 */
function forgive({ failedAt }: DeskTask, members: readonly Member[]): void {
  const present = members.filter(({ state }) => !state.isDraining)
  if (present.length > 0 && present.every(({ name }) => failedAt.has(name))) failedAt.clear()
}

function isFree({ link, state }: Member): boolean {
  return link !== null && !state.isDraining
}

