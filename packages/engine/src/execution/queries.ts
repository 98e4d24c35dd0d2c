import { assert } from '../errors.js'
import type { EngineRows } from './protocol.js'
import { dealRuns, type RowRun, STRIPE_ROWS, type Stripe } from './row-dealing.js'

/** The queries of a thread's rows, whole. */
export interface LocalQueries {
  /** Local row of each query's first row, and behind the last the number of rows. */
  readonly starts: Int32Array
  /** Rows of the largest. */
  readonly longest: number
}

/** A thread's share of some rows, and of their queries where there is to be no cut in one. */
export interface DealtRows {
  readonly runs: readonly RowRun[]
  readonly queries: LocalQueries | null
}

/**
 * Deals rows to threads as `dealRows`, in stripes that end with a query: they are longer by at
 * most that query's rows.
 *
 * @param groupSizes - rows of each query, by position
 */
export function dealQueries(
  groupSizes: Uint32Array, thread: number, nThreads: number,
): { readonly stripes: readonly Stripe[], readonly queries: LocalQueries } {
  const stripes: Stripe[] = []
  const starts: number[] = [0]
  let localRow = 0
  let longest = 0
  let position = 0
  let q = 0
  for (let stripe = 0; q < groupSizes.length; stripe++) {
    const isOwn = stripe % nThreads === thread
    const first = position
    for (let n = 0; q < groupSizes.length && n < STRIPE_ROWS; q++) {
      const size = groupSizes[q]!
      n += size
      position += size
      if (!isOwn) continue
      longest = Math.max(longest, size)
      starts.push(localRow + position - first)
    }
    if (!isOwn) continue
    stripes.push({ position: first, nRows: position - first, localRow })
    localRow += position - first
  }
  return { stripes, queries: { starts: Int32Array.from(starts), longest } }
}

/** @param keepsQueries - no query is cut; else rows are dealt without regard to queries */
export function dealEngineRows(
  rows: EngineRows, engine: number, nEngines: number, keepsQueries: boolean,
): DealtRows {
  if (!keepsQueries) return { runs: dealRuns(rows, engine, nEngines), queries: null }
  const { groupSizes, nRows } = rows
  assert(groupSizes !== null || nRows === 0, 'rows that are ranked have queries')
  const { stripes, queries } = dealQueries(groupSizes ?? new Uint32Array(0), engine, nEngines)
  return { runs: dealRuns(rows, engine, nEngines, stripes), queries }
}

/** Global row id of each query's first row; the others follow it. */
export function firstRowIds({ starts }: LocalQueries, runs: readonly RowRun[]): Float64Array {
  let run = 0
  return Float64Array.from({ length: starts.length - 1 }, (_, q) => {
    while (runs[run]!.localRow + runs[run]!.nRows <= starts[q]!) run++
    const { firstRow, localRow, nRows } = runs[run]!
    assert(starts[q + 1]! <= localRow + nRows, 'the rows of a query follow each other')
    return firstRow + starts[q]! - localRow
  })
}
