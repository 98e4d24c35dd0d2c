import type { Cell, ColumnRef } from '@coppice/data'
import { CoppiceError } from '@coppice/model'

/** Which rows belong together, in one of the ways in which it can be said. */
export interface QueryOptions {
  /** The column of query ids, or the row counts of the queries, in row order (LightGBM's group). */
  readonly group?: ColumnRef | ArrayLike<number> | undefined
  /** The column of query ids, or the id of each row's query. */
  readonly queryId?: ColumnRef | ArrayLike<Cell> | undefined
  /** As `group`: row counts of the queries. */
  readonly groupSizes?: ArrayLike<number> | undefined
}

/** What readers know of queries. */
export interface QueryRoles {
  readonly group?: ColumnRef
  readonly groupSizes?: ArrayLike<number>
}

/**
 * The queries as a column of ids or as row counts.
 * @throws CoppiceError 'PARAMETER' where they are said twice, 'DATA' for ids that are missing or
 *   come back after another
 */
export function queryRoles({ group, queryId, groupSizes }: QueryOptions): QueryRoles {
  const given = Object.entries({ group, queryId, groupSizes })
    .filter(([, value]) => value !== undefined)
  if (given.length > 1) {
    throw new CoppiceError('PARAMETER',
      `${given.map(([name]) => name).join(' and ')} all say which rows belong together; give one`)
  }
  const [, written] = given[0] ?? []
  if (written === undefined) return {}
  if (typeof written === 'string' || typeof written === 'number') return { group: written }
  return { groupSizes: queryId === undefined ? written as ArrayLike<number>
    : runLengths(written as ArrayLike<Cell>) }
}

/** Row counts of runs of equal ids. Dates and the like are compared by what they say. */
function runLengths(ids: ArrayLike<Cell>): Uint32Array {
  const lengths: number[] = []
  const firstOf = new Map<unknown, number>()
  let previous: unknown
  for (let row = 0; row < ids.length; row++) {
    const cell = ids[row]
    if (cell === null || cell === undefined || Number.isNaN(cell)) {
      throw new CoppiceError('DATA',
        `queryId of row ${row} is missing; give the id of each row's query`)
    }
    const id: unknown = typeof cell === 'object' ? Number(cell) : cell
    if (row > 0 && id === previous) {
      lengths[lengths.length - 1]!++
      continue
    }
    const first = firstOf.get(id)
    if (first !== undefined) {
      throw new CoppiceError('DATA',
        `query ${String(cell)} begins at row ${first} and comes back at row ${row} after others; ` +
        'sort the rows by query, so that each is in one piece')
    }
    firstOf.set(id, row)
    lengths.push(1)
    previous = id
  }
  return Uint32Array.from(lengths)
}
