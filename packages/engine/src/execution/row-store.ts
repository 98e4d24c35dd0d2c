import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import { ROWS_PER_WIDEN, type Kernels } from '../kernels/api.js'
import { bundleFeatures } from './bundle-features.js'
import { ColumnFiller } from './column-rows.js'
import { planColumns, writeLeftTable, type ColumnPlan } from './columns.js'
import type { BagRule, EngineRows, Expansion, FeatureLayout } from './protocol.js'
import { recordLayout, ROW_ID_OFFSET, type RecordLayout } from './record-layout.js'
import { RecordPlanes } from './record-planes.js'
import type { RowRun } from './row-dealing.js'
import { visitRows } from './visit-rows.js'

/** Rows of a node: a range of one of the three buffers. */
interface NodeRange {
  readonly buffer: number
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

/**
 * The rows of one thread and where each node's are.
 *
 * Three buffers: 0 holds the rows in order, for good; a split copies a node's rows to the same
 * range of another buffer, 0 -> 1 -> 2 -> 1 ..., left child first. So a node's own rows stay
 * valid until its children are split in turn, and its rows are those of its descendants from then
 * on: an expansion that is never committed costs nothing to take back.
 */
export class RowStore {
  readonly nRows: number
  /** What is stored of a row. */
  readonly columns: ColumnPlan
  readonly layout: RecordLayout
  readonly #kernels: Kernels
  readonly #arena: Arena
  readonly #runs: readonly RowRun[]
  readonly #buffers: readonly RecordPlanes[]
  readonly #table: number
  /** One byte a row: 1 if it goes left. 0 where rows are in one piece and it is not needed. */
  readonly #decisions: number
  /** Local row ids out of the bag, or 0 when there is no bagging. */
  readonly #outside: number
  #nOutside = 0
  readonly #nodes = new Map<number, NodeRange>()
  /** Of the nodes that were split. */
  readonly #children = new Map<number, readonly [number, number]>()

  constructor(
    arena: Arena, kernels: Kernels, features: readonly FeatureLayout[], data: EngineRows,
    runs: readonly RowRun[], nRows: number, usesBagging: boolean,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#runs = runs
    this.nRows = nRows
    this.columns = planColumns(features, bundleFeatures(data, runs, features))
    this.layout = recordLayout(this.columns.columns.length)
    this.#buffers = [0, 1, 2].map(() => new RecordPlanes(arena, this.layout, nRows))
    this.#table = arena.reserve(256)
    this.#decisions = this.layout.nTiles > 1 ? arena.reserve(nRows) : 0
    this.#outside = usesBagging ? arena.reserve((nRows + 1) * 4) : 0
    this.#fill(data)
  }

  #fill(data: EngineRows): void {
    const { binStride, sideStride } = this.layout
    const memory = new Uint8Array(this.#arena.memory.buffer)
    const view = this.#arena.view()
    const rows = this.#buffers[0]!
    const filler = new ColumnFiller(this.columns)
    visitRows(data, this.#runs, (bins, nRows, localRow) => {
      const offsetOf = (column: number): number => rows.column(column) + localRow * binStride
      filler.fill({ memory, offsetOf, stride: binStride }, bins)
      let id = rows.sides(localRow) + ROW_ID_OFFSET
      for (let i = 0; i < nRows; i++, id += sideStride) view.setUint32(id, localRow + i, true)
    })
  }

  /** Offset of the first row's gradient, for kernels that write `layout.sideStride` apart. */
  get gradients(): number {
    return this.#buffers[0]!.sides(0)
  }

