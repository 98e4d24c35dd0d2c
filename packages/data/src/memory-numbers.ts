/** Columns of numbers out of rows, all at a time. */
import type { Cell } from './cells.js'
import type { NumberChunk } from './reader.js'

/** A row by places or by names. */
type Row = ArrayLike<Cell> | Readonly<Record<string, Cell>>

/** What the cells of a column have been so far. */
const Kind = { empty: 0, ints: 1, floats: 2, others: 3 } as const
const types = ['empty', 'int', 'float'] as const

/**
 * Columns of rows [start, end) whose cells are numbers or missing, each as `cellsToChunk` makes it
 * of them. Row by row, since rows are all over the memory: to look for the cells of one column
 * after the other takes several times as long.
 *
 * @param keys - of the columns: their places or names
 * @returns null for columns with other cells in these rows
 */
export function numberColumns(
  rows: readonly Row[], keys: readonly (number | string)[], start: number, end: number,
): (NumberChunk | null)[] {
  const n = keys.length
  const values = keys.map(() => new Float64Array(end - start))
  const kinds = new Uint8Array(n)
  // those that have had no other cells
  let left = [...keys.keys()]
  for (let row = start; row < end && left.length > 0; row++) {
    const cells = rows[row] as Readonly<Record<number | string, Cell>>
    let hasOthers = false
    for (const k of left) {
      const cell = cells[keys[k]!]
      if (typeof cell === 'number' && cell === cell) {
        values[k]![row - start] = cell + 0
        if (kinds[k]! >= Kind.floats) continue
        kinds[k] = Number.isInteger(cell) ? Kind.ints : Kind.floats
      } else if (cell === null || cell === undefined || cell !== cell) {
        // that of the cell may be another NaN
        values[k]![row - start] = NaN
      } else {
        kinds[k] = Kind.others
        hasOthers = true
      }
    }
    if (hasOthers) left = left.filter((k) => kinds[k] !== Kind.others)
  }
  return values.map((own, k): NumberChunk | null =>
    kinds[k] === Kind.others ? null : { type: types[kinds[k]!]!, values: own })
}
