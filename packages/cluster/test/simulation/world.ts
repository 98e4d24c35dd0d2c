import { resumeModel, type CommittedIteration, trainingDialogue, type TrainResult }
  from '@coppice/engine'
import { type ModelHeader, serializeModel } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import type { CoordinatorEffect, CoordinatorEvent, JobPartition } from '../../src/coordinator/events.js'
import { CoordinatorMachine } from '../../src/coordinator/machine.js'
import { decodeMessage, type Direction, encodeMessage } from '../../src/protocol/codec.js'
import type { AnswerPayload, FromWorker, LoadedPartitionInfo, ToWorker } from '../../src/protocol/messages.js'
import type { EngineWork, WorkerEffect, WorkerEvent } from '../../src/worker/events.js'
import { WorkerMachine } from '../../src/worker/machine.js'
import { VirtualClock } from './clock.js'
import { drawEnvironment, type Environment, type FaultKind, faultKinds } from './environment.js'
import { keepsBound, type Mutation, roundMaker, runMaker } from './mutations.js'
import { NaiveEngines } from './naive-engine.js'
import { NaiveReducer } from './naive-reducer.js'
import { Connection } from './network.js'
import { type Problem, problemOf, trainingData } from './problem.js'

/** Who is not done so long after the last fault is stuck; lost messages are resent in time. */
function finishWithin({ loss }: Environment): number {
  return 120_000 * (1 + 20 * loss)
}

export interface Outcome {
  readonly seed: number
  /** Null: the right bytes, in time. */
  readonly failure: string | null
  readonly endedAt: number
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  readonly adopted: number
  readonly usesCodec: boolean
}

/** Records that survive a coordinator: what was written, and how much of it was synced. */
interface Disk {
  plan: readonly LoadedPartitionInfo[] | null
  header: ModelHeader | null
  readonly iterations: CommittedIteration[]
  nSynced: number
  isFullUntil: number
  starts: number
}

/**
 * Runs one seed to its end.
 * @param trace - is told what happens, with the virtual time
 */
export async function simulate(
  seed: number, mutation: Mutation | null = null, trace: ((line: string) => void) | null = null,
): Promise<Outcome> {
  const environment = drawEnvironment(seed, mutation)
  const world = new World(seed, environment, await problemOf(environment.problem), mutation, trace)
  return world.run()
}

class World {
  readonly clock = new VirtualClock()
  readonly random: TestRandom
  readonly disk: Disk = {
    plan: null, header: null, iterations: [], nSynced: 0, isFullUntil: 0, starts: 0,
  }
  readonly coordinators: CoordinatorNode[] = []
  readonly workers: WorkerNode[] = []
  readonly faults: Partial<Record<FaultKind, number>> = {}
  adopted = 0
  failure: string | null = null
  isDone = false
  #nConnections = 0
  #nWorkers = 0

  constructor(
    readonly seed: number, readonly env: Environment, readonly problem: Problem,
    readonly mutation: Mutation | null, readonly trace: ((line: string) => void) | null,
  ) {
    this.random = new TestRandom(seed * 2)
  }

  run(): Outcome {
    const { clock, env } = this
    const nCoordinators = env.hasTwoCoordinators ? 2 : 1
    for (let i = 0; i < nCoordinators; i++) this.coordinators.push(new CoordinatorNode(this))
    for (let i = 0; i < env.nWorkers; i++) this.addWorker()
    for (const kind of faultKinds) this.#planFault(kind)
    clock.after(env.calmAt, () => this.#calm())
    const deadline = env.calmAt + finishWithin(env)
    try {
      while (!this.isDone && clock.now < deadline && clock.step()) { /* one thing at a time */ }
    } catch (error) {
      this.fail(error instanceof Error ? error.stack ?? error.message : String(error))
    }
    if (!this.isDone) this.fail(`not done ${finishWithin(env)} ms after the last fault`)
    const { seed, failure, faults, adopted } = this
    return {
      seed, failure, endedAt: clock.now, faults, adopted, usesCodec: env.usesCodec,
    }
  }

  note(text: string): void {
    this.trace?.(`${this.clock.now.toFixed(1).padStart(9)} ${text}`)
  }

  /** The message as it comes out at the other end. */
  onWire(message: FromWorker | ToWorker, direction: Direction): FromWorker | ToWorker {
    if (!this.env.usesCodec) return message
    return decodeMessage(encodeMessage(message), direction) as FromWorker | ToWorker
  }

  fail(reason: string): void {
    this.failure ??= reason
    this.isDone = true
  }

  addWorker(): void {
    this.workers.push(new WorkerNode(this, `w${this.#nWorkers++}`))
  }

  /** A worker dials one of the coordinators. */
  connect(worker: WorkerNode): void {
    const { clock, env } = this
    const coordinator = this.random.pick(this.coordinators)
    const process = coordinator.process
    const isCut = worker.cutUntil > clock.now
    clock.after(env.latency * 2, () => {
      if (!worker.isAlive) return
      if (isCut || coordinator.process !== process || !coordinator.isAlive) {
        return worker.dialFailed()
      }
      const id = ++this.#nConnections
      const connection: Connection = new Connection(id, worker.name, clock, this.random, env, {
        receive: (message) => coordinator.receive(process, connection, message as FromWorker),
        closed: (reason) => coordinator.closed(process, connection, reason),
      }, {
        receive: (message) => worker.receive(connection, message as ToWorker),
        closed: (reason) => worker.disconnected(connection, reason),
      })
      coordinator.connections.set(id, connection)
      worker.connected(connection)
    })
  }

  #planFault(kind: FaultKind): void {
    const mean = this.env.faultMs[kind]
    if (mean === Infinity) return
    this.clock.after(mean * (0.3 + 1.4 * this.random.uniform()), () => {
      if (this.clock.now >= this.env.calmAt) return
      this.faults[kind] = (this.faults[kind] ?? 0) + 1
      this.note(`fault: ${kind}`)
      this.#inflict(kind)
      this.#planFault(kind)
    })
  }

