import type { SelectGroup } from '../execution/protocol.js'
import { TIES } from './buckets.js'

/**
 * The rows that a group with width ROWS asks for, by (residual, id): the last before the range,
 * those in it (where it is one value, the first two), the first two behind it.
 *
 * @param residuals - of the group's rows, in any order
 * @param idOf - the id of row i of them; asked only of the few that it decides about
 * @returns places among the rows; O(rows)
 */
export function listRows(
  residuals: Float64Array, { low, high }: Pick<SelectGroup, 'low' | 'high'>,
  idOf: (i: number) => number,
): number[] {
  const comesFirst = (i: number, j: number): boolean =>
    residuals[i]! < residuals[j]! || (residuals[i] === residuals[j] && idOf(i) < idOf(j))
  const within = new FirstRows(low === high ? TIES : Infinity, comesFirst)
  const above = new FirstRows(2, comesFirst)
  let below = -1
  for (let i = 0; i < residuals.length; i++) {
    const value = residuals[i]!
    if (value < low) {
      if (below < 0 || value > residuals[below]! ||
        (value === residuals[below] && comesFirst(below, i))) below = i
    } else if (value <= high) within.offer(i)
    else above.offer(i)
  }
  return [...(below < 0 ? [] : [below]), ...within.sorted(), ...above.sorted()]
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
