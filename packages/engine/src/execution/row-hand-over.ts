import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import { ROWS_PER_WIDEN, type Kernels } from '../kernels/api.js'
import { cellOffsets } from '../kernels/cells.js'
import { isWide, rowBytes as rowBytesOfBins } from '../row-bytes.js'
import { specialiseHistogram, type HistogramPass } from '../kernels/specialised-histogram.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare } from './feature-shares.js'
import type { FeatureLayout } from './protocol.js'
import { type RecordLayout, recordLayout, TILE_BYTES_MAX } from './record-layout.js'
import type { RowStore } from './row-store.js'

/** The kernel over the features of one share, in records of one piece. */
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
 * what is in it. Only rows of one record with a column per feature are handed over: at most
 * TILE_BYTES_MAX bytes of bins, no features bundled.
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
  /** Of the share's first feature. */
  readonly #firstByte: number
  readonly #canSend: boolean
  /** Most rows that a thread hands over of a node. */
  readonly #rowsMax: number
  readonly #pass: SharePass | null
  /** Rows of another engine. */
  readonly #incoming: number
  /** Nodes of which this engine has handed over rows, by histogram; null where it was sums. */
  readonly #nodes: ({ readonly node: number, readonly lane: number } | null)[] = []

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
    const record = recordLayout(features.map(({ nBins }) => nBins))
    const { rowBytes, nTiles } = record
    this.#stride = rowBytes
    this.#sideOffset = record.sideOffset
    this.#firstByte = record.byteOf[share.first] ?? 0
    this.#canSend = nTiles === 1 && !rows.columns.hasBundles
    // rows are read by all others, sums by one: at half as many bytes it is worth it (measured)
    this.#rowsMax = nTiles === 1
      ? Math.min(
        Math.floor(exchange.histogramBytes / (2 * rowBytes * place.nEngines)),
        Math.floor(ROWS_PER_WIDEN / place.nEngines))
      : 0
    this.#incoming = arena.reserve(this.#rowsMax * rowBytes)
    this.#pass = nTiles === 1 && share.last > share.first
      ? sharePass(arena, features, share, record, cells)
      : null
  }

  /** Whether an engine of these features may ever hand over rows. */
  static isPossible(
    features: readonly Pick<FeatureLayout, 'nBins'>[], nEngines: number,
  ): boolean {
    return nEngines > 1 && rowBytesOfBins(features.map(({ nBins }) => nBins)) <= TILE_BYTES_MAX
  }

  /**
   * Hands a node's rows over, if that is worth it.
   * @returns whether; if not, sums have to be
   */
  send(node: number, histogram: number): boolean {
    const runs = this.#rows.runsOf(node)
    const { planes, row, n } = runs[0]!
    const isSmall = this.#canSend && runs.length === 1 && n <= this.#rowsMax
    this.#nodes[histogram] = isSmall ? { node, lane: this.#rows.lane } : null
    this.#exchange.announce(this.#engine, histogram, isSmall ? n : null)
    if (!isSmall) return false
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
    let hasRows = node !== null
    for (let from = 0; from < nEngines; from++) {
      if (this.#rowsFrom(from, histogram) !== null) hasRows = true
    }
    if (!hasRows) return
    const { histogram: pass, cellBytes } = this.#pass
    this.#arena.clear(this.#cells, cellBytes)
    if (node !== null) {
      this.#rows.enter(node.lane)
      const { planes, row, n } = this.#rows.runsOf(node.node)[0]!
      pass(planes.bins(0, row) + this.#firstByte, planes.sides(row), n)
    }
    for (let from = 0; from < nEngines; from++) {
      const n = this.#rowsFrom(from, histogram)
      if (n !== null && n > 0) this.#sumIncoming(pass, from, histogram, n)
    }
    const { first, last, nCells } = this.#share
    this.#kernels.widen(
      slot, slot + nCells * 8, slot + nCells * 16, this.#cells, this.#layout, first, last,
      node === null ? 1 : 0)
  }

  /** How many rows another engine has handed over; null where it was sums, or is this one. */
  #rowsFrom(from: number, histogram: number): number | null {
    return from === this.#engine ? null : this.#exchange.rowsOf(from, histogram)
  }

  #sumIncoming(pass: HistogramPass, from: number, histogram: number, n: number): void {
    assert(n <= this.#rowsMax, `at most ${this.#rowsMax} rows are handed over`)
    const at = this.#exchange.rowsAt(from, histogram)
    const nBytes = n * this.#stride
    this.#arena.put(this.#incoming, this.#exchange.sums.subarray(at, at + nBytes))
    pass(this.#incoming + this.#firstByte, this.#incoming + this.#sideOffset, n)
  }
}

/** Cells hold 65,535 rows; `rowsMax` sees to it that those of all engines together are no more. */
function sharePass(
  arena: Arena, features: readonly Pick<FeatureLayout, 'nBins'>[],
  { first, last }: FeatureShare, { byteOf, rowBytes }: RecordLayout, cells: number,
): SharePass {
  const own = features.slice(first, last)
  const offsets = cellOffsets(own.map(({ nBins }) => nBins))
  return {
    histogram: specialiseHistogram(arena.memory, {
      columns: own.map(({ nBins }, f) => ({
        cells: cells + offsets[f]!, byte: byteOf[first + f]! - byteOf[first]!, isWide: isWide(nBins),
      })),
      binStride: rowBytes,
      pairStride: rowBytes,
    }),
    cellBytes: offsets.at(-1)!,
  }
}
