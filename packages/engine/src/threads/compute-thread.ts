import { parentPort } from 'node:worker_threads'
import { loadModules } from '../custom/registry.js'
import { CoppiceError } from '../errors.js'
import { rootFinding, roundAnswer } from '../execution/candidates.js'
import { bytesOfRows } from '../execution/engine-rows.js'
import { Exchange } from '../execution/exchange.js'
import { shareFeatures } from '../execution/feature-shares.js'
import { HISTOGRAM_POOL_BYTES } from '../execution/histogram-pool.js'
import { PartitionEngine } from '../execution/partition-engine.js'
import type {
  BinnedTree, EngineRequest, MetricPart, RootAnswer, RoundRequest,
} from '../execution/protocol.js'
import { decodeRequest, encodeRequest } from '../execution/request-codec.js'
import { tallyCounts } from '../execution/tally-counts.js'
import { onlyOneByOne } from '../execution/together.js'
import { mergeMoments, momentsLength, momentsRoom } from '../linear/moments.js'
import { mergeSelected } from '../selection/answer.js'
import { SELECT_NUMBERS_MAX } from '../selection/select-percentiles.js'
import type { Arena } from '../kernels/arena.js'
import { keepArenas, takeArena } from '../kernels/kept-arenas.js'
import {
  Booster, type Dialogue, type EngineAnswer, type IterationTask,
} from '../training/iteration.js'
import { type BinningTask, binShare, findShare, type FoundColumns } from './binning-tasks.js'
import { collectGarbage, WORTH_COLLECTING_BYTES } from './collect-garbage.js'
import { failureOf } from './failure.js'
import { Gate, PeerFailed } from './gate.js'
import type { FromThread, ThreadStart, ToLeader } from './messages.js'
import { packTrees } from './packed-trees.js'
import { partBuffers } from './part-buffers.js'
import { addTallies, putTally } from './tallies.js'
import { decodeTask, encodeTask, TreeTeam } from './tree-team.js'

/**
 * A compute thread. Thread 0 leads: it runs the boosting dialogue and posts each request to the
 * others, which wait for the next one without ever returning to their event loops. All threads,
 * the leader too, carry a request out on their own rows and their own share of the features.
 */
class ComputeThread {
  readonly #start: ThreadStart
  readonly #gate: Gate
  readonly #mailbox: Uint8Array
  readonly #exchange: Exchange
  /** Of the engine, and of the trees that this thread grows if it does so alone. */
  readonly #arenas: readonly Arena[]
  readonly #engine: PartitionEngine
  /** Null where all threads grow one tree at a time. */
  readonly #team: TreeTeam | null

