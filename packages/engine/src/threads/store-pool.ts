import type { Worker } from 'node:worker_threads'
import type { CodeModule } from '../custom/types.js'
import { assert, CoppiceError } from '../errors.js'
import { sharedRows } from '../execution/engine-rows.js'
import { Exchange } from '../execution/exchange.js'
import { shareFeatures } from '../execution/feature-shares.js'
import { histogramsOf } from '../execution/histograms-of.js'
import type {
  EngineRequest, EngineRows, EngineSetup, MetricPart,
} from '../execution/protocol.js'
import { encodeRequest, requestBytesMax } from '../execution/request-codec.js'
import { rowsRequest } from '../execution/rows-request.js'
import { StoreSizes, type StoreAnswer, type Stores, type SumsWatch } from '../execution/stores.js'
import { TALLY_COUNTS_MAX, tallyCounts } from '../execution/tally-counts.js'
import { TravelLayouts } from '../execution/travel-layout.js'
import { EXCHANGE_BYTES } from '../training/executor-traits.js'
import { joinMoments, type MomentsPart } from '../linear/moments.js'
import type { SelectPart } from '../selection/answer.js'
import { asOperatingError, errorOf, failureOf } from './failure.js'
import { CONTROL_BYTES, Gate } from './gate.js'
import { writeRequests } from './request-list.js'
import { spawnThread } from './spawn.js'
import {
  COMMAND_BYTES, StoreCommand, type FromStoreThread, type StoreBuffers, type StoreThreadStart,
  type ToStoreThread,
} from './store-messages.js'
import { addTallies } from './tallies.js'

/** In how many goes threads build the histograms of a full round, at least. */
const GOES = 4
/** Scores that are hashed at a time. */
const DIGEST_SCORES = 131_072

/** What the threads told of a call before the last of them was done. */
interface Reports {
  readonly parts: MetricPart[]
  /** By thread: they tell of theirs in any order. */
  readonly selected: SelectPart[]
  /** Of all threads, in any order. */
  readonly moments: MomentsPart[]
  digest: string | null
  failure: Error | null
}

interface Call {
  readonly reports: Reports
  nReports: number
  /** Reports to wait for; null until the threads are done. */
  expected: number | null
  /** Told that so many histograms are complete. */
  readonly onSums: ((nHistograms: number) => void) | null
  readonly resolve: (reports: Reports) => void
  readonly reject: (error: Error) => void
}

/**
 * Stores on threads: every store's rows are spread over all threads of the pool, each in a memory
 * of its own. The calling thread never waits: a call is posted, and its end is a message.
 */
