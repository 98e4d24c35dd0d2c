import type { Arena } from '../kernels/arena.js'
import { CELL_BYTES, COLUMN_TOTALS_BYTES, SUM_BYTES, type Kernels } from '../kernels/api.js'
import {
  type HistogramColumn, type HistogramPass, specialiseHistogram,
} from '../kernels/specialised-histogram.js'
import { BINS_MAX, BYTE_BINS, isWide } from '../row-bytes.js'
import { CellForm } from './cell-form.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare, ShareTable } from './feature-shares.js'
import type { FeatureLayout } from './protocol.js'
import { recordLayout } from './record-layout.js'
import { RowHandOver } from './row-hand-over.js'
import type { NodeRun, RowStore } from './row-store.js'

/** Which of the engines of a training this is; they are numbered like the shares of features. */
export interface EnginePlace {
  readonly engine: number
  readonly nEngines: number
  readonly table: ShareTable
  readonly exchange: Exchange
}

/** Columns whose bytes are together. */
interface Tile {
  readonly index: number
  readonly first: number
  /** Exclusive. */
  readonly last: number
  /** Byte offsets of the columns' cells, and behind the last one's. */
  readonly offsets: readonly number[]
}

/** With the place of its cells. */
interface SummedTile extends Tile {
  readonly cells: number
  readonly histogram: HistogramPass
}

/** Offsets of what the kernels for bundles read: see `sumColumns` and `widenBundles`. */
interface BundleTables {
  /** Where features have their cells. */
  readonly members: number
  /** Where columns of bundles have theirs. */
  readonly columns: number
  readonly nColumns: number
  readonly totals: number
}

function tilesOf(
  { layout: { nTiles, tileStarts }, columns: { columns } }: RowStore, form: CellForm,
): Tile[] {
  return Array.from({ length: nTiles }, (_, index) => {
    const [first, last] = [tileStarts[index]!, tileStarts[index + 1]!]
    const offsets = form.offsets(columns.slice(first, last).map(({ nValues }) => nValues))
    return { index, first, last, offsets }
  })
}

/** Bytes of the cells of a tile, the largest there is, where no features are bundled. */
function largestTile(features: readonly FeatureLayout[], form: CellForm): number {
  const nBins = features.map((feature) => feature.nBins)
  const { tileStarts } = recordLayout(nBins)
  return Math.max(0, ...tileStarts.slice(1).map((last, tile) =>
    form.offsets(nBins.slice(tileStarts[tile], last)).at(-1)!))
}

