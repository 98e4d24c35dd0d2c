import type { Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import { isWide } from '../row-bytes.js'
import type { ColumnPlan } from './columns.js'
import { LeftTableWriter } from './left-table.js'
import type { BinnedTree } from './protocol.js'

const NODE_BYTES = 16

/** Rows that trees walk over: what is stored of them, and where. */
export interface WalkedRows {
  readonly columns: ColumnPlan
  /** Where row 0's byte of a column is, from the first column's on. */
  walkOffset(column: number): number
}

/** A tree in a thread's memory, in the form that the walk kernel reads, for some rows. */
export class WalkTable {
  readonly nodes: number
  readonly values: number
  readonly #arena: Arena
  readonly #rows: WalkedRows
  readonly #leftTables: LeftTableWriter
  readonly #tables: number

  constructor(arena: Arena, kernels: Kernels, maxLeaves: number, rows: WalkedRows) {
    this.#arena = arena
    this.#rows = rows
    this.nodes = arena.reserve(Math.max(1, maxLeaves - 1) * NODE_BYTES)
    this.values = arena.reserve(maxLeaves * 8)
    this.#leftTables = new LeftTableWriter(arena, kernels, rows.columns)
    this.#tables = arena.reserve(Math.max(1, maxLeaves - 1) * this.#leftTables.tableBytes)
  }

  /** @param tree - with a split at least */
  write(tree: BinnedTree): void {
    const { columns } = this.#rows
    const n = tree.feature.length
    const words = this.#arena.words(this.nodes, n * 4)
    for (let i = 0; i < n; i++) {
      const table = this.#tables + i * this.#leftTables.tableBytes
      const feature = tree.feature[i]!
      const column = columns.columnOf[feature]!
      words[i * 4] = this.#rows.walkOffset(column)
      // even; odd tells the wide kernel of two bytes
      words[i * 4 + 1] = table + Number(isWide(columns.columns[column]!.nValues))
      words[i * 4 + 2] = tree.leftChild[i]!
      words[i * 4 + 3] = tree.rightChild[i]!
      this.#leftTables.write(table, feature, tree.leftBins[i]!)
    }
    this.#arena.doubles(this.values, tree.leafValue.length).set(tree.leafValue)
  }
}