  constructor(start: ThreadStart) {
    this.#start = start
    const { plan, nThreads, thread } = start
    this.#gate = new Gate(start.control, nThreads, nThreads - 1, start.spins)
    this.#mailbox = new Uint8Array(start.mailbox)
    const table = shareFeatures(plan.engine.features, nThreads, plan.engine)
    this.#exchange = new Exchange(table, Exchange.roomFor(plan.engine.maxExpansions), start)
    const { histogramPoolBytes = HISTOGRAM_POOL_BYTES, treeBuffers } = start
    const arena = takeArena()
    const treeArena = treeBuffers === null ? null : takeArena()
    this.#arenas = treeArena === null ? [arena] : [arena, treeArena]
    this.#engine = new PartitionEngine(plan.engine, start.train!, start.evalSets, {
      engine: thread, nEngines: nThreads, table, exchange: this.#exchange,
    }, histogramPoolBytes, arena, treeBuffers === null)
    this.#team = treeBuffers === null || treeArena === null ? null : new TreeTeam({
      plan, train: start.train!, buffers: treeBuffers, histogramPoolBytes, thread, nThreads,
      arena: treeArena,
    }, this.#gate, this.#engine, (grown) => {
      const trees = packTrees(grown)
      send({ kind: 'trees', iteration: this.#iteration, trees }, [trees.bytes])
    })
  }

  /** Follows the leader to the end of the training. */
  follow(): void {
    let seen = 0
    for (;;) {
      this.#gate.awaitPost(seen++)
      if (this.#gate.length === 0) return
      const bytes = this.#mailbox.subarray(0, this.#gate.length)
      const task = this.#team === null ? null : decodeTask(bytes)
      if (task === null) this.#carryOut(decodeRequest(bytes))
      else this.#team!.grow(task)
      this.#gate.finish()
    }
  }

  /** The followers, which wait for a request, are to leave. */
  dismiss(): void {
    this.#gate.post(0)
  }

  /**
   * Keeps the memory for a next training; this one is over.
   *
   * @returns whether what is left of it is much
   */
  leave(): boolean {
    const { sums, treeBuffers } = this.#start
    const nBytes = [sums, ...Object.values(treeBuffers ?? {}) as SharedArrayBuffer[]]
      .reduce((total, { byteLength }) => total + byteLength, 0)
    return !keepArenas(this.#arenas) || nBytes > WORTH_COLLECTING_BYTES
  }

  /** One iteration. Trees that are grown apart are told of by the threads that grew them. */
  iterate(booster: Booster, iteration: number, evaluates: boolean): void {
    const team = this.#team
    this.#gate.iteration = iteration
    if (team === null) {
      const { trees: grown, ...outcome } = this.lead(booster.iterate(iteration, evaluates))
      const trees = packTrees(grown.map((tree, output) => ({ output, tree })))
      send({
        kind: 'iterated', iteration, outcome: grown.length === 0 ? null : outcome, trees,
      }, [trees.bytes])
      return
    }
    const growAll = (task: IterationTask): BinnedTree[] => {
      team.reset()
      this.#gate.post(encodeTask(task, this.#mailbox))
      const isWhole = team.grow(task)
      this.#gate.awaitFinished()
      if (!isWhole) throw aborted()
      return team.trees()
    }
    const outcome = this.lead(booster.iterateApart(iteration, evaluates, growAll))
    send({ kind: 'iterated', iteration, outcome, trees: null })
  }

  /** Runs a dialogue to its end, with all threads answering. */
  lead<Result>(dialogue: Dialogue<Result>): Result {
    let step = dialogue.next(null)
    while (step.done !== true) {
      const request = step.value
      if (request.kind === 'root' || request.kind === 'round') this.#throwIfAborted()
      // alone, nobody reads it
      if (this.#start.nThreads > 1) this.#gate.post(encodeRequest(request, this.#mailbox))
      const own = this.#carryOut(request)
      this.#gate.awaitFinished()
      step = dialogue.next(this.#answer(request, own))
    }
    return step.value
  }

  /** Replays iterations; an abort is heard between two of them. */
  replay(booster: Booster, iterations: readonly (readonly BinnedTree[])[]): void {
    for (const trees of iterations) {
      this.#throwIfAborted()
      this.lead(booster.replay(trees))
    }
  }

  #throwIfAborted(): void {
    if (this.#gate.isAborted) throw aborted()
  }

  /** Of the request under way. */
  get #iteration(): number {
    return this.#gate.iteration!
  }

  /** This thread's part. Returns the root's totals, if any. */
  #carryOut(request: EngineRequest): EngineAnswer {
    const engine = this.#engine
    switch (request.kind) {
      case 'prepare':
        this.#maxima[this.#start.thread] = engine.prepare(request)
        return null
      case 'tally':
        putTally(this.#start.tallies, this.#start.thread, engine.tally(request))
        return null
      case 'gradients':
        engine.computeGradients(request)
        return null
      case 'root': {
        engine.computeRoot(request)
        this.#gate.barrier()
        const totals = engine.reduceRoot(request)
        return totals === null ? null : { totals, candidate: null }
      }
      case 'round':
        this.#runRound(request)
        return null
      case 'commit':
        engine.commit(request)
        return null
      case 'together': throw onlyOneByOne()
      case 'evaluate':
        sendParts(this.#iteration, engine.evaluate(request))
        return null
      case 'select': {
        const part = engine.select(request)
        const room = this.#selected(this.#start.thread)
        room[0] = part.length
        room.set(part, 1)
        return null
      }
      case 'moments':
        this.#momentsOf(this.#start.thread).set(engine.moments(request))
        return null
    }
  }

  /** Where a thread's part of sums of linear leaves is. */
  #momentsOf(thread: number): BigInt64Array {
    const length = momentsRoom(this.#start.plan.engine.linear!.maxFeatures)
    return new BigInt64Array(this.#start.moments, thread * length * 8, length)
  }

  /** Where a thread's part of a selection is, behind its length. */
  #selected(thread: number): Float64Array {
    const length = 1 + SELECT_NUMBERS_MAX
    return new Float64Array(this.#start.selected, thread * length * 8, length)
  }

  /** All threads cut a round into the same goes. */
  #runRound(request: RoundRequest): void {
    for (let isFirst = true, isDone = false; !isDone; isFirst = false) {
      // the exchange is free again when all have read it
      if (!isFirst) this.#gate.barrier()
      this.#engine.computeGo(request, isFirst)
      this.#gate.barrier()
      isDone = this.#engine.reduceGo(request)
    }
  }

  /** One double per thread, behind the requests in the mailbox. */
  get #maxima(): Float64Array {
    const { mailbox, nThreads } = this.#start
    return new Float64Array(mailbox, mailbox.byteLength - nThreads * 8, nThreads)
  }

  #answer(request: EngineRequest, own: EngineAnswer): EngineAnswer {
    const { nThreads } = this.#start
    switch (request.kind) {
      case 'prepare': return Math.max(...this.#maxima)
      case 'tally': return addTallies(
        this.#start.tallies, nThreads, tallyCounts(request))
      case 'root': return {
        totals: (own as RootAnswer).totals,
        ...rootFinding(this.#exchange, nThreads, this.#start.plan.engine),
      }
      case 'round':
        return roundAnswer(this.#exchange, nThreads, request, this.#start.plan.engine)
      // the parts go straight to whoever merges them
      case 'evaluate': return []
      case 'select': return mergeSelected(request, Array.from({ length: nThreads }, (_, thread) => {
        const room = this.#selected(thread)
        return room.subarray(1, 1 + room[0]!)
      }))
      case 'moments': {
        const length = momentsLength(request)
        return mergeMoments(request, Array.from({ length: nThreads }, (_, thread) =>
          this.#momentsOf(thread).subarray(0, length)))
      }
      case 'gradients':
      case 'commit':
      case 'together':
        return null
    }
  }
}

function aborted(): CoppiceError {
  return new CoppiceError('ABORTED', 'training was aborted')
}

/**
 * Lets go of rows of which there are copies: the thread's data would keep them for good. They are
 * collected by whoever calls next, when no frame has them any more.
 *
 * @returns their bytes
 */
function dropRows(start: ThreadStart): number {
  const bytes = [start.train!, ...start.evalSets].reduce((sum, set) => sum + bytesOfRows(set), 0)
  start.train = null
  start.evalSets = []
  return bytes
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer)
}

function sendParts(iteration: number, parts: readonly MetricPart[]): void {
  send({ kind: 'parts', iteration, parts }, partBuffers(parts))
}

/** Reports a failure once, for all; the thread is of no more use after it. */
function report(error: unknown, start: ThreadStart): void {
  const gate = new Gate(start.control, start.nThreads)
  // of before the leader hears of it
  const { iteration } = gate
  gate.fail()
  if (error instanceof PeerFailed) return
  send({ kind: 'failed', iteration, ...failureOf(error) })
}

/** @param onLeave - called when the training is over */
function lead(thread: ComputeThread, start: ThreadStart, onLeave: () => void): void {
  const booster = new Booster(start.plan)
  const gate = new Gate(start.control, start.nThreads)
  const hear = (message: ToLeader): void => {
    // of an iteration after the one that failed
    if (gate.isFailed) return
    try {
      if (message.kind === 'leave') {
        parentPort!.off('message', hear)
        thread.dismiss()
        onLeave()
      } else if (message.kind === 'center') {
        send({ kind: 'centered', baseScores: thread.lead(booster.center()) })
      } else if (message.kind === 'replay') {
        thread.replay(booster, message.iterations)
        send({ kind: 'replayed' })
      } else {
        thread.iterate(booster, message.iteration, message.evaluates)
      }
    } catch (error) {
      if (error instanceof CoppiceError && error.code === 'ABORTED') send({ kind: 'aborted' })
      else report(error, start)
    }
  }
  parentPort!.on('message', hear)
}

/** How a thread came out of a training. */
type Outcome = 'failed' | 'with little' | 'with much'

/** Takes part in a training, from its start to its end. */
async function takePart(start: ThreadStart): Promise<Outcome> {
  try {
    if (start.modules.length > 0) await loadModules(start.modules)
    const thread = new ComputeThread(start)
    if (dropRows(start) > WORTH_COLLECTING_BYTES) collectGarbage()
    send({ kind: 'ready' })
    if (start.thread === 0) await new Promise<void>((resolve) => lead(thread, start, resolve))
    else thread.follow()
    return thread.leave() ? 'with much' : 'with little'
  } catch (error) {
    report(error, start)
    return 'failed'
  }
}

/** Bins, for a training that will follow. Returns whether the thread is of further use. */
function bin(task: BinningTask): boolean {
  try {
    let found: FoundColumns = []
    if (task.kind === 'find') found = findShare(task)
    else binShare(task)
    send({ kind: 'binned', found })
    return true
  } catch (error) {
    send({ kind: 'failed', iteration: null, ...failureOf(error) })
    return false
  }
}

/** The thread lives on while it waits. */
function awaitTraining(): void {
  parentPort!.once('message', (start: ThreadStart | BinningTask) => {
    if ('kind' in start) {
      if (bin(start)) awaitTraining()
      return
    }
    void takePart(start).then((outcome) => {
      if (outcome === 'failed') return
      awaitTraining()
      send({ kind: 'left' })
      // No frame has anything of the training any more. What is little may stay: the collector
      // takes compiled code with it that such things occur in, and the next training would start
      // anew.
      if (outcome === 'with much') collectGarbage()
    })
  })
}

awaitTraining()
