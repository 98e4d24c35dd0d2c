import type { CommittedIteration, TrainResult } from '@coppice/engine'
import { type ModelHeader, serializeModel } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { decodeMessage, type Direction, encodeMessage } from '../../src/protocol/codec.js'
import type {
  FromWorker, Hello, LoadedPartitionInfo, ToWorker,
} from '../../src/protocol/messages.js'
import { VirtualClock } from './clock.js'
import { CoordinatorNode } from './coordinator-node.js'
import { drawEnvironment, type Environment, type FaultKind, faultKinds } from './environment.js'
import type { Mutation } from './mutations.js'
import { Connection } from './network.js'
import { type Problem, problemOf } from './problem.js'
import { WorkerNode } from './worker-node.js'

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
  /** Digests that audits were given, and moves for the sake of a slow worker. */
  readonly audited: number
  readonly slowed: number
  readonly usesCodec: boolean
}

/** Records that survive a coordinator: what was written, and how much of it was synced. */
export interface Disk {
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

type WorkerFault = Exclude<FaultKind,
  'kill-coordinator' | 'pause-coordinator' | 'full-disk' | 'join' | 'clock-jump' | 'resubmit' |
  'cut-all'>

/** A coordinator (or two), workers, a network, a disk, and what befalls them. */
export class World {
  readonly clock = new VirtualClock()
  readonly random: TestRandom
  readonly disk: Disk = {
    plan: null, header: null, iterations: [], nSynced: 0, isFullUntil: 0, starts: 0,
  }
  readonly coordinators: CoordinatorNode[] = []
  readonly workers: WorkerNode[] = []
  readonly faults: Partial<Record<FaultKind, number>> = {}
  adopted = 0
  /** Partitions that workers began to load. */
  nLoads = 0
  /** Hears of every worker that comes. */
  onHello: (hello: Hello) => void = () => undefined
  audited = 0
  slowed = 0
  failure: string | null = null
  /** Of a job that failed. */
  mayResume = false
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
    const { seed, failure, faults, adopted, audited, slowed } = this
    return {
      seed, failure, endedAt: clock.now, faults, adopted, audited, slowed,
      usesCodec: env.usesCodec,
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
      case 'resubmit':
        if (coordinator.isAlive) coordinator.resubmit()
        return
      case 'full-disk':
        this.disk.isFullUntil = clock.now + forMs
        return
      case 'cut-all':
        for (const each of alive) each.cut(forMs, true, true)
        return
      case 'join':
        if (alive.length < 7) this.addWorker()
        return
      case 'clock-jump': {
        const node = worker !== null && random.below(2) === 0 ? worker : coordinator
        node.clockOffset += random.below(60_000)
        return
      }
      default:
        if (worker !== null) this.#befall(worker, kind, forMs, alive)
    }
  }

  /** A fault of one worker. */
  #befall(
    worker: WorkerNode, kind: WorkerFault, forMs: number, alive: readonly WorkerNode[],
  ): void {
    const { random, clock } = this
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
      case 'bad-read':
        worker.nBadReads++
        return
      case 'bad-wire':
        worker.nBadSends = 1 + random.below(3)
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
    // of two coordinators one dies for good: whoever is left finishes
    if (this.coordinators.length > 1) {
      const dying = this.random.pick(this.coordinators)
      this.coordinators.splice(this.coordinators.indexOf(dying), 1)
      dying.kill(null)
    }
    this.staff()
    for (const coordinator of this.coordinators) {
      if (!coordinator.isAlive && !coordinator.isStarting) coordinator.start()
    }
  }

  /** Whether faults have stopped. */
  get isCalm(): boolean {
    return this.clock.now >= this.env.calmAt
  }

  /** Starts workers until there are as many as it takes, and no more: work goes on with few. */
  staff(): void {
    const alive = this.workers.filter((worker) =>
      worker.isAlive && !worker.isDraining && worker.nBadSums === 0).length
    const needed = Math.max(1, ...this.coordinators.map(({ nNeeded }) => nNeeded))
    for (let i = alive; i < needed; i++) this.addWorker()
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