/** Writes the kernels. All tiles have the same cells in turn, or each its own behind each other. */
function summedTiles(
  arena: Arena, { layout, columns: { columns, hasBundles } }: RowStore, tiles: readonly Tile[],
  firstCells: number, cellBytes: number,
): SummedTile[] {
  const { byteOf, binStride, sideStride } = layout
  // tiles of columns with the same numbers of values share cells and a kernel
  const passes = new Map<string, HistogramPass>()
  const passOf = (cells: number, { offsets, first, last }: Tile): HistogramPass => {
    const own = columns.slice(first, last)
    const key = `${cells}: ${own.map(({ nValues }) => nValues).join()}`
    const shape = own.map(({ nValues }, c): HistogramColumn =>
      ({ cells: cells + offsets[c]!, byte: byteOf[first + c]!, isWide: isWide(nValues) }))
    const pass = passes.get(key) ?? specialiseHistogram(
      arena.memory, { columns: shape, binStride, pairStride: sideStride, cellBytes })
    passes.set(key, pass)
    return pass
  }
  let cells = firstCells
  return tiles.map((tile) => {
    const summed = { ...tile, cells, histogram: passOf(cells, tile) }
    if (hasBundles) cells += tile.offsets.at(-1)!
    return summed
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
  readonly #form: CellForm
  readonly #tiles: readonly SummedTile[]
  /** Of one tile; with bundles of all, tile by tile. */
  readonly #cells: number
  /** What `widenBundles` needs to know of bundles; null without. */
  readonly #bundles: BundleTables | null
  /** Sums of the other engines' shares before they are handed over, one block per share. */
  readonly #outgoing: readonly number[]
  /** Another engine's sums of this engine's share. */
  readonly #incoming: number
  /** For small leaves; null without other engines. */
  readonly #handOver: RowHandOver | null

  /**
   * @param layout - offset of the layout table: entries relative to their shares
   * @param hasEqualHessians - all rows have the same, always
   */
  constructor(
    arena: Arena, kernels: Kernels, place: EnginePlace, features: readonly FeatureLayout[],
    layout: number, rows: RowStore, hasEqualHessians: boolean,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#place = place
    this.#layout = layout
    this.#rows = rows
    const { hasBundles } = rows.columns
    const form = new CellForm(arena, kernels, layout, hasEqualHessians && !hasBundles)
    this.#form = form
    const tiles = tilesOf(rows, form)
    const sizes = tiles.map(({ offsets }) => offsets.at(-1)!)
    const cellBytes = hasBundles ? sizes.reduce((sum, n) => sum + n, 0) : Math.max(...sizes)
    const handsOver = place.nEngines > 1
    const unbundled = handsOver ? largestTile(features, form) : 0
    // a bin that its feature does not have must not write elsewhere: the scan will tell
    const beyond = form.bytesOf(rows.layout.hasWide ? BINS_MAX : BYTE_BINS)
    this.#cells = arena.reserve(Math.max(cellBytes, unbundled) + beyond)
    this.#tiles = summedTiles(arena, rows, tiles, this.#cells, form.bytes)
    this.#bundles = hasBundles ? this.#writeBundles() : null
    this.#outgoing = place.table.shares.map((share, u) =>
      u === place.engine ? 0 : arena.reserve(share.nCells * SUM_BYTES))
    this.#incoming = place.nEngines > 1 ? arena.reserve(this.share.nCells * SUM_BYTES) : 0
    this.#handOver = handsOver
      ? new RowHandOver(
        arena, { ...place, share: this.share }, features, rows, form, this.#cells)
      : null
  }

  /** The features whose sums end up here. */
  get share(): FeatureShare {
    return this.#place.table.shares[this.#place.engine]!
  }

  /**
   * This engine's sums of a node: its own share into `slot` (share.nCells * 20 bytes, contents
   * undefined before), the others' to the exchange. Of a small leaf the rows go there instead, and
   * are summed by `gather`: until then they must not be moved.
   *
   * @param histogram - which of the histograms of a request it is
   */
  build(node: number, slot: number, histogram: number): void {
    if (this.#handOver?.send(node, histogram) === true) return
    if (this.#bundles !== null) this.#sumBundles(this.#bundles, node, slot)
    else for (const tile of this.#tiles) this.#sumTile(tile, node, slot)
    this.#handOverSums(histogram)
  }

  /** Without bundles, columns are the features in their order. */
  #sumTile(tile: SummedTile, node: number, slot: number): void {
    const { first, last, offsets } = tile
    const { shares } = this.#place.table
    this.#rows.runsOf(node).forEach((run, i) => {
      this.#sumCells(tile, run)
      for (let u = 0; u < shares.length; u++) {
        const share = shares[u]!
        const begin = Math.max(first, share.first)
        const end = Math.min(last, share.last)
        if (begin >= end) continue
        this.#form.widen(
          this.#sumsOf(u, slot), share.nCells, this.#cells + offsets[begin - first]!, begin, end,
          i > 0 ? 1 : 0, run.planes.sides(run.row))
      }
    })
  }

  /** A feature's cells may be in any tile: all are summed before sums are made of them. */
  #sumBundles(
    { members, columns, nColumns, totals }: BundleTables, node: number, slot: number,
  ): void {
    this.#rows.runsOf(node).forEach((run, i) => {
      for (const tile of this.#tiles) this.#sumCells(tile, run)
      this.#kernels.sumColumns(totals, this.#cells, columns, nColumns)
      this.#place.table.shares.forEach((share, u) => {
        const sums = this.#sumsOf(u, slot)
        this.#kernels.widenBundles(
          sums, sums + share.nCells * 8, sums + share.nCells * 16, this.#cells, totals,
          this.#layout, members, share.first, share.last, i > 0 ? 1 : 0)
      })
    })
  }

  #sumCells(
    { index, offsets, cells, histogram }: SummedTile, { planes, row, n }: NodeRun,
  ): void {
    this.#arena.clear(cells, offsets.at(-1)!)
    histogram(planes.bins(index, row), planes.sides(row), n)
  }

  /** Where a share's sums go: planes of gradients, hessians and counts. */
  #sumsOf(share: number, slot: number): number {
    return share === this.#place.engine ? slot : this.#outgoing[share]!
  }

  #writeBundles(): BundleTables {
    const { columns: plan, columnOf, memberOf } = this.#rows.columns
    const starts = this.#tiles.flatMap(({ cells, offsets }) =>
      offsets.slice(0, -1).map((offset) => cells - this.#cells + offset))
    // columns of bundles follow the others: theirs alone are added up
    const first = plan.findIndex((column) => column.members !== null)
    const nColumns = plan.length - first
    const columns = this.#arena.reserve(nColumns * 8)
    const cells = this.#arena.words(columns, nColumns * 2)
    for (let c = 0; c < nColumns; c++) {
      cells.set([starts[first + c]!, plan[first + c]!.nValues], c * 2)
    }
    const members = this.#arena.reserve(memberOf.length * 16)
    const words = this.#arena.ints(members, memberOf.length * 4)
    memberOf.forEach((member, f) => {
      const column = columnOf[f]!
      words[f * 4] = starts[column]! + (member?.base ?? 0) * CELL_BYTES
      words[f * 4 + 1] = member?.defaultBin ?? -1
      words[f * 4 + 2] = Math.max(0, column - first) * COLUMN_TOTALS_BYTES
    })
    return {
      members, columns, nColumns, totals: this.#arena.reserve(nColumns * COLUMN_TOTALS_BYTES),
    }
  }

  #handOverSums(histogram: number): void {
    const { exchange, engine, table } = this.#place
    table.shares.forEach((share, u) => {
      if (u === engine) return
      exchange.sums.set(
        this.#arena.bytes(this.#outgoing[u]!, share.nCells * SUM_BYTES),
        exchange.sumsAt(engine, histogram, u))
    })
  }

  /** Completes the sums of this share in `slot` with what the other engines handed over. */
  gather(slot: number, histogram: number): void {
    const { exchange, engine, nEngines } = this.#place
    const { nCells } = this.share
    const nBytes = nCells * SUM_BYTES
    this.#handOver?.sum(slot, histogram, nEngines)
    for (let from = 0; from < nEngines; from++) {
      if (from === engine) continue
      if (this.#handOver !== null && exchange.rowsOf(from, histogram) !== null) continue
      const at = exchange.sumsAt(from, histogram, engine)
      this.#arena.put(this.#incoming, exchange.sums.subarray(at, at + nBytes))
      this.#kernels.addSums(slot, this.#incoming, nCells)
    }
  }
}
