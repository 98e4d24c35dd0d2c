import { bestOfShares, roundAnswer } from '../execution/candidates.js'
import type { SumsReducer } from '../execution/central-reducer.js'
import { histogramsOf } from '../execution/histograms-of.js'
import type {
  EngineRequest, EngineSetup, RootAnswer, RootRequest, RoundAnswer, RoundRequest,
} from '../execution/protocol.js'
import { encodeRequest } from '../execution/request-codec.js'
import { SumsAdder } from '../execution/sums-adder.js'
import { featureTotals, sumsLayout, type SumsLayout } from '../execution/sums-layout.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import { errorOf, FAILURE_BYTES, readFailure } from './failure.js'
import {
  COMMAND_BYTES, ReducerCommand, writeTotals, type ReducerBuffers,
} from './reducer-messages.js'
import type { ReducerShare } from './reducer-share.js'

/** What a reducer on threads needs of the training. */
export type ReducerSetup =
  Pick<EngineSetup, 'features' | 'scan' | 'maxExpansions' | 'maxLeaves'>

/** The threads beside the caller's. */
export interface Helpers {
  readonly nThreads: number
  /** What is in the mailbox is for them. */
  post(length: number): void
  /** Until they have done it. */
  await(): void
}

/** Adds in the calling thread, subtracts and scans in all of them. See ReducerPool. */
export class ThreadedReducer implements SumsReducer {
  readonly #helpers: Helpers
  readonly #buffers: ReducerBuffers
  readonly #own: ReducerShare
  readonly #arena = new Arena()
  readonly #adder: SumsAdder
  readonly #layout: SumsLayout
  readonly #features: EngineSetup['features']
  /** Where contributions are added up, one block per histogram of a request. */
  readonly #slots: number[] = []

  constructor(
    { features }: ReducerSetup, buffers: ReducerBuffers, own: ReducerShare, helpers: Helpers,
  ) {
    this.#features = features
    this.#buffers = buffers
    this.#own = own
    this.#helpers = helpers
    this.#layout = sumsLayout(features)
    this.#adder = new SumsAdder(
      this.#arena, instantiateKernels(this.#arena.memory), this.#layout)
  }

  setUnits(gradientScale: number, hessianScale: number): void {
    this.#carryOut({ kind: 'gradients', gradientScale, hessianScale })
  }

  begin(request: RootRequest | RoundRequest): void {
    const n = histogramsOf(request).length
    while (this.#slots.length < n) this.#slots.push(this.#arena.reserve(this.#layout.nBytes))
    this.#adder.begin(this.#slots.slice(0, n))
  }

  add(histogram: number, firstCell: number, sums: Uint8Array): void {
    this.#adder.add(histogram, firstCell, sums)
  }

  finishRoot(request: RootRequest): RootAnswer {
    this.#adder.end()
    const { gradient, hessian, count } =
      featureTotals(this.#sums(0), this.#layout, this.#features, 0)
    const totals = { gradient, hessian, count }
    writeTotals(this.#buffers.rootTotals, totals)
    this.#handOver(0)
    this.#carryOut(request)
    const { exchange } = this.#own
    return { totals, candidate: bestOfShares(exchange, this.#helpers.nThreads, 0, 0) }
  }

  finishRound(request: RoundRequest): RoundAnswer {
    this.#adder.end()
    histogramsOf(request).forEach((_, h) => this.#handOver(h))
    this.#carryOut(request)
    return roundAnswer(this.#own.exchange, this.#helpers.nThreads, request)
  }

  #sums(histogram: number): Uint8Array {
    return this.#arena.bytes(this.#slots[histogram]!, this.#layout.nBytes)
  }

  /** Cuts a histogram into shares, for their threads to take. */
  #handOver(histogram: number): void {
    const { table, exchange } = this.#own
    const { nCells, cellOffsets } = this.#layout
    const source = this.#sums(histogram)
    table.shares.forEach((share, s) => {
      if (share.first === share.last) return
      const start = cellOffsets[share.first]!
      // a share's cells are rounded up to 4; what is behind them is no bin of its
      const n = Math.min(share.nCells, nCells - start)
      let from = 0
      let to = exchange.sumsAt(0, histogram, s)
      for (const cellBytes of [8, 8, 4]) {
        const at = from + start * cellBytes
        exchange.sums.set(source.subarray(at, at + n * cellBytes), to)
        from += nCells * cellBytes
        to += share.nCells * cellBytes
      }
    })
  }

  /** All threads do their part; where one fails all take it back. */
  #carryOut(request: EngineRequest): void {
    const { mailbox, failures } = this.#buffers
    const words = new Int32Array(mailbox, 0, 2)
    words[0] = ReducerCommand.carryOut
    const bytes = new Uint8Array(mailbox, COMMAND_BYTES)
    this.#helpers.post(COMMAND_BYTES + encodeRequest(request, bytes))
    this.#own.carryOut(request)
    this.#helpers.await()
    for (let thread = 0; thread < this.#helpers.nThreads; thread++) {
      const failure = readFailure(new Uint8Array(failures, thread * FAILURE_BYTES, FAILURE_BYTES))
      if (failure === null) continue
      words[0] = ReducerCommand.restore
      this.#helpers.post(COMMAND_BYTES)
      this.#own.restore()
      this.#helpers.await()
      throw errorOf(failure)
    }
  }
}
