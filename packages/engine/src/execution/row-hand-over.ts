import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import type { Kernels } from '../kernels/api.js'
import { cellOffsets } from '../kernels/cells.js'
import { specialiseHistogram, type HistogramPass } from '../kernels/specialised-histogram.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare } from './feature-shares.js'
import type { FeatureLayout } from './protocol.js'
import { recordLayout, sideOffset, TILE_COLUMNS_MAX } from './record-layout.js'
import type { RowStore } from './row-store.js'

/** The kernel over the features of one share, in records with a byte per feature. */
interface SharePass {
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
 * what is in it. Only rows of one record with a byte per feature are handed over: at most
 * TILE_COLUMNS_MAX features, none of them bundled.
 */
export class RowHandOver {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #exchange: Exchange
  readonly #engine: number
  readonly #share: FeatureShare
  readonly #layout: number
  readonly #rows: RowStore
  readonly #cells: number
  readonly #stride: number
  readonly #sideOffset: number
  readonly #canSend: boolean
  /** Most rows that a thread hands over of a node. */
  readonly #rowsMax: number
  readonly #pass: SharePass | null
  /** Rows of another engine. */
  readonly #incoming: number
  /** Nodes of which this engine has handed over rows, by histogram; null where it was sums. */
  readonly #nodes: (number | null)[] = []

  /**
   * @param layout - see SumsBuilder
   * @param cells - room for the cells of all features
   */
  constructor(
    arena: Arena, kernels: Kernels,
    place: { engine: number, exchange: Exchange, share: FeatureShare, nEngines: number },
    features: readonly Pick<FeatureLayout, 'nBins'>[], layout: number, rows: RowStore,
    cells: number,
  ) {
    const { engine, exchange, share } = place
    this.#arena = arena
    this.#kernels = kernels
    this.#exchange = exchange
    this.#engine = engine
    this.#share = share
    this.#layout = layout
    this.#rows = rows
    this.#cells = cells
    const { rowBytes, nTiles } = recordLayout(features.length)
    this.#stride = rowBytes
    this.#sideOffset = sideOffset(features.length)
    this.#canSend = nTiles === 1 && !rows.columns.hasBundles
    // rows are read by all others, sums by one: at half as many bytes it is worth it (measured)
    this.#rowsMax = nTiles === 1
      ? Math.floor(exchange.histogramBytes / (2 * rowBytes * place.nEngines))
      : 0
    this.#incoming = arena.reserve(this.#rowsMax * rowBytes)
    this.#pass = nTiles === 1 && share.last > share.first
      ? sharePass(arena, features.slice(share.first, share.last), rowBytes)
      : null
  }

  /** Whether an engine of these features may ever hand over rows. */
  static isPossible(nFeatures: number, nEngines: number): boolean {
    return nEngines > 1 && nFeatures <= TILE_COLUMNS_MAX
  }

  /**
   * Hands a node's rows over, if that is worth it.
   * @returns whether; if not, sums have to be
   */
  send(node: number, histogram: number): boolean {
    const [run, ...more] = this.#rows.runsOf(node)
    const isSmall = this.#canSend && more.length === 0 && run!.n <= this.#rowsMax
    this.#nodes[histogram] = isSmall ? node : null
    this.#exchange.announce(this.#engine, histogram, isSmall ? run!.n : null)
    if (!isSmall) return false
    const { planes, row, n } = run!
    this.#exchange.sums.set(
      this.#arena.bytes(planes.bins(0, row), n * this.#stride),
      this.#exchange.rowsAt(this.#engine, histogram))
    return true
  }

  /**
   * Sums of the rows that were handed over, this engine's own among them: its share of the
   * features into `slot`, or added to the sums there if it handed over sums itself.
   */
  sum(slot: number, histogram: number, nEngines: number): void {
    const node = this.#nodes[histogram]!
    if (this.#pass === null) return
    const counts = Array.from({ length: nEngines }, (_, from) =>
      from === this.#engine ? null : this.#exchange.rowsOf(from, histogram))
    if (node === null && counts.every((n) => n === null)) return
    const { histogram: pass, cellBytes } = this.#pass
    this.#arena.bytes(this.#cells, cellBytes).fill(0)
    if (node !== null) {
      const { planes, row, n } = this.#rows.runsOf(node)[0]!
      pass(this.#cells, planes.bins(0, row) + this.#share.first, planes.sides(row), n)
    }
    counts.forEach((n, from) => {
      if (n !== null && n > 0) this.#sumIncoming(pass, from, histogram, n)
    })
    const { first, last, nCells } = this.#share
    this.#kernels.widen(
      slot, slot + nCells * 8, slot + nCells * 16, this.#cells, this.#layout, first, last,
      node === null ? 1 : 0)
  }

  #sumIncoming(pass: HistogramPass, from: number, histogram: number, n: number): void {
    assert(n <= this.#rowsMax, `at most ${this.#rowsMax} rows are handed over`)
    const at = this.#exchange.rowsAt(from, histogram)
    const nBytes = n * this.#stride
    this.#arena.bytes(this.#incoming, nBytes).set(this.#exchange.sums.subarray(at, at + nBytes))
    pass(
      this.#cells, this.#incoming + this.#share.first, this.#incoming + this.#sideOffset, n)
  }
}

/**
 * Cells hold 65,535 rows; those of all engines together are fewer: `rowsMax` times engines is at
 * most the bytes of a histogram over those of a row, 264 bins x 20 bytes per byte of a row.
 */
function sharePass(
  arena: Arena, features: readonly Pick<FeatureLayout, 'nBins'>[], stride: number,
): SharePass {
  const offsets = cellOffsets(features.map(({ nBins }) => nBins))
  return {
    histogram: specialiseHistogram(arena.memory, {
      cellOffsets: offsets.slice(0, -1), binStride: stride, pairStride: stride,
    }),
    cellBytes: offsets.at(-1)!,
  }
}