  /**
   * Starts a tree: makes node 0.
   * @param gradients - pairs in row order to put into the rows; null if they are there already
   */
  startTree(gradients: number | null, bag: BagRule | null): void {
    const { sideStride } = this.layout
    if (gradients !== null) {
      this.#kernels.putGradients(this.gradients, this.nRows, sideStride, gradients)
    }
    this.#nodes.clear()
    this.#children.clear()
    this.#nOutside = 0
    if (bag === null) {
      this.#nodes.set(0, { buffer: 0, begin: 0, end: this.nRows })
      return
    }
    let kept = 0
    for (const run of this.#runs) kept += this.#keep(run, bag, kept)
    this.#nodes.set(0, { buffer: 1, begin: 0, end: kept })
  }

  /** Copies the rows of a run that are in the bag to buffer 1, from row `kept`. */
  #keep(run: RowRun, bag: BagRule, kept: number): number {
    const { nTiles, binStride, sideStride } = this.layout
    const [from, to] = this.#buffers as [RecordPlanes, RecordPlanes]
    const { localRow, nRows, firstRow } = run
    // a side takes the bins before it along where both are one record
    const lead = nTiles === 1 ? from.sides(0) - from.bins(0, 0) : 0
    const n = this.#kernels.bag(
      to.sides(kept) - lead, this.#outside + this.#nOutside * 4, from.sides(localRow) - lead, nRows,
      sideStride, lead + ROW_ID_OFFSET, bag.hashStart, firstRow, bag.limit)
    this.#nOutside += nRows - n
    if (nTiles === 1) return n
    for (let tile = 0; tile < nTiles; tile++) {
      this.#kernels.gatherRows(
        to.bins(tile, kept), from.bins(tile, 0), n, binStride, to.sides(kept) + ROW_ID_OFFSET,
        sideStride)
    }
    return n
  }

  /** Cuts a node's rows in two. */
  split(expansion: Expansion): void {
    const parent = this.#range(expansion.parent)
    const buffer = parent.buffer === 1 ? 2 : 1
    const table = this.#arena.bytes(this.#table, 256)
    writeLeftTable(table, this.columns, expansion.feature, expansion.leftBins)
    const column = this.columns.columnOf[expansion.feature]!
    const nLeft = parent.end === parent.begin ? 0 : this.#partition(
      this.#buffers[buffer]!, this.#buffers[parent.buffer]!, parent, column)
    const middle = parent.begin + nLeft
    this.#children.set(expansion.parent, [expansion.left, expansion.right])
    this.#nodes.set(expansion.left, { buffer, begin: parent.begin, end: middle })
    this.#nodes.set(expansion.right, { buffer, begin: middle, end: parent.end })
  }

  /** @returns the number of rows that go left */
  #partition(
    to: RecordPlanes, from: RecordPlanes, { begin, end }: NodeRange, column: number,
  ): number {
    const { nTiles, binStride, sideStride } = this.layout
    const n = end - begin
    if (nTiles === 1) {
      return this.#kernels.partition(
        to.bins(0, begin), from.bins(0, begin), n, binStride, column, this.#table)
    }
    const nLeft = this.#kernels.decide(
      this.#decisions, from.column(column) + begin * binStride, n, binStride, this.#table)
    for (let tile = 0; tile < nTiles; tile++) {
      this.#kernels.divide(
        to.bins(tile, begin), from.bins(tile, begin), n, binStride, this.#decisions)
    }
    this.#kernels.divide(to.sides(begin), from.sides(begin), n, sideStride, this.#decisions)
    return nLeft
  }

  /**
   * A node's rows in runs that cells can hold; at least one, if need be of no rows. They are valid
   * until its children are split.
   */
  runsOf(node: number): NodeRun[] {
    const { buffer, begin, end } = this.#range(node)
    const planes = this.#buffers[buffer]!
    const nRuns = Math.max(1, Math.ceil((end - begin) / ROWS_PER_WIDEN))
    return Array.from({ length: nRuns }, (_, run) => {
      const row = begin + run * ROWS_PER_WIDEN
      return { planes, row, n: Math.min(ROWS_PER_WIDEN, end - row) }
    })
  }

  /**
   * Adds a leaf's value to its rows' scores. A leaf of the tree may have been split ahead, over
   * several levels: its rows are then where its descendants' are.
   */
  scatter(node: number, scores: number, value: number): void {
    const children = this.#children.get(node)
    if (children !== undefined) {
      for (const child of children) this.scatter(child, scores, value)
      return
    }
    const { buffer, begin, end } = this.#range(node)
    const ids = this.#buffers[buffer]!.sides(begin) + ROW_ID_OFFSET
    this.#kernels.scatterLeaf(scores, ids, end - begin, this.layout.sideStride, value)
  }

  /** Where `walk` finds row 0's value of a column, from the first one's on. */
  walkOffset(column: number): number {
    return this.#buffers[0]!.column(column) - this.#buffers[0]!.column(0)
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
    this.#kernels.walkTree(
      scores, this.#buffers[0]!.column(0), this.layout.binStride, isAll ? 0 : this.#outside, n,
      nodes, values)
  }

  #range(node: number): NodeRange {
    const range = this.#nodes.get(node)
    assert(range !== undefined, `no rows for node ${node}`)
    return range
  }
}
