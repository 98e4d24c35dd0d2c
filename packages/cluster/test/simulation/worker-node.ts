import type { AnswerPayload, FromWorker, ToWorker } from '../../src/protocol/messages.js'
import type { EngineWork, WorkerEffect, WorkerEvent } from '../../src/worker/events.js'
import { WorkerMachine } from '../../src/worker/machine.js'
import { runMaker } from './mutations.js'
import { NaiveEngines } from './naive-engine.js'
import type { Connection } from './network.js'
import { Node } from './node.js'
import type { World } from './world.js'

const unreadable = { code: 'IO', message: 'a file cannot be read' } as const
const closed = { code: 'ABORTED', message: 'the stores were closed' } as const

/** A process that runs a worker's machine. */
export class WorkerNode extends Node {
  connection: Connection | null = null
  slowness = 1
  /** Answers that will be wrong. */
  nBadSums = 0
  /** Loads and tasks that will fail. */
  nBadReads = 0
  /** Sums that will arrive changed. */
  nBadSends = 0
  cutUntil = 0
  isDraining = false
  #machine!: WorkerMachine
  #engines!: NaiveEngines
  readonly #partitions = new Map<number, readonly number[]>()
  #backoff = 200
  #busyUntil = 0

  constructor(world: World, readonly name: string) {
    super(world)
    this.start()
  }