  #inflict(kind: FaultKind): void {
    const { random, clock } = this
    const alive = this.workers.filter((worker) => worker.isAlive)
    const coordinator = random.pick(this.coordinators)
    const worker = alive.length > 0 ? random.pick(alive) : null
    const forMs = 100 + random.below(8000)
    switch (kind) {
      case 'kill-coordinator': return coordinator.kill(100 + random.below(4000))
      case 'pause-coordinator': return coordinator.pause(forMs)
      case 'full-disk':
        this.disk.isFullUntil = clock.now + forMs
        return
      case 'join':
        if (alive.length < 7) this.addWorker()
        return
      case 'clock-jump': {
        const node = worker !== null && random.below(2) === 0 ? worker : coordinator
        node.clockOffset += random.below(60_000)
        return
      }
    }
    if (worker === null) return
    switch (kind) {
      case 'kill-worker': return worker.kill(random.below(3) === 0 ? null : random.below(6000))
      case 'pause-worker': return worker.pause(forMs)
      case 'cut': return worker.cut(forMs, true, true)
      case 'cut-one-way': {
        const up = random.below(2) === 0
        return worker.cut(forMs, up, !up)
      }
      case 'reset': return worker.connection?.break('connection reset')
      case 'drain':
        if (alive.length > 1) worker.drain()
        return
      case 'bad-memory':
        // one sum is wrong now; in half of the cases all that follow too. Two machines whose errors
        // cancel out would not be noticed: that is not what is promised
        if (alive.some(({ nBadSums }) => nBadSums > 0)) return
        worker.nBadSums = random.below(2) === 0 ? 1 : Infinity
        return
      case 'slow-worker': {
        worker.slowness = 10
        clock.after(forMs, () => {
          worker.slowness = 1
        })
      }
    }
  }

  /** Faults stop; enough is alive to finish. */
  #calm(): void {
    const { env } = this
    // of two coordinators one dies for good: whoever is left finishes
    if (this.coordinators.length > 1) {
      const dying = this.random.pick(this.coordinators)
      this.coordinators.splice(this.coordinators.indexOf(dying), 1)
      dying.kill(null)
    }
    const alive = this.workers.filter((worker) =>
      worker.isAlive && !worker.isDraining && worker.nBadSums === 0).length
    for (let i = alive; i < Math.max(1, env.minWorkers); i++) this.addWorker()
    for (const coordinator of this.coordinators) {
      if (!coordinator.isAlive && !coordinator.isStarting) coordinator.start()
    }
  }

  /** Every commit must be the reference's. */
  committed(record: CommittedIteration): void {
    const expected = this.problem.chain[record.iteration + 1]
    if (expected !== record.chainHash) {
      this.fail(`iteration ${record.iteration} has chain ${record.chainHash}, not ${expected}`)
    }
  }

  finished(result: TrainResult): void {
    if (serializeModel(result.model) !== this.problem.expected) this.fail('other bytes')
    this.isDone = true
  }
}

/** What both kinds of process have in common: they die, start again, and are paused. */
abstract class Node {
  /** Counts up with every start; 0 while it is down. */
  process = 0
  isAlive = false
  isStarting = false
  /** A monotonic clock may leap ahead when its machine was asleep. */
  clockOffset = 0
  #starts = 0
  #pausedUntil = 0
  #held: (() => void)[] = []

  constructor(readonly world: World) {}

  protected abstract begin(): void

  protected get now(): number {
    return this.world.clock.now + this.clockOffset
  }