export class StorePool implements Stores {
  readonly nThreads: number
  readonly #exchangeBytes: number
  readonly #workers: Worker[] = []
  readonly #gate: Gate
  readonly #maxima: Float64Array
  readonly #tallies: SharedArrayBuffer
  readonly #sizes = new StoreSizes()
  readonly #setups = new Map<number, EngineSetup>()
  readonly #layouts = new Map<number, TravelLayouts>()
  #buffers: StoreBuffers = {
    mailbox: new SharedArrayBuffer(0), output: new SharedArrayBuffer(0),
    sums: new SharedArrayBuffer(0),
  }
  #call: Call | null = null
  /** Of the pool: told to every call from then on. */
  #failure: Error | null = null

  /**
   * Starts the threads, which sleep until they are called.
   *
   * @param nThreads - >= 1; see `defaultThreads`
   * @param exchangeBytes - most memory for sums on their way between the threads; where a round
   *   has more, it is done in several goes
   * @param modules - of the user's, that trainings may refer to
   */
  constructor(
    nThreads: number, exchangeBytes = EXCHANGE_BYTES, modules: readonly CodeModule[] = [],
  ) {
    if (!Number.isInteger(nThreads) || nThreads < 1) {
      throw new CoppiceError('PARAMETER',
        `the number of threads must be an integer of at least 1, got ${nThreads}`)
    }
    this.nThreads = nThreads
    this.#exchangeBytes = exchangeBytes
    const control = new SharedArrayBuffer(CONTROL_BYTES)
    const maxima = new SharedArrayBuffer(nThreads * 8)
    const tallies = new SharedArrayBuffer(nThreads * TALLY_COUNTS_MAX * 8)
    this.#gate = new Gate(control, nThreads, nThreads)
    this.#maxima = new Float64Array(maxima)
    this.#tallies = tallies
    for (let thread = 0; thread < nThreads; thread++) {
      this.#spawn({ thread, nThreads, control, maxima, tallies, modules })
    }
  }

  #spawn(start: StoreThreadStart): void {
    const worker = spawnThread('./store-thread.js', `coppice-store-${start.thread}`, start)
    worker.on('message', (message: FromStoreThread) => this.#hear(message))
    worker.on('error', (error) => this.#fail(errorOf(failureOf(asOperatingError(error)))))
    worker.on('exit', (code) => {
      // 0: it left because of a peer, whose error is told
      if (code === 0) return
      this.#fail(
        new CoppiceError('INTERNAL', `store thread ${start.thread} ended with code ${code}`))
    })
    this.#workers.push(worker)
  }

  #hear(message: FromStoreThread): void {
    const call = this.#call
    if (call === null) return
    if (message.kind === 'done') call.expected = message.nReports
    else {
      call.nReports++
      takeReport(call, message)
    }
    // reports of other threads may arrive after the word of the last one
    if (call.nReports !== call.expected) return
    this.#call = null
    if (call.reports.failure === null) call.resolve(call.reports)
    else call.reject(call.reports.failure)
  }

  /** The pool's first failure is the one that is told. */
  #fail(error: Error): void {
    this.#failure ??= error
    this.#gate.fail()
    const call = this.#call
    this.#call = null
    call?.reject(this.#failure)
  }

  /** Posts a call: what `write` put into the mailbox, or what it sent to the threads' ports. */
  #post(
    write: () => number, onSums: ((nHistograms: number) => void) | null = null,
  ): Promise<Reports> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    assert(this.#call === null, 'one call at a time')
    return new Promise((resolve, reject) => {
      const length = write()
      const reports = { parts: [], selected: [], moments: [], digest: null, failure: null }
      this.#call = { reports, nReports: 0, expected: null, onSums, resolve, reject }
      this.#gate.post(length)
    })
  }

  #send(message: ToStoreThread): Promise<Reports> {
    return this.#post(() => {
      for (const worker of this.#workers) worker.postMessage(message)
      return 0
    })
  }

  async build(
    store: number, setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[],
  ): Promise<void> {
    this.#sizes.add(store, train, evalSets)
    try {
      const batchSize = this.#batchSize(setup)
      const buffers = this.#grownBuffers(setup, batchSize)
      await this.#send({
        kind: 'build', store, setup, buffers, batchSize,
        train: sharedRows(train), evalSets: evalSets.map(sharedRows),
      })
      this.#buffers = buffers
      this.#setups.set(store, setup)
      this.#layouts.set(store, new TravelLayouts(setup))
    } catch (error) {
      this.#sizes.remove(store)
      throw error instanceof CoppiceError ? error : errorOf(failureOf(error))
    }
  }

  /**
   * Histograms that are built before the threads add them up: at most what the exchange should
   * hold, and few enough that some are under way to the caller while others are built. A thread
   * alone has no one to wait for, and copies what is still in its caches.
   */
  #batchSize({ features, maxExpansions, lanes = 1 }: EngineSetup): number {
    if (this.nThreads === 1) return 1
    const one = Exchange.sizes(shareFeatures(features, this.nThreads), 1).sums
    const nHistograms = maxExpansions * lanes
    const most = Math.min(Math.ceil(nHistograms / GOES), Math.floor(this.#exchangeBytes / one))
    return Math.max(1, most)
  }

  /** Buffers that are large enough for one more store; those of older stores stay theirs. */
  #grownBuffers(setup: EngineSetup, batchSize: number): StoreBuffers {
    const { features, maxLeaves, maxExpansions, lanes = 1, linear, objective } = setup
    const table = shareFeatures(features, this.nThreads)
    const request = requestBytesMax(
      features, maxLeaves, maxExpansions, undefined, linear,
      {
        nPositions: objective.ranking?.nPositions, nEvents: objective.events?.times.length, lanes,
      })
    const { mailbox, output, sums } = this.#buffers
    return {
      mailbox: atLeast(mailbox, COMMAND_BYTES + request),
      output: atLeast(output, new TravelLayouts(setup).roundBytesMax(maxExpansions * lanes)),
      sums: atLeast(sums, Exchange.sizes(table, batchSize).sums),
    }
  }

  async apply(store: number, requests: readonly EngineRequest[]): Promise<void> {
    this.#sizes.require(store)
    if (requests.length === 0) return
    const bytesMax = this.#buffers.mailbox.byteLength
    const encoded = writeRequests(requests.map(rowsRequest), bytesMax)
    await this.#send({ kind: 'apply', store, requests: encoded })
  }

  answer(store: number, request: EngineRequest, watch?: SumsWatch): Promise<StoreAnswer> {
    return this.#ask(StoreCommand.answer, store, request, watch)
  }

  carryOut(store: number, request: EngineRequest, watch?: SumsWatch): Promise<StoreAnswer> {
    return this.#ask(StoreCommand.carryOut, store, request, watch)
  }

  async #ask(
    command: number, store: number, request: EngineRequest, watch?: SumsWatch,
  ): Promise<StoreAnswer> {
    this.#sizes.require(store)
    const onSums = (n: number): void => watch!.take(this.#histograms(store, request, n))
    const { parts, selected, moments } = await this.#post(() => {
      const { mailbox } = this.#buffers
      new Int32Array(mailbox, 0, 4).set([command, store, watch?.every ?? 0, 0])
      return COMMAND_BYTES +
        encodeRequest(rowsRequest(request), new Uint8Array(mailbox, COMMAND_BYTES))
    }, watch === undefined ? null : onSums)
    switch (request.kind) {
      case 'prepare': return { kind: 'maximum', value: Math.max(...this.#maxima) }
      case 'tally': return { kind: 'counts', values: addTallies(
        this.#tallies, this.nThreads, tallyCounts(request)) }
      case 'root':
      case 'round':
      case 'together':
        return {
          kind: 'sums',
          histograms: this.#histograms(store, request, histogramsOf(request).length),
        }
      case 'evaluate': return { kind: 'parts', parts }
      case 'select': return { kind: 'selected', parts: selected }
      case 'moments': return { kind: 'moments', part: joinMoments(moments) }
      case 'gradients':
      case 'commit':
        return { kind: 'none' }
    }
  }

  /** The first n histograms of the output. */
  #histograms(store: number, request: EngineRequest, n: number): Uint8Array[] {
    const { nBytes } = this.#layouts.get(store)!.of(request)
    return Array.from({ length: n }, (_, h) =>
      new Uint8Array(this.#buffers.output, h * nBytes, nBytes))
  }

  async scoreDigest(store: number, first: number, nRows: number, set = 0): Promise<string> {
    this.#sizes.requireRows(store, first, nRows, set)
    const { nOutputs } = this.#setups.get(store)!
    const chunkRows = Math.max(1, Math.floor(DIGEST_SCORES / nOutputs))
    const scores = new SharedArrayBuffer(Math.min(nRows, chunkRows) * nOutputs * 8)
    const { digest } = await this.#send(
      { kind: 'digest', store, set, first, nRows, chunkRows, scores, nOutputs })
    return digest!
  }

  async drop(store: number): Promise<void> {
    if (!this.#sizes.remove(store)) return
    this.#setups.delete(store)
    this.#layouts.delete(store)
    await this.#send({ kind: 'drop', store })
  }

  async close(): Promise<void> {
    const workers = this.#workers.splice(0)
    for (const worker of workers) worker.removeAllListeners('exit')
    this.#fail(new CoppiceError('ABORTED', 'the stores were closed'))
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function takeReport(
  { reports, onSums }: Call, message: Exclude<FromStoreThread, { kind: 'done' }>,
): void {
  switch (message.kind) {
    case 'sums':
      try {
        onSums?.(message.nHistograms)
      } catch (error) {
        reports.failure ??= error instanceof Error ? error : new Error(String(error))
      }
      return
    case 'parts':
      reports.parts.push(...message.parts)
      return
    case 'selected':
      reports.selected[message.thread] = message.part
      return
    case 'moments':
      reports.moments.push(message.part)
      return
    case 'digest':
      reports.digest = message.digest
      return
    case 'failed':
      reports.failure ??= errorOf(message)
  }
}

function atLeast(buffer: SharedArrayBuffer, nBytes: number): SharedArrayBuffer {
  return buffer.byteLength >= nBytes ? buffer : new SharedArrayBuffer(nBytes)
}
