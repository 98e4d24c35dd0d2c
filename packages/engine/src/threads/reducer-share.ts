import { Exchange } from '../execution/exchange.js'
import { shareFeatures, type ShareTable } from '../execution/feature-shares.js'
import type { EngineRequest, EngineSetup } from '../execution/protocol.js'
import { ShareReducer } from '../execution/share-reducer.js'
import { SUM_BYTES } from '../kernels/api.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import { failureOf, FAILURE_BYTES, writeFailure } from './failure.js'
import { readTotals, type ReducerBuffers } from './reducer-messages.js'

/** One thread's share of a threaded reducer: takes its sums from the exchange. */
export class ReducerShare {
  readonly table: ShareTable
  readonly exchange: Exchange
  readonly #share: number
  readonly #arena = new Arena()
  readonly #reducer: ShareReducer
  readonly #failure: Uint8Array
  readonly #rootTotals: SharedArrayBuffer

  constructor(
    setup: Pick<EngineSetup, 'features' | 'scan' | 'maxExpansions'>, buffers: ReducerBuffers,
    share: number, nShares: number,
  ) {
    this.#share = share
    this.table = shareFeatures(setup.features, nShares)
    this.exchange = new Exchange(this.table, setup.maxExpansions, buffers)
    this.#reducer = new ShareReducer(
      this.#arena, instantiateKernels(this.#arena.memory), setup,
      { share, table: this.table, exchange: this.exchange })
    this.#rootTotals = buffers.rootTotals
    this.#failure = new Uint8Array(buffers.failures, share * FAILURE_BYTES, FAILURE_BYTES)
  }

  /** This share's part of a request whose sums are in the exchange. Leaves word of a failure. */
  carryOut(request: EngineRequest): void {
    writeFailure(this.#failure, null)
    try {
      switch (request.kind) {
        case 'gradients':
          this.#reducer.setScales(request.gradientScale, request.hessianScale)
          return
        case 'root':
          this.#reducer.begin(request)
          // all shares must have the same totals
          this.#reducer.finishRoot(request, this.#load, readTotals(this.#rootTotals))
          return
        case 'round':
          this.#reducer.begin(request)
          this.#reducer.finishRound(request, this.#load)
          return
        case 'prepare':
        case 'commit':
        case 'evaluate':
          return
      }
    } catch (error) {
      writeFailure(this.#failure, failureOf(error))
    }
  }

  readonly #load = (slot: number, histogram: number): void => {
    const nBytes = this.#reducer.share.nCells * SUM_BYTES
    const at = this.exchange.sumsAt(0, histogram, this.#share)
    this.#arena.bytes(slot, nBytes).set(this.exchange.sums.subarray(at, at + nBytes))
  }

  /** Takes the last round back. */
  restore(): void {
    this.#reducer.restore()
  }
}