  protected begin(): void {
    const { world } = this
    const own = runMaker(world.mutation)
    this.#machine = new WorkerMachine({
      name: this.name, incarnation: `${this.name}.${this.process}`, build: 'sim', nThreads: 1,
      memoryBytes: 1e9, ...(own === undefined ? {} : { nextRun: own }),
    })
    this.#engines = new NaiveEngines(world.problem)
    this.#partitions.clear()
    this.#backoff = 200
    this.#busyUntil = 0
    this.isDraining = false
    this.nBadSums = 0
    this.nBadReads = 0
    this.nBadSends = 0
    world.connect(this)
  }

  kill(restartIn: number | null): void {
    this.connection?.break('the worker died')
    this.connection = null
    this.stop(restartIn)
  }

  /** SIGTERM. */
  drain(): void {
    this.isDraining = true
    this.inProcess(this.process, () => this.step({ kind: 'drain' }))
  }

  cut(ms: number, up: boolean, down: boolean): void {
    const until = this.world.clock.now + ms
    this.cutUntil = until
    if (this.connection === null) return
    if (up) this.connection.cutUp = until
    if (down) this.connection.cutDown = until
  }

  connected(connection: Connection): void {
    this.connection = connection
    this.#backoff = 200
    this.inProcess(this.process, () => this.step({ kind: 'connected' }))
  }

  dialFailed(): void {
    this.#backoff = Math.min(5000, this.#backoff * 2)
    // as backoffMs of the transport
    const waitMs = this.#backoff * (1 - this.world.random.uniform() / 2)
    this.#later(waitMs, () => this.world.connect(this))
  }

  receive(connection: Connection, message: ToWorker): void {
    this.inProcess(this.process, () => {
      if (this.connection === connection) this.step({ kind: 'message', message })
    })
  }

  disconnected(connection: Connection, reason: string): void {
    this.inProcess(this.process, () => {
      if (this.connection !== connection) return
      this.connection = null
      this.step({ kind: 'disconnected', reason })
      this.dialFailed()
    })
  }

  protected tick(): void {
    this.step({ kind: 'tick' })
  }

  step(event: WorkerEvent): void {
    for (const effect of this.#machine.step(event, this.now)) {
      if (this.isAlive) this.#perform(effect)
    }
  }

  #perform(effect: WorkerEffect): void {
    const { env, problem } = this.world
    switch (effect.kind) {
      case 'send':
        this.connection?.sendUp(this.#damage(this.world.onWire(effect.message, 'from-worker')))
        return
      case 'reconnect':
        this.connection?.break(effect.reason)
        this.connection = null
        return this.dialFailed()
      case 'exit':
        this.connection?.break(effect.reason)
        this.connection = null
        return this.stop(null)
      case 'task': {
        const { job, task, body } = effect.task
        if (body.kind !== 'load') return
        return this.#later(env.loadMs, () => this.step(this.#isBadRead()
          ? { kind: 'task-failed', job, task, isFinal: false, error: unreadable }
          : { kind: 'task-done', job, task, result: { kind: 'resolve', partitions: [] } }))
      }
      case 'load': {
        const { job, store, partitions } = effect
        this.#partitions.set(store, partitions)
        this.world.nLoads += partitions.length
        return this.#later(env.loadMs * partitions.length, () => this.step(this.#isBadRead()
          ? { kind: 'load-failed', job, store, partition: partitions[0]!, isFinal: false,
            error: unreadable }
          : { kind: 'loaded', job, store, partitions: partitions.map((p) => problem.infos[p]!) }))
      }
      case 'engine': return this.#compute(effect.ticket, effect.work)
      case 'job':
        // what a job's engines are doing when it ends fails
        if (effect.job === null) this.#engines = new NaiveEngines(problem)
        return
      case 'context':
      case 'unload':
      case 'notice':
        return
    }
  }

  #compute(ticket: number, work: EngineWork): void {
    const { clock, env, random } = this.world
    if (env.poison !== null && this.world.disk.iterations.length > 0 && asksForSums(work)) {
      return this.#takePoison(env.poison)
    }
    const ms = env.computeMs * this.slowness * (0.5 + random.uniform())
    this.#busyUntil = Math.max(clock.now, this.#busyUntil) + ms
    this.#later(this.#busyUntil - clock.now, () => {
      const engines = this.#engines
      const needsStore = work.kind === 'run' || work.kind === 'digest'
      if (needsStore && !engines.has(work.store)) {
        return this.step({ kind: 'engine-failed', ticket, error: closed })
      }
      const done = engines.carryOut(work, this.#partitions.get(work.store) ?? [])
      if ('digest' in done) {
        return this.step({ kind: 'digest-done', ticket, digest: done.digest })
      }
      this.#giveParts(ticket, done.payloads)
    })
  }

  /** Parts of an answer come one after the other, with a pause between some of them. */
  #giveParts(ticket: number, [payload, ...rest]: readonly AnswerPayload[], chunk = 0): void {
    if (payload === undefined) return this.step({ kind: 'engine-done', ticket })
    this.step({ kind: 'engine-part', ticket, chunk, payload: this.#spoil(payload) })
    const next = (): void => this.#giveParts(ticket, rest, chunk + 1)
    if (this.world.random.below(4) > 0) next()
    else this.#later(this.world.env.computeMs * this.slowness * this.world.random.uniform(), next)
  }

  #takePoison(kind: 'dies' | 'breaks'): void {
    // the coordinator knows by then that the store is open
    if (kind === 'dies') return this.#later(250, () => this.kill(200))
    this.connection?.sendUp({ type: 'broken', reason: 'it cannot count' })
    this.#later(10, () => this.kill(200))
  }

  #isBadRead(): boolean {
    if (this.nBadReads === 0) return false
    this.nBadReads--
    this.world.note(`${this.name} cannot read`)
    return true
  }

  /** A bit flips on the way, which checksums tell: here sums come without bytes. */
  #damage(message: FromWorker | ToWorker): FromWorker | ToWorker {
    if (message.type !== 'answer' || this.nBadSends === 0) return message
    const { payload, payload: { kind } } = message
    this.nBadSends--
    this.world.note(`${kind} of ${this.name} are damaged on their way`)
    if (payload.kind === 'maximum') {
      return { ...message, payload: { ...payload, value: payload.value + 0.25 } }
    }
    if (payload.kind === 'counts') {
      return { ...message, payload: { ...payload, values: payload.values.map((n) => n + 1) } }
    }
    if (payload.kind === 'parts') return { ...message, payload: { ...payload, parts: [] } }
    return { ...message, payload: { ...payload, bytes: new Uint8Array(0) } }
  }

  /** Bad memory flips bits. */
  #spoil(payload: AnswerPayload): AnswerPayload {
    if (payload.kind !== 'sums' || this.nBadSums === 0) return payload
    // bad memory is not hit by everything: parts that are right come before one that is wrong
    if (this.nBadSums === Infinity && this.world.random.below(2) === 0) return payload
    this.nBadSums--
    const bytes = payload.bytes.slice()
    const values = new Float64Array(bytes.buffer)
    // two errors of one machine in one round could agree with each other, if they were all alike
    const error = 1 + this.world.random.below(1 << 30)
    values[this.world.random.below(values.length)]! += error
    this.world.note(`${this.name} sends a wrong sum`)
    return { kind: 'sums', bytes }
  }

  #later(ms: number, run: () => void): void {
    const { process } = this
    this.world.clock.after(ms, () => this.inProcess(process, run))
  }
}

function asksForSums(work: EngineWork): boolean {
  const kind = work.kind === 'run' ? work.answer?.kind : undefined
  return kind === 'root' || kind === 'round' || kind === 'together'
}
