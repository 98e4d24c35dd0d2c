import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import { ROWS_PER_WIDEN, type Kernels } from '../kernels/api.js'
import { recordBytes } from '../training/memory-estimate.js'
import type { BagRule, EngineRows, Expansion } from './protocol.js'
import { visitBlocks, type RowRun } from './row-dealing.js'

/** Rows of a node: a range of records in one of the three buffers. */
interface NodeRange {
  readonly buffer: number
  readonly begin: number
  readonly end: number
}

/**
 * The records of one thread and where each node's are.
 *
 * Three buffers: 0 holds the records in row order, for good; a split copies a node's records to
 * the same range of another buffer, 0 -> 1 -> 2 -> 1 ..., left child first. So a node's own
 * records stay valid until its children are split in turn, and its rows are those of its
 * descendants from then on: an expansion that is never committed costs nothing to take back.
 */
export class RowStore {
  readonly nRows: number
  readonly stride: number
  readonly gradientOffset: number
  readonly rowIdOffset: number
  readonly #kernels: Kernels
  readonly #arena: Arena
  readonly #nFeatures: number
  readonly #runs: readonly RowRun[]
  readonly #buffers: readonly number[]
  readonly #table: number
  /** Local row ids out of the bag, or 0 when there is no bagging. */
  readonly #outside: number
  #nOutside = 0
  readonly #nodes = new Map<number, NodeRange>()
  /** Of the nodes that were split. */
  readonly #children = new Map<number, readonly [number, number]>()

  constructor(
    arena: Arena, kernels: Kernels, data: EngineRows, runs: readonly RowRun[], nRows: number,
    usesBagging: boolean,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#runs = runs
    this.nRows = nRows
    this.#nFeatures = data.nFeatures
    this.gradientOffset = (this.#nFeatures + 3) & ~3
    this.rowIdOffset = this.gradientOffset + 8
    this.stride = recordBytes(this.#nFeatures)
    // gradient kernels work on pairs of rows: one record to spare
    this.#buffers = [0, 1, 2].map(() => arena.reserve((nRows + 1) * this.stride))
    this.#table = arena.reserve(256)
    this.#outside = usesBagging ? arena.reserve((nRows + 1) * 4) : 0
    this.#fill(data)
  }

  #fill(data: EngineRows): void {
    const nFeatures = this.#nFeatures
    const records = this.#arena.bytes(this.#buffers[0]!, this.nRows * this.stride)
    const view = this.#arena.view()
    visitBlocks(data, this.#runs, ({ bins }, blockRow, nRows, localRow) => {
      let src = blockRow * nFeatures
      let dst = localRow * this.stride
      for (let i = 0; i < nRows; i++) {
        for (let f = 0; f < nFeatures; f++) records[dst + f] = bins[src + f]!
        view.setUint32(this.#buffers[0]! + dst + this.rowIdOffset, localRow + i, true)
        src += nFeatures
        dst += this.stride
      }
    })
  }

  /** Offset of the first record's gradient, for kernels that write `stride` bytes apart. */
  get gradients(): number {
    return this.#buffers[0]! + this.gradientOffset
  }

  /**
   * Starts a tree: makes node 0.
   * @param gradients - pairs in row order to put into the records; null if they are there already
   */
  startTree(gradients: number | null, bag: BagRule | null): void {
    const base = this.#buffers[0]!
    if (gradients !== null) {
      this.#kernels.putGradients(base, this.nRows, this.stride, this.gradientOffset, gradients)
    }
    this.#nodes.clear()
    this.#children.clear()
    this.#nOutside = 0
    if (bag === null) {
      this.#nodes.set(0, { buffer: 0, begin: 0, end: this.nRows })
      return
    }
    let kept = 0
    for (const run of this.#runs) {
      const n = this.#kernels.bag(
        this.#buffers[1]! + kept * this.stride, this.#outside + this.#nOutside * 4,
        base + run.localRow * this.stride, run.nRows, this.stride, this.rowIdOffset,
        bag.hashStart, run.firstRow, bag.limit)
      kept += n
      this.#nOutside += run.nRows - n
    }
    this.#nodes.set(0, { buffer: 1, begin: 0, end: kept })
  }

  /** Cuts a node's records in two. */
  split(expansion: Expansion): void {
    const parent = this.#range(expansion.parent)
    const buffer = parent.buffer === 1 ? 2 : 1
    const n = parent.end - parent.begin
    const table = this.#arena.bytes(this.#table, 256)
    for (let b = 0; b < 256; b++) table[b] = (expansion.leftBins[b >> 3]! >> (b & 7)) & 1
    const nLeft = n === 0 ? 0 : this.#kernels.partition(
      this.#buffers[buffer]! + parent.begin * this.stride,
      this.#buffers[parent.buffer]! + parent.begin * this.stride,
      n, this.stride, expansion.feature, this.#table)
    const middle = parent.begin + nLeft
    this.#children.set(expansion.parent, [expansion.left, expansion.right])
    this.#nodes.set(expansion.left, { buffer, begin: parent.begin, end: middle })
    this.#nodes.set(expansion.right, { buffer, begin: middle, end: parent.end })
  }

  /** Calls `pass(record offset, number of records)` over a node, in runs that cells can hold. */
  scanNode(node: number, pass: (rec: number, n: number) => void): void {
    const { buffer, begin, end } = this.#range(node)
    for (let row = begin; row < end; row += ROWS_PER_WIDEN) {
      const n = Math.min(ROWS_PER_WIDEN, end - row)
      pass(this.#buffers[buffer]! + row * this.stride, n)
    }
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
    const rec = this.#buffers[buffer]! + begin * this.stride
    this.#kernels.scatterLeaf(scores, rec, end - begin, this.stride, this.rowIdOffset, value)
  }

  /** Adds a tree's values to the scores of the rows out of the bag, or of all rows. */
  walk(which: 'outside' | 'all', scores: number, nodes: number, values: number): void {
    const isAll = which === 'all'
    const n = isAll ? this.nRows : this.#nOutside
    if (n === 0) return
    this.#kernels.walkTree(
      scores, this.#buffers[0]!, this.stride, isAll ? 0 : this.#outside, n, nodes, values)
  }

  #range(node: number): NodeRange {
    const range = this.#nodes.get(node)
    assert(range !== undefined, `no rows for node ${node}`)
    return range
  }
}
