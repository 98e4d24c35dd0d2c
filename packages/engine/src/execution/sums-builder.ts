import type { Arena } from '../kernels/arena.js'
import {
  CELL_BYTES, CELLS_PER_FEATURE, SUM_BYTES, type Kernels,
} from '../kernels/api.js'
import {
  SPECIALISED_FEATURES_MAX, specialiseHistogram, type HistogramPass,
} from '../kernels/specialised-histogram.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare, ShareTable } from './feature-shares.js'
import type { RowStore } from './row-store.js'

/** Which of the engines of a training this is; they are numbered like the shares of features. */
export interface EnginePlace {
  readonly engine: number
  readonly nEngines: number
  readonly table: ShareTable
  readonly exchange: Exchange
}

/**
 * Sums a node's rows into histograms, and exchanges sums with the other engines: each engine
 * ends up with the sums over all engines' rows of its own share of the features. Between `build`
 * and `gather` all engines must have finished the first.
 */
export class SumsBuilder {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #place: EnginePlace
  readonly #layout: number
  readonly #rows: RowStore
  readonly #histogram: HistogramPass
  readonly #cells: number
  readonly #cellBytes: number
  /** Sums of the other engines' shares before they are handed over, one block per share. */
  readonly #outgoing: readonly number[]
  /** Another engine's sums of this engine's share. */
  readonly #incoming: number

  /** @param layout - offset of the layout table: entries relative to their shares */
  constructor(
    arena: Arena, kernels: Kernels, place: EnginePlace, layout: number, nFeatures: number,
    rows: RowStore,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#place = place
    this.#layout = layout
    this.#rows = rows
    this.#histogram = this.#histogramPass(nFeatures)
    this.#cellBytes = nFeatures * CELLS_PER_FEATURE * CELL_BYTES
    this.#cells = arena.reserve(this.#cellBytes)
    this.#outgoing = place.table.shares.map((share, u) =>
      u === place.engine ? 0 : arena.reserve(share.nCells * SUM_BYTES))
    this.#incoming = place.nEngines > 1 ? arena.reserve(this.share.nCells * SUM_BYTES) : 0
  }

  /** The features whose sums end up here. */
  get share(): FeatureShare {
    return this.#place.table.shares[this.#place.engine]!
  }

  #histogramPass(nFeatures: number): HistogramPass {
    const { stride, gradientOffset } = this.#rows
    if (nFeatures <= SPECIALISED_FEATURES_MAX) {
      return specialiseHistogram(this.#arena.memory, { nFeatures, stride, gradientOffset })
    }
    return (hist, rec, n) => {
      this.#kernels.histogram(hist, rec, n, stride, nFeatures, gradientOffset)
    }
  }

  /**
   * This engine's sums of a node: its own share into `slot` (share.nCells * 20 bytes, contents
   * undefined before), the others' to the exchange.
   *
   * @param histogram - which of the histograms of a request it is
   */
  build(node: number, slot: number, histogram: number): void {
    let passes = 0
    const pass = (rec: number, n: number): void => {
      this.#arena.bytes(this.#cells, this.#cellBytes).fill(0)
      this.#histogram(this.#cells, rec, n)
      this.#place.table.shares.forEach((share, u) => {
        const sums = u === this.#place.engine ? slot : this.#outgoing[u]!
        this.#kernels.widen(
          sums, sums + share.nCells * 8, sums + share.nCells * 16, this.#cells,
          this.#layout, share.first, share.last, passes > 0 ? 1 : 0)
      })
      passes++
    }
    this.#rows.scanNode(node, pass)
    // a node without rows here has sums of zero
    if (passes === 0) pass(0, 0)
    this.#handOver(histogram)
  }

  #handOver(histogram: number): void {
    const { exchange, engine, table } = this.#place
    table.shares.forEach((share, u) => {
      if (u === engine) return
      exchange.sums.set(
        this.#arena.bytes(this.#outgoing[u]!, share.nCells * SUM_BYTES),
        exchange.sumsAt(engine, histogram, u))
    })
  }

  /** Adds the other engines' sums of this share to those in `slot`. */
  gather(slot: number, histogram: number): void {
    const { exchange, engine, nEngines } = this.#place
    const { nCells } = this.share
    const nBytes = nCells * SUM_BYTES
    for (let from = 0; from < nEngines; from++) {
      if (from === engine) continue
      const at = exchange.sumsAt(from, histogram, engine)
      this.#arena.bytes(this.#incoming, nBytes).set(exchange.sums.subarray(at, at + nBytes))
      this.#kernels.addSums(slot, this.#incoming, nCells)
    }
  }
}
