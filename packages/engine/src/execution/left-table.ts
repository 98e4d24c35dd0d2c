import { bitBytes, type BinSet } from '../bin-set.js'
import type { Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import { BYTE_BINS, isWide } from '../row-bytes.js'
import { type ColumnPlan, leftTableBytes, writeLeft } from './columns.js'

/**
 * Writes tables of what goes left into a thread's memory: those of `writeLeft`. Each split of each
 * thread needs one, and in JavaScript its 256 bytes were what took longest of all there was to do
 * for a small leaf before V8 had compiled it; so a kernel writes all but those of bundled features
 * and wide ones.
 */
export class LeftTableWriter {
  /** Of a table of any feature. */
  readonly tableBytes: number
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #plan: ColumnPlan
  readonly #set: number

  constructor(arena: Arena, kernels: Kernels, plan: ColumnPlan) {
    this.#arena = arena
    this.#kernels = kernels
    this.#plan = plan
    this.tableBytes = leftTableBytes(plan)
    this.#set = arena.reserve(bitBytes(BYTE_BINS))
  }

  /** @param table - offset of `tableBytes`, all written */
  write(table: number, feature: number, leftBins: BinSet): void {
    const { columns, columnOf, memberOf } = this.#plan
    if (memberOf[feature] === null && !isWide(columns[columnOf[feature]!]!.nValues)) {
      this.#arena.put(this.#set, leftBins)
      this.#kernels.spreadBits(table, this.#set)
    } else {
      writeLeft(this.#arena.bytes(table, this.tableBytes), this.#plan, feature, leftBins)
    }
  }
}
