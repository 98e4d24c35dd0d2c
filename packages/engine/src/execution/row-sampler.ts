import { assert } from '../errors.js'
import { rowDraw } from '../random.js'
import type { BagRule, QueryBag } from './bag-rules.js'
import { type KeyTally, TALLY_COUNTS, TALLY_DIGITS } from './tally-request.js'
import { firstRowIds, type LocalQueries } from './queries.js'
import type { Arena } from '../kernels/arena.js'
import type { Kernels } from '../kernels/api.js'
import type { RowRun } from './row-dealing.js'

/** Where what rows are drawn by is in memory. */
export interface SampledRows {
  readonly runs: readonly RowRun[]
  readonly nRows: number
  /** Labels, f64 in row order. */
  readonly labels: number
  /** Gradient pairs of the first output. */
  readonly pairs: number
  readonly pairStride: number
  readonly planeBytes: number
  readonly nOutputs: number
  /** Null where rows were dealt without regard to them. */
  readonly queries: LocalQueries | null
}

/** Draws of one thread's rows by their labels or gradients: a mark for each. */
export class RowSampler {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #rows: SampledRows
  #marks = 0
  #keys = 0
  #counts = 0
  #factors = 0
  /** Of the queries' first rows. */
  #firstIds: Float64Array | null = null

  constructor(arena: Arena, kernels: Kernels, rows: SampledRows) {
    this.#arena = arena
    this.#kernels = kernels
    this.#rows = rows
  }

  /**
   * Keys of the gradients there are now: `tally` and `mark` are of them.
   *
   * @param scales - that the gradients of each output were multiplied with, where not the same
   */
  takeKeys(scales?: readonly number[]): void {
    const { nRows, pairs, pairStride, planeBytes, nOutputs } = this.#rows
    if (this.#keys === 0) this.#keys = this.#arena.reserve(nRows * 4)
    this.#kernels.importanceKeys(
      this.#keys, pairs, pairStride, planeBytes, nOutputs, nRows, this.#factorsOf(scales))
  }

  /** Brings outputs to the unit of the largest gradients. @returns 0 where they have one */
  #factorsOf(scales: readonly number[] | undefined): number {
    if (scales === undefined) return 0
    if (this.#factors === 0) this.#factors = this.#arena.reserve(scales.length * 8)
    const least = Math.min(...scales)
    this.#arena.doubles(this.#factors, scales.length).set(scales.map((scale) => least / scale))
    return this.#factors
  }

  /** Counts of this thread's rows, TALLY_COUNTS. */
  tally({ digit, prefix }: KeyTally): Float64Array {
    if (this.#counts === 0) this.#counts = this.#arena.reserve(TALLY_COUNTS * 8)
    const { shift, bits } = TALLY_DIGITS[digit]!
    this.#arena.doubles(this.#counts, TALLY_COUNTS).fill(0)
    this.#kernels.tallyKeys(this.#counts, this.#keys, this.#rows.nRows, shift, bits, prefix)
    return this.#arena.doubles(this.#counts, TALLY_COUNTS).slice()
  }

  /** @returns the offset of a byte per row, in row order: see assembly/row-sample.ts */
  mark(rule: Exclude<BagRule, { kind: 'rows' }>): number {
    const { nRows, runs, labels } = this.#rows
    if (this.#marks === 0) this.#marks = this.#arena.reserve(nRows)
    if (rule.kind === 'queries') {
      this.#markQueries(rule)
      return this.#marks
    }
    for (const { localRow, nRows: n, firstRow } of runs) {
      const marks = this.#marks + localRow
      if (rule.kind === 'goss') {
        this.#kernels.markByKey(
          marks, this.#keys + localRow * 4, n, rule.threshold, rule.hashStart, firstRow, rule.limit)
      } else {
        this.#kernels.markByClass(
          marks, labels + localRow * 8, n, rule.hashStart, firstRow, rule.limitNegative,
          rule.limitPositive)
      }
    }
    return this.#marks
  }

  /** All rows of a query, or none. */
  #markQueries({ hashStart, limit }: QueryBag): void {
    const { queries, runs, nRows } = this.#rows
    assert(queries !== null, 'queries that are drawn are whole')
    const marks = this.#arena.bytes(this.#marks, nRows)
    const { starts } = queries
    this.#firstIds ??= firstRowIds(queries, runs)
    for (const [q, id] of this.#firstIds.entries()) {
      marks.fill(rowDraw(hashStart, id) < limit ? 1 : 0, starts[q]!, starts[q + 1]!)
    }
  }
}
