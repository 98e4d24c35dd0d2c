import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import { ROWS_PER_WIDEN } from '../kernels/api.js'
import { isWide } from '../row-bytes.js'
import { specialiseHistogram, type HistogramPass } from '../kernels/specialised-histogram.js'
import type { CellForm } from './cell-form.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare } from './feature-shares.js'
import type { FeatureLayout } from './protocol.js'
import { type RecordLayout, recordLayout } from './record-layout.js'
import type { NodeRun, RowStore } from './row-store.js'

/** The features of one tile that are in a share. */
interface SharePass {
  readonly tile: number
  readonly first: number
  /** Exclusive. */
  readonly last: number
  /** Where the first one's bin is within the bytes of the tile. */
  readonly byte: number
  readonly histogram: HistogramPass
  readonly cellBytes: number
}

/**
 * Small leaves between threads: instead of the sums of all features, made of a few rows, a thread
 * hands over the rows themselves, and every thread sums those of all threads, over its own share
 * of the features. Clearing, widening and handing over cells costs the same for ten rows as for
 * ten thousand, in every thread; so it is done once per feature and leaf, not once per thread.
 *
 * Integer sums are the same either way, and each thread chooses for itself: the exchange says
 * what is in it. Rows are handed over plane by plane, as they lie; those with bundles of features
 * are not.
 */
export class RowHandOver {
  readonly #arena: Arena
  readonly #exchange: Exchange
  readonly #engine: number
  readonly #share: FeatureShare
  readonly #rows: RowStore
  readonly #form: CellForm
  readonly #cells: number
  readonly #record: RecordLayout
  readonly #canSend: boolean
  /** Most rows that a thread hands over of a node. */
  readonly #rowsMax: number
  readonly #passes: readonly SharePass[]
  /** Bins of one tile of another engine's rows, and their sides where these are apart. */
  readonly #incoming: number
  readonly #incomingSides: number
  /** Nodes of which this engine has handed over rows, by histogram; null where it was sums. */
  readonly #nodes: ({ readonly node: number, readonly lane: number } | null)[] = []

