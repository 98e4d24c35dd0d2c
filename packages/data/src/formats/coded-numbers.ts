/** Numbers that are coded: each distinct one once. */
import type { CodedNumbers } from '../reader.js'

/** The numbers of n codes; -1 becomes NaN. */
export function decodeCodes(
  codes: Int32Array,
  numbers: Float64Array,
  out: Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const code = codes[i]!
    out[i] = code < 0 ? NaN : numbers[code]!
  }
}

/** What occurs in a column of coded numbers. */
export interface OccurringNumbers {
  /**
   * Those in some row, in order of first appearance; NaN in place of missing ones. Some may
   * stand here twice.
   */
  readonly values: Float64Array
  /** The first row that has each of them, ascending. */
  readonly firstRows: Int32Array
  /** Index into `values` by code + 1; -1 for codes that no row has. */
  readonly indexOf: Int32Array
}

/** The numbers that some row has. O(rows + dictionary). */
export function occurringNumbers({ codes, numbers }: CodedNumbers): OccurringNumbers {
  const indexOf = new Int32Array(numbers.length + 1).fill(-1)
  const values: number[] = []
  const firstRows: number[] = []
  for (let row = 0; row < codes.length; row++) {
    const slot = codes[row]! + 1
    if (indexOf[slot]! >= 0) continue
    indexOf[slot] = values.length
    values.push(slot === 0 ? NaN : numbers[slot - 1]!)
    firstRows.push(row)
  }
  return { values: Float64Array.from(values), firstRows: Int32Array.from(firstRows), indexOf }
}
