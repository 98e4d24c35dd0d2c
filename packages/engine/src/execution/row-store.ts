import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import { isWide } from '../row-bytes.js'
import { REARRANGE_BYTES, ROWS_PER_WIDEN, type Kernels } from '../kernels/api.js'
import { bundleFeatures } from './bundle-features.js'
import { ColumnFiller, type ColumnTarget } from './column-rows.js'
import { planColumns, type ColumnPlan } from './columns.js'
import type { BagRule, RowBag } from './bag-rules.js'
import { LeftTableWriter } from './left-table.js'
import { PackedFill } from './packed-fill.js'
import { PlainRows } from './plain-rows.js'
import type { EngineRows, Expansion, FeatureLayout } from './protocol.js'
import { recordLayout, ROW_ID_OFFSET, type RecordLayout } from './record-layout.js'
import { RecordPlanes } from './record-planes.js'
import type { RowRun } from './row-dealing.js'
import { visitRows } from './visit-rows.js'

/** What rows are drawn by that is not their ids alone. */
type MarkRule = Exclude<BagRule, RowBag>

/** Rows of a node: a range of one of the two buffers. */
interface NodeRange {
  readonly buffer: 0 | 1
  readonly begin: number
  readonly end: number
}

/** Rows of a node that follow each other. */
export interface NodeRun {
  readonly planes: RecordPlanes
  readonly row: number
  /** At most 65,535. */
  readonly n: number
}

/** A tree that is grown: where its nodes' rows are. */
interface Lane {
  /** Buffer 1. */
  readonly planes: RecordPlanes
  readonly nodes: Map<number, NodeRange>
  /** In row order, see `startTree`. */
  gradients: number | null
}

/**
 * The rows of one thread and where each node's are.
 *
 * Two buffers: 0 holds the rows in order, for good. The root's are copied to the other one, left
 * child first, or, with bagging, the rows in the bag; all other nodes are split in place. So a
 * node's rows are one range, whether it was split or not, in an order that changes: an expansion
 * that is never committed costs nothing to take back, and one that is done again changes nothing.
 *
 * Trees that grow at the same time have a buffer 1 each, in *lanes*. They have the rows out of the
 * bag in common, and take turns with the gradients in buffer 0.
 */
export class RowStore {
  readonly nRows: number
  /** What is stored of a row. */
  readonly columns: ColumnPlan
  readonly layout: RecordLayout
  readonly #kernels: Kernels
  readonly #arena: Arena
  readonly #runs: readonly RowRun[]
  /** Buffer 0. */
  readonly #ordered: RecordPlanes
  /** None where no tree is grown. */
  readonly #lanes: readonly Lane[]
  /** Of the tree that is spoken of. */
  #lane: Lane
  /** Whose gradients are in buffer 0; null: nobody's in particular. */
  #gradientsOf: Lane | null = null
  readonly #leftTables: LeftTableWriter
  readonly #table: number
  /** What `rearrange` works in; or, where rows are in several planes or bins wide, decisions. */
  readonly #work: number
  /** With decisions, the rows to exchange. */
  readonly #rights: number
  readonly #lefts: number
  /** Local row ids out of the bag, or 0 when there is no bagging. */
  readonly #outside: number
  #nOutside = 0

