import type { CodeModule } from '../custom/types.js'
import { assert, CoppiceError } from '../errors.js'
import { bytesOfRows, engineRows, sharedRows } from '../execution/engine-rows.js'
import { Exchange } from '../execution/exchange.js'
import { shareFeatures } from '../execution/feature-shares.js'
import type { BinnedTree } from '../execution/protocol.js'
import { requestBytesMax } from '../execution/request-codec.js'
import { TALLY_COUNTS_MAX } from '../execution/tally-counts.js'
import { type TreeBuffers, TreePlanes } from '../execution/tree-planes.js'
import type { Executor, TrainingJob } from '../training/executor.js'
import { momentsRoom } from '../linear/moments.js'
import { Booster, type IterationRecord } from '../training/iteration.js'
import { SELECT_NUMBERS_MAX } from '../selection/select-percentiles.js'
import { collectGarbage, WORTH_COLLECTING_BYTES } from './collect-garbage.js'
import { asOperatingError, errorOf } from './failure.js'
import type { ComputeWorker } from './compute-worker.js'
import { compileLater } from './dedicated-process.js'
import { defaultThreads } from './default-threads.js'
import { CONTROL_BYTES, Gate, Spins } from './gate.js'
import { endIdleWorkers, keepWorkers, takeWorker } from './idle-workers.js'
import type { FromThread, ThreadStart, ToLeader } from './messages.js'
import { taskBytesMax } from './tree-team.js'
import { Underway, UnderwayList } from './underway.js'

/** What the threads come to: a record of an iteration, base scores, or nothing. */
type Outcome = IterationRecord | readonly number[] | null

/** Threads that take longer to let go of a training are ended: none is waited for. */
const LEAVE_MS = 100

interface Waiter {
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Error) => void
}

/**
 * Trains on worker threads, each with its rows in a WebAssembly memory of its own. The calling
 * thread stays free: it hears of each iteration when it is committed. What it does then, such as
 * hashes of trees and callbacks, it does while the threads are at the next iteration, which the
 * leader is told of beforehand: to ask and wait took up to a tenth of an iteration.
 */
export class ThreadExecutor implements Executor {
  readonly nThreads: number
  readonly #modules: readonly CodeModule[]
  #workers: ComputeWorker[] = []
  #gate: Gate | null = null
  #nReady = 0
  #nOutputs = 1
  /** Iterations that the leader was told of, the first of them asked for, or to be asked for. */
  readonly #underway = new UnderwayList()
  #waiter: Waiter | null = null
  #failure: Error | null = null
  /** What threads have copies of waits to be collected, which nothing else brings about. */
  #mayCollect = false

  /**
   * @param nThreads - compute threads, >= 1; see `defaultThreads`
   * @param modules - of the user's, that the training refers to
   */
  constructor(nThreads: number, modules: readonly CodeModule[] = []) {
    if (!Number.isInteger(nThreads) || nThreads < 1) {
      throw new CoppiceError('PARAMETER',
        `the number of threads must be an integer of at least 1, got ${nThreads}`)
    }
    this.nThreads = nThreads
    this.#modules = modules
  }