  start(): void {
    this.isStarting = false
    this.isAlive = true
    this.process = ++this.#starts
    this.#pausedUntil = 0
    this.#held = []
    this.begin()
    this.#tick(this.process)
  }

  protected stop(restartIn: number | null): void {
    this.isAlive = false
    this.process = 0
    if (restartIn === null) return
    this.isStarting = true
    this.world.clock.after(restartIn, () => this.start())
  }

  /** SIGSTOP, then SIGCONT: what comes in the meantime waits. */
  pause(ms: number): void {
    const { clock } = this.world
    this.#pausedUntil = clock.now + ms
    const { process } = this
    clock.after(ms, () => {
      if (this.process !== process) return
      const held = this.#held
      this.#held = []
      for (const run of held) if (this.process === process) run()
    })
  }

  /** Runs in the process, if it is still the same one. */
  protected inProcess(process: number, run: () => void): void {
    if (this.process !== process) return
    if (this.#pausedUntil > this.world.clock.now) this.#held.push(run)
    else run()
  }

  #tick(process: number): void {
    this.world.clock.after(100, () => {
      if (this.process !== process) return
      this.inProcess(process, () => this.tick())
      this.#tick(process)
    })
  }

  protected abstract tick(): void
}

class CoordinatorNode extends Node {
  readonly connections = new Map<number, Connection>()
  #machine: CoordinatorMachine | null = null
  #results: number[] = []

  constructor(world: World) {
    super(world)
    this.start()
  }

  protected begin(): void {
    const { world } = this
    const { env, disk, mutation } = world
    const makeRound = roundMaker(mutation)
    this.connections.clear()
    this.#results = []
    this.#machine = new CoordinatorMachine({
      build: 'sim', term: ++disk.starts, heartbeatMs: env.heartbeatMs, leaseMs: env.leaseMs,
      graceMs: env.graceMs, minWorkers: env.minWorkers, lastCallMs: 300, stallMs: Infinity,
      deathsMax: Infinity,
      makeReducer: (setup) => new NaiveReducer(setup, keepsBound(mutation)),
      ...(makeRound === undefined ? {} : { makeRound }),
    })
    this.step({ kind: 'job', job: 'job' })
    if (disk.plan === null) this.#survey()
    else this.#train(disk.plan)
  }

  /** Before a training, every partition is planned by some worker. */
  #survey(): void {
    this.step({
      kind: 'tasks',
      tasks: this.world.problem.partitions.map((_, p) => ({
        task: p, context: 0, source: p,
        body: { kind: 'load', task: { kind: 'plan', partitionIdx: p } },
      })),
    })
  }

  #train(infos: readonly LoadedPartitionInfo[] | null): void {
    const { world } = this
    const { problem, disk, env } = world
    const records = [...disk.iterations]
    const { header } = disk
    const resumeFrom = header === null || records.length === 0
      ? undefined : resumeModel(header, records)
    const partitions = problem.partitions.map(({ dataset, rows }, p): JobPartition => ({
      name: `partition ${p}`, dataset, nRows: rows.label.length, weight: rows.label.length,
      source: p,
    }))
    this.step({ kind: 'train', order: {
      recipes: [], sources: [], shape: { objective: 'regression', nClasses: 0, nOutputs: 1 },
      partitions, infos,
      makeTrainer: (known) => trainingDialogue({
        params: problem.params,
        train: trainingData(problem, 0, known),
        evalSets: problem.nDatasets > 1
          ? [{ name: 'valid', data: trainingData(problem, 1, known) }] : [],
        executor: { nThreads: 1, speculation: env.speculation, expansionsMax: () => Infinity },
        ...(resumeFrom === undefined ? {} : { resumeFrom }),
      }),
    } })
  }

  /** @param restartIn - null: for good */
  kill(restartIn: number | null): void {
    if (!this.isAlive) return
    const { disk, random } = this.world
    // what was not synced may be lost, from the end
    const nUnsynced = disk.iterations.length - disk.nSynced
    if (nUnsynced > 0) disk.iterations.length -= random.below(nUnsynced + 1)
    for (const connection of this.connections.values()) connection.break('the coordinator died')
    this.stop(restartIn)
  }

  receive(process: number, connection: Connection, message: FromWorker): void {
    this.inProcess(process, () => {
      this.step({ kind: 'message', link: connection.id, message })
    })
  }

  closed(process: number, connection: Connection, reason: string): void {
    this.inProcess(process, () => {
      this.connections.delete(connection.id)
      this.step({ kind: 'closed', link: connection.id, reason })
    })
  }

  protected tick(): void {
    this.step({ kind: 'tick' })
  }

  step(event: CoordinatorEvent): void {
    const { world } = this
    if (world.trace !== null && event.kind === 'message' && event.message.type !== 'beat') {
      world.note(`<- ${event.message.type} ${brief(event.message)}`)
    }
    const effects = this.#machine!.step(event, this.now)
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: CoordinatorEffect): void {
    const { world } = this
    switch (effect.kind) {
      case 'send':
        if (world.trace !== null && effect.message.type !== 'beat-ack') {
          world.note(`-> ${effect.link} ${effect.message.type} ${brief(effect.message)}`)
        }
        this.connections.get(effect.link)?.sendDown(world.onWire(effect.message, 'to-worker'))
        return
      case 'close':
        this.connections.get(effect.link)?.break(effect.reason)
        this.connections.delete(effect.link)
        return
      case 'task-result':
        this.#results.push(effect.task)
        if (this.#results.length === world.problem.partitions.length) {
          this.#later(0, () => this.#train(null))
        }
        return
      case 'plan':
        world.disk.plan ??= effect.infos
        return
      case 'opened':
        world.disk.header ??= effect.request.header
        return
      case 'announce': return this.#journal(effect.request.record)
      case 'done': return world.finished(effect.result)
      case 'failed':
      case 'task-error':
        return world.fail(effect.error.message)
      case 'notice':
        world.note(effect.text)
        if (effect.text.includes('moved to')) world.adopted++
    }
  }

  /** Written when there is room, synced later; the training goes on once it is written. */
  #journal(record: CommittedIteration): void {
    const { world } = this
    const { disk, clock, env } = world
    world.note(`iteration ${record.iteration} is committed`)
    world.committed(record)
    if (disk.isFullUntil > clock.now) {
      return this.#later(disk.isFullUntil - clock.now, () => this.#journal(record))
    }
    if (record.iteration > disk.iterations.length) {
      return world.fail(`the journal has a gap before iteration ${record.iteration}`)
    }
    const known = disk.iterations[record.iteration]
    if (known === undefined) disk.iterations.push(record)
    else if (known.chainHash !== record.chainHash) return world.fail('unequal repeat')
    const length = record.iteration + 1
    clock.after(env.fsyncMs, () => {
      disk.nSynced = Math.min(Math.max(disk.nSynced, length), disk.iterations.length)
    })
    this.#later(0, () => this.step({ kind: 'go', answer: 'go' }))
  }

  #later(ms: number, run: () => void): void {
    const { process } = this
    this.world.clock.after(ms, () => this.inProcess(process, run))
  }
}