  /** @param cells - room for the cells of any tile, and what is beyond */
  constructor(
    arena: Arena,
    place: { engine: number, exchange: Exchange, share: FeatureShare, nEngines: number },
    features: readonly Pick<FeatureLayout, 'nBins'>[], rows: RowStore, form: CellForm,
    cells: number,
  ) {
    const { engine, exchange, share } = place
    this.#arena = arena
    this.#exchange = exchange
    this.#engine = engine
    this.#share = share
    this.#rows = rows
    this.#form = form
    this.#cells = cells
    const record = recordLayout(features.map(({ nBins }) => nBins))
    const { rowBytes, binStride, sideStride, sideOffset } = record
    this.#record = record
    this.#canSend = !rows.columns.hasBundles
    // rows are read by all others, sums by one: at half as many bytes it is worth it (measured)
    this.#rowsMax = Math.min(
      Math.floor(exchange.histogramBytes / (2 * rowBytes * place.nEngines)),
      Math.floor(ROWS_PER_WIDEN / place.nEngines))
    this.#incoming = arena.reserve(this.#rowsMax * binStride)
    this.#incomingSides = sideOffset > 0
      ? this.#incoming + sideOffset : arena.reserve(this.#rowsMax * sideStride)
    this.#passes = sharePasses(arena, features, share, record, form, cells)
  }

  /**
   * Hands a node's rows over, if that is worth it.
   * @returns whether; if not, sums have to be
   */
  send(node: number, histogram: number): boolean {
    const runs = this.#rows.runsOf(node)
    const { n } = runs[0]!
    const isSmall = this.#canSend && runs.length === 1 && n <= this.#rowsMax
    this.#nodes[histogram] = isSmall ? { node, lane: this.#rows.lane } : null
    this.#exchange.announce(this.#engine, histogram, isSmall ? n : null)
    if (!isSmall) return false
    this.#put(runs[0]!, this.#exchange.rowsAt(this.#engine, histogram))
    return true
  }

  /** The bins of each tile, and behind them the sides where these are apart. */
  #put({ planes, row, n }: NodeRun, start: number): void {
    const { nTiles, binStride, sideStride, sideOffset } = this.#record
    const { sums } = this.#exchange
    let at = start
    for (let tile = 0; tile < nTiles; tile++, at += n * binStride) {
      sums.set(this.#arena.bytes(planes.bins(tile, row), n * binStride), at)
    }
    if (sideOffset === 0) sums.set(this.#arena.bytes(planes.sides(row), n * sideStride), at)
  }

  /**
   * Sums of the rows that were handed over, this engine's own among them: its share of the
   * features into `slot`, or added to the sums there if it handed over sums itself.
   */
  sum(slot: number, histogram: number, nEngines: number): void {
    const own = this.#nodes[histogram]!
    const incoming: IncomingRows[] = []
    for (let from = 0; from < nEngines; from++) {
      const n = from === this.#engine ? null : this.#exchange.rowsOf(from, histogram)
      if (n !== null) incoming.push({ from, n })
    }
    if (own === null && incoming.length === 0) return
    if (own !== null) this.#rows.enter(own.lane)
    const run = own === null ? null : this.#rows.runsOf(own.node)[0]!
    const { nCells } = this.#share
    const side = run !== null && run.n > 0 ? run.planes.sides(run.row) : this.#incomingSides
    for (const { tile, first, last, byte, histogram: pass, cellBytes } of this.#passes) {
      this.#arena.clear(this.#cells, cellBytes)
      if (run !== null) {
        const { planes, row, n } = run
        pass(planes.bins(tile, row) + byte, planes.sides(row), n)
      }
      for (const rows of incoming) {
        this.#take(rows, tile, histogram)
        pass(this.#incoming + byte, this.#incomingSides, rows.n)
      }
      this.#form.widen(slot, nCells, this.#cells, first, last, run === null ? 1 : 0, side)
    }
  }

  /** Copies a tile of another engine's rows, and their sides, to this engine's memory. */
  #take({ from, n }: IncomingRows, tile: number, histogram: number): void {
    assert(n <= this.#rowsMax, `at most ${this.#rowsMax} rows are handed over`)
    const { nTiles, binStride, sideStride, sideOffset } = this.#record
    const { sums } = this.#exchange
    const start = this.#exchange.rowsAt(from, histogram)
    const copy = (to: number, at: number, nBytes: number): void =>
      this.#arena.put(to, sums.subarray(start + at, start + at + nBytes))
    copy(this.#incoming, tile * n * binStride, n * binStride)
    if (sideOffset === 0) copy(this.#incomingSides, nTiles * n * binStride, n * sideStride)
  }
}

/** Rows of another engine in the exchange. */
interface IncomingRows {
  readonly from: number
  readonly n: number
}

/**
 * The kernels of a share, tile by tile, all with the same cells. These hold 65,535 rows; `rowsMax`
 * sees to it that those of all engines together are no more.
 */
function sharePasses(
  arena: Arena, features: readonly Pick<FeatureLayout, 'nBins'>[], share: FeatureShare,
  { nTiles, tileStarts, byteOf, binStride, sideStride }: RecordLayout, form: CellForm,
  cells: number,
): SharePass[] {
  // tiles of features with the same numbers of bins share a kernel
  const kernels = new Map<string, HistogramPass>()
  return Array.from({ length: nTiles }, (_, tile) => tile).flatMap((tile): SharePass[] => {
    const first = Math.max(share.first, tileStarts[tile]!)
    const last = Math.min(share.last, tileStarts[tile + 1]!)
    if (last <= first) return []
    const nBins = features.slice(first, last).map((feature) => feature.nBins)
    const offsets = form.offsets(nBins)
    const byte = byteOf[first]!
    const histogram = kernels.get(nBins.join()) ?? specialiseHistogram(arena.memory, {
      columns: nBins.map((n, f) => ({
        cells: cells + offsets[f]!, byte: byteOf[first + f]! - byte, isWide: isWide(n),
      })),
      binStride,
      pairStride: sideStride,
      cellBytes: form.bytes,
    })
    kernels.set(nBins.join(), histogram)
    return [{ tile, first, last, byte, histogram, cellBytes: offsets.at(-1)! }]
  })
}
