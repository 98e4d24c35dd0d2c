import type { SelectGroup } from '../execution/protocol.js'
import { TIES } from './buckets.js'

/**
 * Keeps of the rows that it is offered those that a group with width ROWS asks for, by
 * (residual, id): the last before the range, those in it (where it is one value, the first two),
 * the first two behind it. Ids are asked for where residuals are equal, and nowhere else.
 */
export class RowLister {
  readonly #residuals: Float64Array
  readonly #low: number
  readonly #high: number
  readonly #comesFirst: (i: number, j: number) => boolean
  readonly #within: FirstRows
  readonly #above: FirstRows
  #below = -1

  /**
   * @param residuals - by row
   * @param idOf - the id of a row
   */
  constructor(
    residuals: Float64Array, { low, high }: Pick<SelectGroup, 'low' | 'high'>,
    idOf: (row: number) => number,
  ) {
    this.#residuals = residuals
    this.#low = low
    this.#high = high
    this.#comesFirst = (i, j) =>
      residuals[i]! < residuals[j]! || (residuals[i] === residuals[j] && idOf(i) < idOf(j))
    this.#within = new FirstRows(low === high ? TIES : Infinity, this.#comesFirst)
    this.#above = new FirstRows(2, this.#comesFirst)
  }

  offer(row: number): void {
    const value = this.#residuals[row]!
    if (value > this.#high) this.#above.offer(row)
    else if (value >= this.#low) this.#within.offer(row)
    else if (this.#below < 0 || this.#comesFirst(this.#below, row)) this.#below = row
  }

  /** The rows, in order. */
  sorted(): number[] {
    return [
      ...(this.#below < 0 ? [] : [this.#below]), ...this.#within.sorted(), ...this.#above.sorted(),
    ]
  }
}

/** The first few of the rows that are offered. */
class FirstRows {
  readonly #most: number
  readonly #comesFirst: (i: number, j: number) => boolean
  #rows: number[] = []

  constructor(most: number, comesFirst: (i: number, j: number) => boolean) {
    this.#most = most
    this.#comesFirst = comesFirst
  }

  offer(row: number): void {
    const rows = this.#rows
    if (rows.length >= this.#most) {
      // rows are in order then
      if (!this.#comesFirst(row, rows[rows.length - 1]!)) return
      rows.pop()
    }
    rows.push(row)
    if (this.#most < Infinity) this.#rows = this.sorted()
  }

  sorted(): number[] {
    return [...this.#rows].sort((i, j) => this.#comesFirst(i, j) ? -1 : 1)
  }
}
