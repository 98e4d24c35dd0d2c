import type { Arena } from '../kernels/arena.js'
import { CELL_BYTES, SUM_BYTES, type Kernels } from '../kernels/api.js'
import { cellOffsets, cellsOf } from '../kernels/cells.js'
import { specialiseHistogram, type HistogramPass } from '../kernels/specialised-histogram.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare, ShareTable } from './feature-shares.js'
import type { FeatureLayout } from './protocol.js'
import type { RowStore } from './row-store.js'

/** Which of the engines of a training this is; they are numbered like the shares of features. */
export interface EnginePlace {
  readonly engine: number
  readonly nEngines: number
  readonly table: ShareTable
  readonly exchange: Exchange
}

/** Features whose cells are summed in one pass over their bins. */
interface Tile {
  readonly index: number
  readonly first: number
  /** Exclusive. */
  readonly last: number
  /** Byte offsets of the features' cells, and behind the last one's. */
  readonly offsets: readonly number[]
  readonly histogram: HistogramPass
}

function tilesOf(
  arena: Arena, { layout }: RowStore, features: readonly FeatureLayout[],
): Tile[] {
  const { nTiles, tileFeatures, binStride, sideStride } = layout
  // tiles of features with the same numbers of bins share a kernel
  const passes = new Map<string, HistogramPass>()
  const passOf = (offsets: readonly number[]): HistogramPass => {
    const key = offsets.join()
    const pass = passes.get(key) ?? specialiseHistogram(
      arena.memory, { cellOffsets: offsets.slice(0, -1), binStride, pairStride: sideStride })
    passes.set(key, pass)
    return pass
  }
  return Array.from({ length: nTiles }, (_, index) => {
    const first = index * tileFeatures
    const last = Math.min(features.length, first + tileFeatures)
    const offsets = cellOffsets(features.slice(first, last).map(({ nBins }) => nBins))
    return { index, first, last, offsets, histogram: passOf(offsets) }
  })
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
  /** Of the features, tile by tile. */
  readonly #tiles: readonly Tile[]
  /** Of one tile. */
  readonly #cells: number
  /** Sums of the other engines' shares before they are handed over, one block per share. */
  readonly #outgoing: readonly number[]
  /** Another engine's sums of this engine's share. */
  readonly #incoming: number

  /** @param layout - offset of the layout table: entries relative to their shares */
  constructor(
    arena: Arena, kernels: Kernels, place: EnginePlace, layout: number,
    features: readonly FeatureLayout[], rows: RowStore,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#place = place
    this.#layout = layout
    this.#rows = rows
    this.#tiles = tilesOf(arena, rows, features)
    // a bin that its feature does not have must not write elsewhere: the scan will tell
    this.#cells = arena.reserve(
      Math.max(...this.#tiles.map(({ offsets }) => offsets.at(-1)!)) + cellsOf(256) * CELL_BYTES)
    this.#outgoing = place.table.shares.map((share, u) =>
      u === place.engine ? 0 : arena.reserve(share.nCells * SUM_BYTES))
    this.#incoming = place.nEngines > 1 ? arena.reserve(this.share.nCells * SUM_BYTES) : 0
  }

  /** The features whose sums end up here. */
  get share(): FeatureShare {
    return this.#place.table.shares[this.#place.engine]!
  }

  /**
   * This engine's sums of a node: its own share into `slot` (share.nCells * 20 bytes, contents
   * undefined before), the others' to the exchange.
   *
   * @param histogram - which of the histograms of a request it is
   */
  build(node: number, slot: number, histogram: number): void {
    for (const tile of this.#tiles) this.#sumTile(tile, node, slot)
    this.#handOver(histogram)
  }

  #sumTile({ index, first, last, offsets, histogram }: Tile, node: number, slot: number): void {
    const { shares } = this.#place.table
    const cellBytes = offsets.at(-1)!
    let isFirst = true
    this.#rows.scanNode(node, index, (bins, sides, n) => {
      this.#arena.bytes(this.#cells, cellBytes).fill(0)
      histogram(this.#cells, bins, sides, n)
      shares.forEach((share, u) => {
        const [begin, end] = [Math.max(first, share.first), Math.min(last, share.last)]
        if (begin >= end) return
        const sums = u === this.#place.engine ? slot : this.#outgoing[u]!
        this.#kernels.widen(
          sums, sums + share.nCells * 8, sums + share.nCells * 16,
          this.#cells + offsets[begin - first]!, this.#layout, begin, end, isFirst ? 0 : 1)
      })
      isFirst = false
    })
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
