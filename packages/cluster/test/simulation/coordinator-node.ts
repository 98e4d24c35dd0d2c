import {
  type CommittedIteration, localTraits, resumeModel, trainingDialogue,
} from '@coppice/engine'
import type { CoordinatorEffect, CoordinatorEvent, JobPartition }
  from '../../src/coordinator/events.js'
import { CoordinatorMachine } from '../../src/coordinator/machine.js'
import type { FromWorker, LoadedPartitionInfo } from '../../src/protocol/messages.js'
import { keepsBound, roundMaker } from './mutations.js'
import { NaiveReducer } from './naive-reducer.js'
import type { Connection } from './network.js'
import { Node } from './node.js'
import { trainingData } from './problem.js'
import type { World } from './world.js'

/** A process that runs the coordinator's machine. */
export class CoordinatorNode extends Node {
  readonly connections = new Map<number, Connection>()
  #machine: CoordinatorMachine | null = null
  #results: number[] = []
  /** Runs of the job in this process. */
  #run = 0

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
      graceMs: env.graceMs, minWorkers: env.minWorkers, lastCallMs: env.lastCallMs,
      stallMs: Infinity, deathsMax: env.deathsMax, vigilance: env.vigilance,
      makeReducer: (setup) => new NaiveReducer(setup, keepsBound(mutation)),
      ...(makeRound === undefined ? {} : { makeRound }),
    })
    this.#submit()
  }

  #submit(): void {
    const { plan } = this.world.disk
    this.#run++
    this.#results = []
    this.step({ kind: 'job', job: 'job' })
    if (plan === null) this.#survey()
    else this.#train(plan)
  }

  /** Workers without which it does not begin, or go on. */
  get nNeeded(): number {
    return this.isAlive ? this.#machine!.nNeeded : this.world.env.minWorkers
  }

  /** The job ends, resumable, and is submitted again to the same coordinator. */
  resubmit(): void {
    this.inProcess(this.process, () => {
      this.step({ kind: 'cancel' })
      this.#submit()
      if (this.world.isCalm) this.world.staff()
    })
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
      ? undefined : resumeModel(header, records, problem.initModel)
    const partitions = problem.partitions.map(({ dataset, rows }, p): JobPartition => ({
      name: `partition ${p}`, dataset, nRows: rows.bins.length, weight: rows.bins.length,
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
        executor: { ...localTraits(1), speculation: env.speculation },
        ...(resumeFrom === undefined ? {} : { resumeFrom }),
        ...(problem.initModel === null ? {} : { initModel: problem.initModel }),
      }),
    } })
  }

  /** @param restartIn - null: for good */
  kill(restartIn: number | null): void {
    if (!this.isAlive) return
    const { disk, random } = this.world
    // what was not synced may be lost, from the end
    const nUnsynced = disk.iterations.length - disk.nSynced
    // of a journal that two write to, the other one's records would go too
    const isAlone = this.world.coordinators.length <= 1 && !this.world.env.hasTwoCoordinators
    if (nUnsynced > 0 && isAlone) disk.iterations.length -= random.below(nUnsynced + 1)
    for (const connection of this.connections.values()) connection.break('the coordinator died')
    this.stop(restartIn)
  }

  receive(process: number, connection: Connection, message: FromWorker): void {
    this.inProcess(process, () => {
      if (message.type === 'hello') this.world.onHello(message)
      if (message.type === 'audited' && message.digest !== null) this.world.audited++
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
        // nobody was left who could read: whoever submitted the job tries again
        if (effect.error.code !== 'IO') {
          world.mayResume = effect.kind === 'failed' && effect.mayResume
          return world.fail(effect.error.message)
        }
        world.note(effect.error.message)
        return this.#later(50, () => this.resubmit())
      case 'tell': return
      case 'notice':
        world.note(effect.text)
        if (effect.text.includes('moved to')) world.adopted++
        if (effect.text.includes('is much slower than')) world.slowed++
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
    const current = this.#run
    this.world.clock.after(ms, () => this.inProcess(process, () => {
      if (this.#run === current) run()
    }))
  }
}

/** What identifies a message, for traces. */
function brief(message: object): string {
  const shown = ['worker', 'store', 'iteration', 'seq', 'chunk', 'view', 'from', 'task', 'reason']
  return shown.filter((key) => key in message)
    .map((key) => `${key}=${String(Reflect.get(message, key))}`).join(' ')
}