  /**
   * @param nLanes - trees that grow at a time; 0: rows are only walked over, which takes half the
   *   memory
   */
  constructor(
    arena: Arena, kernels: Kernels, features: readonly FeatureLayout[], data: EngineRows,
    runs: readonly RowRun[], nRows: number, usesBagging: boolean, nLanes = 1,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#runs = runs
    this.nRows = nRows
    this.columns = planColumns(features, bundleFeatures(data, runs, features))
    this.layout = recordLayout(this.columns.columns.map(({ nValues }) => nValues))
    this.#ordered = new RecordPlanes(arena, this.layout, nRows)
    this.#lanes = Array.from({ length: nLanes }, () => newLane(
      new RecordPlanes(arena, this.layout, nRows)))
    this.#lane = this.#lanes[0] ?? newLane(this.#ordered)
    this.#leftTables = new LeftTableWriter(arena, kernels, this.columns)
    this.#table = arena.reserve(this.#leftTables.tableBytes)
    const decides = this.layout.nTiles > 1 || this.layout.hasWide
    this.#work = arena.reserve(Math.max(REARRANGE_BYTES, decides ? nRows : 0))
    // at most half of the rows are on the wrong side
    const listBytes = decides ? ((nRows >> 1) + 1) * 4 : 0
    this.#rights = arena.reserve(listBytes)
    this.#lefts = arena.reserve(listBytes)
    this.#outside = usesBagging ? arena.reserve((nRows + 1) * 4) : 0
    this.#fill(data)
  }

  #fill(data: EngineRows): void {
    const { binStride, sideStride } = this.layout
    const plain = PlainRows.areOf(this.columns)
      ? new PlainRows(this.#arena, this.#kernels, this.layout, data.rowBytes) : null
    const packed = PackedFill.ofRows(
      this.#arena, this.#kernels, this.columns, this.layout, this.#ordered, data)
    const memory = new Uint8Array(this.#arena.memory.buffer)
    const view = this.#arena.view()
    const rows = this.#ordered
    const filler = new ColumnFiller(this.columns)
    const fill = (bins: Uint8Array, nRows: number, localRow: number): void => {
      if (plain === null) filler.fill(targetAt(localRow), bins)
      else plain.copy(rows, bins, nRows, localRow)
    }
    const targetAt = (localRow: number): ColumnTarget => ({
      memory, offsetOf: (column) => rows.column(column) + localRow * binStride, stride: binStride,
    })
    visitRows(data, this.#runs, fill,
      (packing, bins, first, nRows, localRow) =>
        packed!.fill(packing, bins, first, nRows, localRow))
    let id = rows.sides(0) + ROW_ID_OFFSET
    for (let row = 0; row < this.nRows; row++, id += sideStride) view.setUint32(id, row, true)
  }

  /** Offset of the first row's gradient, for kernels that write `layout.sideStride` apart. */
  get gradients(): number {
    return this.#ordered.sides(0)
  }

  /** The lane that was entered last. */
  get lane(): number {
    return Math.max(0, this.#lanes.indexOf(this.#lane))
  }

  /** From now on it is spoken of the tree in this lane; at first of that in lane 0. */
  enter(lane: number): void {
    const entered = this.#lanes[lane]
    assert(entered !== undefined, `lane ${lane} is one of ${this.#lanes.length}`)
    this.#lane = entered
  }

  /**
   * Starts a tree: makes node 0.
   *
   * @param gradients - pairs in row order to put into the rows; null if they are there already
   * @param mark - gives the marks of rows that are not drawn by their ids alone
   */
  startTree(
    gradients: number | null, bag: BagRule | null, mark: (rule: MarkRule) => number,
  ): void {
    const { nodes } = this.#lane
    this.#lane.gradients = gradients
    this.#gradientsOf = null
    this.#putGradients()
    nodes.clear()
    this.#nOutside = 0
    if (bag === null) {
      nodes.set(0, { buffer: 0, begin: 0, end: this.nRows })
      return
    }
    let kept = 0
    if (bag.kind === 'rows') for (const run of this.#runs) kept += this.#keep(run, bag, kept)
    else kept = this.#keepMarked(bag, mark(bag))
    nodes.set(0, { buffer: 1, begin: 0, end: kept })
  }

  /** What follows reads gradients from buffer 0: those of another lane may be there. */
  #putGradients(): void {
    const { gradients } = this.#lane
    if (gradients === null || this.#gradientsOf === this.#lane) return
    this.#kernels.putGradients(this.gradients, this.nRows, this.layout.sideStride, gradients)
    this.#gradientsOf = this.#lane
  }

  /** @param buffer - of the lane */
  #planes(buffer: 0 | 1): RecordPlanes {
    return buffer === 0 ? this.#ordered : this.#lane.planes
  }

  /** Copies the rows with a mark to buffer 1. Returns their number. */
  #keepMarked(bag: MarkRule, marks: number): number {
    const { sideStride, sideOffset: lead } = this.layout
    const [from, to] = [this.#ordered, this.#lane.planes]
    const n = this.#kernels.keepMarked(
      to.sides(0) - lead, this.#outside, from.sides(0) - lead, this.nRows, sideStride,
      lead + ROW_ID_OFFSET, marks)
    this.#nOutside = this.nRows - n
    this.#gatherTiles(0, n)
    if (bag.kind === 'goss') {
      this.#kernels.weighMarked(to.sides(0), n, sideStride, ROW_ID_OFFSET, marks, bag.factor)
    }
    return n
  }

  /** Copies the rows of a run that are in the bag to buffer 1, from row `kept`. */
  #keep(run: RowRun, bag: RowBag, kept: number): number {
    // a side takes the bins before it along where both are one record
    const { sideStride, sideOffset: lead } = this.layout
    const [from, to] = [this.#ordered, this.#lane.planes]
    const { localRow, nRows, firstRow } = run
    const n = this.#kernels.bag(
      to.sides(kept) - lead, this.#outside + this.#nOutside * 4, from.sides(localRow) - lead, nRows,
      sideStride, lead + ROW_ID_OFFSET, bag.hashStart, firstRow, bag.limit)
    this.#nOutside += nRows - n
    this.#gatherTiles(kept, n)
    return n
  }

  /** Where rows are in several planes: the bins of n rows of buffer 1 whose sides are there. */
  #gatherTiles(first: number, n: number): void {
    const { nTiles, binStride, sideStride, sideOffset } = this.layout
    if (sideOffset > 0) return
    const [from, to] = [this.#ordered, this.#lane.planes]
    for (let tile = 0; tile < nTiles; tile++) {
      this.#kernels.gatherRows(
        to.bins(tile, first), from.bins(tile, 0), n, binStride, to.sides(first) + ROW_ID_OFFSET,
        sideStride)
    }
  }

  /** Cuts a node's rows in two. */
  split({ parent, left, right, feature, leftBins }: Expansion): void {
    const { buffer, begin, end } = this.#range(parent)
    this.#leftTables.write(this.#table, feature, leftBins)
    const column = this.columns.columnOf[feature]!
    const nLeft = begin === end ? 0
      : buffer === 0 ? this.#copy(begin, end, column)
        : this.#rearrange(begin, end, column)
    const middle = begin + nLeft
    this.#lane.nodes.set(left, { buffer: 1, begin, end: middle })
    this.#lane.nodes.set(right, { buffer: 1, begin: middle, end })
  }

  /** Whether the kernels for rows of one tile can read a column. */
  #isSimple(column: number): boolean {
    return this.layout.nTiles === 1 && !isWide(this.columns.columns[column]!.nValues)
  }

  /** From buffer 0 to buffer 1. Returns the number of rows that go left. */
  #copy(begin: number, end: number, column: number): number {
    const { nTiles, binStride, sideStride, sideOffset, byteOf } = this.layout
    const [from, to] = [this.#ordered, this.#lane.planes]
    this.#putGradients()
    const n = end - begin
    if (this.#isSimple(column)) {
      if (sideOffset === 0) {
        return this.#kernels.partitionNarrow(
          to.bins(0, begin), to.sides(begin), from.bins(0, begin), from.sides(begin), n, binStride,
          byteOf[column]!, this.#table)
      }
      return this.#kernels.partition(
        to.bins(0, begin), from.bins(0, begin), n, binStride, byteOf[column]!, this.#table)
    }
    const nLeft = this.#decide(from, begin, n, column)
    for (let tile = 0; tile < nTiles; tile++) {
      this.#kernels.divide(
        to.bins(tile, begin), from.bins(tile, begin), n, binStride, this.#work)
    }
    if (nTiles > 1) {
      this.#kernels.divide(to.sides(begin), from.sides(begin), n, sideStride, this.#work)
    }
    return nLeft
  }

  /** In place in buffer 1. Returns the number of rows that go left. */
  #rearrange(begin: number, end: number, column: number): number {
    const { nTiles, binStride, sideStride, sideOffset, byteOf } = this.layout
    const rows = this.#lane.planes
    const n = end - begin
    if (this.#isSimple(column)) {
      if (sideOffset === 0) {
        return this.#kernels.rearrangeNarrow(
          rows.bins(0, begin), rows.sides(begin), n, binStride, byteOf[column]!, this.#table,
          this.#work)
      }
      return this.#kernels.rearrange(
        rows.bins(0, begin), n, binStride, byteOf[column]!, this.#table, this.#work)
    }
    const nLeft = this.#decide(rows, begin, n, column)
    const [rights, lefts] = [this.#rights, this.#lefts]
    const nPairs = this.#kernels.misplaced(this.#work, n, nLeft, rights, lefts)
    for (let tile = 0; tile < nTiles; tile++) {
      this.#kernels.exchangeRows(rows.bins(tile, begin), binStride, rights, lefts, nPairs)
    }
    if (nTiles > 1) {
      this.#kernels.exchangeRows(rows.sides(begin), sideStride, rights, lefts, nPairs)
    }
    return nLeft
  }

  #decide(rows: RecordPlanes, begin: number, n: number, column: number): number {
    const { binStride } = this.layout
    const decide = isWide(this.columns.columns[column]!.nValues)
      ? this.#kernels.decideWide : this.#kernels.decide
    return decide(this.#work, rows.column(column) + begin * binStride, n, binStride, this.#table)
  }

  /** A node's rows in runs that cells can hold; at least one, if need be of no rows. */
  runsOf(node: number): NodeRun[] {
    const { buffer, begin, end } = this.#range(node)
    const planes = this.#planes(buffer)
    if (buffer === 0) this.#putGradients()
    const nRuns = Math.max(1, Math.ceil((end - begin) / ROWS_PER_WIDEN))
    const runs: NodeRun[] = []
    for (let row = begin; runs.length < nRuns; row += ROWS_PER_WIDEN) {
      runs.push({ planes, row, n: Math.min(ROWS_PER_WIDEN, end - row) })
    }
    return runs
  }

  /** Whether the lane's tree has this node. */
  hasNode(node: number): boolean {
    return this.#lane.nodes.has(node)
  }

  /** Adds a leaf's value to its rows' scores. */
  scatter(node: number, scores: number, value: number): void {
    const { buffer, begin, end } = this.#range(node)
    const ids = this.#planes(buffer).sides(begin) + ROW_ID_OFFSET
    this.#kernels.scatterLeaf(scores, ids, end - begin, this.layout.sideStride, value)
  }

  /** Where `walk` finds row 0's value of a column, from the first one's on. */
  walkOffset(column: number): number {
    return this.#ordered.column(column) - this.#ordered.column(0)
  }

  /**
   * Adds a tree's values to the scores of the rows out of the bag, or of all rows.
   *
   * @param nodes - a walk table's over this store's columns
   */
  walk(which: 'outside' | 'all', scores: number, nodes: number, values: number): void {
    const isAll = which === 'all'
    const n = isAll ? this.nRows : this.#nOutside
    if (n === 0) return
    const walk = this.layout.hasWide ? this.#kernels.walkTreeWide : this.#kernels.walkTree
    walk(
      scores, this.#ordered.column(0), this.layout.binStride, isAll ? 0 : this.#outside, n,
      nodes, values)
  }

  /** Where a node's rows are; of node -1, all rows, in order. */
  rangeOf(node: number): { readonly begin: number, readonly n: number, readonly sides: number } {
    const { buffer, begin, end } = node === -1
      ? { buffer: 0 as const, begin: 0, end: this.nRows } : this.#range(node)
    return { begin, n: end - begin, sides: this.#planes(buffer).sides(begin) }
  }

  /** A local row's id in the whole data set. */
  globalId(row: number): number {
    const runs = this.#runs
    let first = 0
    for (let end = runs.length; end - first > 1;) {
      const middle = (first + end) >> 1
      if (runs[middle]!.localRow <= row) first = middle
      else end = middle
    }
    return runs[first]!.firstRow + row - runs[first]!.localRow
  }

  #range(node: number): NodeRange {
    const range = this.#lane.nodes.get(node)
    assert(range !== undefined, `no rows for node ${node}`)
    return range
  }
}

function newLane(planes: RecordPlanes): Lane {
  return { planes, nodes: new Map(), gradients: null }
}