class WorkerNode extends Node {
  connection: Connection | null = null
  slowness = 1
  /** Answers that will be wrong. */
  nBadSums = 0
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
    this.#later(this.#backoff * (0.5 + this.world.random.uniform()), () => this.world.connect(this))
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
        this.connection?.sendUp(this.world.onWire(effect.message, 'from-worker'))
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
        return this.#later(env.loadMs, () => this.step({
          kind: 'task-done', job, task,
          result: { kind: 'resolve', partitions: [] },
        }))
      }
      case 'load': {
        const { job, store, partitions } = effect
        this.#partitions.set(store, partitions)
        return this.#later(env.loadMs * partitions.length, () => this.step({
          kind: 'loaded', job, store, partitions: partitions.map((p) => problem.infos[p]!),
        }))
      }
      case 'engine': return this.#compute(effect.ticket, effect.work)
    }
  }

  #compute(ticket: number, work: EngineWork): void {
    const { clock, env, random } = this.world
    const ms = env.computeMs * this.slowness * (0.5 + random.uniform())
    this.#busyUntil = Math.max(clock.now, this.#busyUntil) + ms
    this.#later(this.#busyUntil - clock.now, () => {
      const done = this.#engines.carryOut(work, this.#partitions.get(work.store) ?? [])
      this.step('digest' in done
        ? { kind: 'digest-done', ticket, digest: done.digest }
        : { kind: 'engine-done', ticket, payloads: done.payloads.map((p) => this.#spoil(p)) })
    })
  }

  /** Bad memory flips bits. */
  #spoil(payload: AnswerPayload): AnswerPayload {
    if (payload.kind !== 'sums' || this.nBadSums === 0) return payload
    this.nBadSums--
    const bytes = payload.bytes.slice()
    const values = new Float64Array(bytes.buffer)
    values[this.world.random.below(values.length)]! += 1
    this.world.note(`${this.name} sends a wrong sum`)
    return { kind: 'sums', bytes }
  }

  #later(ms: number, run: () => void): void {
    const { process } = this
    this.world.clock.after(ms, () => this.inProcess(process, run))
  }
}

/** What identifies a message, for traces. */
function brief(message: object): string {
  const shown = ['worker', 'store', 'iteration', 'seq', 'chunk', 'view', 'from', 'task', 'reason']
  return shown.flatMap((key) => (key in message ? [`${key}=${String(Reflect.get(message, key))}`] : []))
    .join(' ')
}