  prepare(): void {
    assert(this.#workers.length === 0, 'threads are started once')
    for (let thread = 0; thread < this.nThreads; thread++) this.#take(thread)
  }

  async open(job: TrainingJob): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (this.#workers.length === 0) this.prepare()
    const { plan, train, evalSets, histogramPoolBytes } = job
    const { nThreads } = this
    const sets = [train, ...evalSets.map(({ data }) => data)]
    const isLarge = WORTH_COLLECTING_BYTES <
      sets.reduce((sum, data) => sum + bytesOfRows(data), 0)
    // What loading has left behind is not needed beside what threads are about to take.
    if (isLarge) collectGarbage()
    // Nor what threads keep that have nothing to do.
    if (isLarge) void endIdleWorkers()
    this.#mayCollect = isLarge && job.releasesRows === true
    const table = shareFeatures(plan.engine.features, nThreads, plan.engine)
    const {
      maxExpansions, maxLeaves, features, rules, linear, usesGoss, asked, objective,
    } = plan.engine
    const sizes = Exchange.sizes(table, Exchange.roomFor(maxExpansions), plan.engine)
    const requests = requestBytesMax(
      features, maxLeaves, maxExpansions, rules, linear,
      {
        nPositions: plan.positions?.nPositions, nEvents: objective.events?.times.length,
      })
    const control = new SharedArrayBuffer(CONTROL_BYTES)
    this.#gate = new Gate(control, nThreads)
    this.#nOutputs = plan.engine.nOutputs
    const start = {
      nThreads,
      plan,
      train: sharedRows(engineRows(train)),
      evalSets: evalSets.map(({ data }) => sharedRows(engineRows(data))),
      histogramPoolBytes,
      control,
      spins: nThreads <= defaultThreads() ? Spins.many : Spins.few,
      mailbox: new SharedArrayBuffer(
        Math.ceil(Math.max(taskBytesMax(plan.engine.nOutputs), requests) / 8) * 8 + nThreads * 8),
      sums: new SharedArrayBuffer(sizes.sums),
      candidates: new SharedArrayBuffer(sizes.candidates),
      votes: new SharedArrayBuffer(sizes.votes),
      modules: this.#modules,
      tallies: new SharedArrayBuffer(
        usesGoss || asked !== undefined || plan.positions !== null ||
          objective.events !== undefined ? nThreads * TALLY_COUNTS_MAX * 8 : 0),
      selected: new SharedArrayBuffer(
        plan.percentiles === null ? 0 : nThreads * (1 + SELECT_NUMBERS_MAX) * 8),
      treeBuffers: this.#treeBuffers(job),
      moments: new SharedArrayBuffer(
        linear === undefined ? 0 : nThreads * momentsRoom(linear.maxFeatures) * 8),
    }
    await this.#wait(() => {
      for (const [thread, worker] of this.#workers.entries()) {
        worker.post({ ...start, thread } satisfies ThreadStart)
      }
    })
    if (start.treeBuffers === null) compileLater(nThreads)
  }

  #treeBuffers({ plan, train: { nRows }, growsApart }: TrainingJob): TreeBuffers | null {
    if (growsApart !== true || this.nThreads === 1 || !Booster.canGrowApart(plan)) return null
    const { engine: { nOutputs, maxLeaves, features }, rowSampling: { kind } } = plan
    return TreePlanes.buffers({ nRows, nOutputs, maxLeaves, features }, kind !== 'none')
  }

  #take(thread: number): void {
    const worker = takeWorker()
    worker.take({
      hear: (message) => this.#hear(message),
      lose: (cause) => {
        if (cause instanceof Error) this.#fail(asOperatingError(cause))
        // a thread that reported its failure, or left because of a peer's report, ends with 0; its
        // exit may be heard before that report
        else if (cause !== 0) {
          this.#fail(
            new CoppiceError('INTERNAL', `compute thread ${thread} ended with code ${cause}`))
        }
      },
    })
    this.#workers.push(worker)
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        if (++this.#nReady === this.nThreads) this.#settle(null)
        return
      case 'centered':
        this.#settle(message.baseScores)
        return
      case 'replayed':
        this.#settle(null)
        return
      case 'iterated':
        this.#takePart(message.iteration, (own) => {
          own.setOutcome(message.outcome)
          if (message.trees !== null) own.addTrees(message.trees)
        })
        return
      case 'trees':
        this.#takePart(message.iteration, (own) => own.addTrees(message.trees))
        return
      case 'parts':
        this.#takePart(message.iteration, (own) => own.addParts(message.parts))
        return
      case 'aborted':
        this.#giveUp(new CoppiceError('ABORTED', 'training was aborted'))
        return
      case 'left':
      case 'binned':
        return
      case 'failed':
        this.#fail(errorOf(message), message.iteration)
    }
  }

  /** Something that was told of an iteration: the first may be over, for who waits for it. */
  #takePart(iteration: number, take: (own: Underway) => void): void {
    this.#underway.take(iteration, take)
    const result = this.#underway.first?.result ?? null
    if (result === null) return
    if (result instanceof Error) this.#reject(result)
    else this.#settle(result)
  }

  #wait(begin: () => void): Promise<Outcome> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
      begin()
    })
  }

  #settle(outcome: Outcome): void {
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.resolve(outcome)
  }

  /** Nothing that is under way comes to an end. */
  #giveUp(error: Error): void {
    this.#underway.fail(error, null)
    this.#reject(error)
  }

  #reject(error: Error): void {
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.reject(error)
  }

  /**
   * The first failure is the one that is told.
   *
   * @param iteration - in which a thread failed; null: the threads are of no more use
   */
  #fail(error: Error, iteration: number | null = null): void {
    this.#failure ??= error
    this.#gate?.fail()
    this.#underway.fail(this.#failure, iteration)
    // who waits for an iteration before it will hear the rest of that
    if (this.#underway.first?.result !== null) this.#reject(this.#failure)
  }

  async center(signal?: AbortSignal): Promise<readonly number[]> {
    return (await this.#ask(() => this.#post({ kind: 'center' }), signal)) as readonly number[]
  }

  async replay(
    iterations: readonly (readonly BinnedTree[])[], signal?: AbortSignal,
  ): Promise<void> {
    await this.#ask(() => this.#post({ kind: 'replay', iterations }), signal)
  }

  async iterate(
    iteration: number, evaluates: boolean, signal?: AbortSignal, next: boolean | null = null,
  ): Promise<IterationRecord> {
    const first = this.#underway.first
    if (first === undefined && this.#failure !== null) throw this.#failure
    const own = first ?? this.#newUnderway(iteration, evaluates)
    assert(own.iteration === iteration && own.evaluates === evaluates,
      `iteration ${own.iteration} is next`)
    const begin = (): void => {
      if (this.#failure !== null) return
      if (first === undefined) this.#begin(own)
      if (next !== null) this.#begin(this.#newUnderway(iteration + 1, next))
    }
    try {
      if (own.result === null) return (await this.#ask(begin, signal)) as IterationRecord
      if (own.result instanceof Error) throw own.result
      if (own.result.trees.length > 0) begin()
      return own.result
    } finally {
      this.#underway.remove(own)
    }
  }

  #newUnderway(iteration: number, evaluates: boolean): Underway {
    return new Underway(iteration, evaluates, this.#nOutputs, this.nThreads)
  }

  /** Tells the leader of an iteration, to be done when it is done with those before. */
  #begin(underway: Underway): void {
    const { iteration, evaluates } = underway
    this.#underway.add(underway)
    this.#post({ kind: 'iterate', iteration, evaluates })
  }

  #post(message: ToLeader): void {
    this.#workers[0]!.post(message)
  }

  /** Gives the leader a job, which the signal may abort. */
  async #ask(begin: () => void, signal: AbortSignal | undefined): Promise<Outcome> {
    const abort = (): void => this.#gate?.abort()
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort)
    try {
      return await this.#wait(() => {
        begin()
        // The threads are at work, and the caller has let go of the rows by now.
        if (this.#mayCollect) collectGarbage()
        this.#mayCollect = false
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  async close(): Promise<void> {
    const workers = this.#workers
    this.#workers = []
    // of the user's code a next training should not find what is left
    const mayStay = this.#failure === null && this.#modules.length === 0
    // who still waits would wait for ever
    this.#failure ??= new CoppiceError('ABORTED', 'the executor was closed')
    this.#giveUp(this.#failure)
    this.#underway.clear()
    for (const worker of workers) worker.release()
    if (mayStay && await this.#letGo(workers)) keepWorkers(workers)
    else await Promise.all(workers.map((worker) => worker.terminate()))
  }

  /** Whether the threads have let go of the training, what is under way of it included. */
  async #letGo(workers: readonly ComputeWorker[]): Promise<boolean> {
    if (this.#gate === null) return workers.every(({ isAlive }) => isAlive)
    if (this.#nReady < this.nThreads || this.#gate.isFailed) return false
    this.#gate.abort()
    return new Promise((resolve) => {
      let nLeft = 0
      const end = (haveLeft: boolean): void => {
        clearTimeout(timer)
        resolve(haveLeft)
      }
      const timer = setTimeout(end, LEAVE_MS, false)
      for (const worker of workers) {
        void worker.left().then((hasLeft) => {
          if (!hasLeft || ++nLeft === workers.length) end(hasLeft)
        })
      }
      workers[0]!.post({ kind: 'leave' })
    })
  }
}
