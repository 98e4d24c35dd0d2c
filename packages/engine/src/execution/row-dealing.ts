import { assert } from '../errors.js'
import type { EngineBlock, EngineRows } from './protocol.js'

/**
 * Rows are dealt to threads in stripes, by position: every thread gets a share of every region
 * of the data, so data sorted by date, whose leaves are regions, leave no thread idle. Small
 * enough to share evenly, large enough to copy by runs.
 */
export const STRIPE_ROWS = 2048

/** Rows of one thread at consecutive positions. */
export interface Stripe {
  /** Position of the first row. */
  readonly position: number
  readonly nRows: number
  /** Local row id of the first row: its place in the thread's arrays. */
  readonly localRow: number
}

/** Rows of one thread at consecutive positions with consecutive row ids. */
export interface RowRun extends Stripe {
  /** Row id of the first row in the whole data set. */
  readonly firstRow: number
}

/** The stripes of thread `thread` of `nThreads`, ascending, at local rows 0, 1, ... */
export function dealRows(nRows: number, thread: number, nThreads: number): Stripe[] {
  const stripes: Stripe[] = []
  let localRow = 0
  const step = STRIPE_ROWS * nThreads
  for (let position = thread * STRIPE_ROWS; position < nRows; position += step) {
    const n = Math.min(STRIPE_ROWS, nRows - position)
    stripes.push({ position, nRows: n, localRow })
    localRow += n
  }
  return stripes
}

/**
 * The thread's rows with their ids: its stripes, cut where row ids jump and joined elsewhere.
 * @param stripes - those of `dealRows`, or of `dealQueries` where queries must be whole
 */
export function dealRuns(
  rows: EngineRows, thread: number, nThreads: number,
  stripes: readonly Stripe[] = dealRows(rows.nRows, thread, nThreads),
): RowRun[] {
  const runs: RowRun[] = []
  visitBlocks(rows, stripes, (block, blockRow, nRows, localRow) => {
    const firstRow = block.firstRow + blockRow
    const position = block.position + blockRow
    const last = runs.at(-1)
    const continues = last !== undefined && last.position + last.nRows === position &&
      last.firstRow + last.nRows === firstRow
    if (continues) runs[runs.length - 1] = { ...last, nRows: last.nRows + nRows }
    else runs.push({ position, firstRow, nRows, localRow })
  })
  return runs
}

/** Rows in the stripes. */
export function countRows(stripes: readonly Stripe[]): number {
  const last = stripes.at(-1)
  return last === undefined ? 0 : last.localRow + last.nRows
}

/**
 * Calls `visit` for each piece of the stripes that lies within one block.
 *
 * @param visit - (the block; first row within it; number of rows; local row of the first)
 */
export function visitBlocks(
  data: EngineRows, stripes: readonly Stripe[],
  visit: (block: EngineBlock, blockRow: number, nRows: number, localRow: number) => void,
): void {
  let blockIdx = 0
  for (const stripe of stripes) {
    let position = stripe.position
    const end = stripe.position + stripe.nRows
    while (position < end) {
      let block = data.blocks[blockIdx]
      while (block !== undefined && position >= block.position + block.nRows) {
        block = data.blocks[++blockIdx]
      }
      assert(block !== undefined && position >= block.position, `row ${position} is in a block`)
      const n = Math.min(end, block.position + block.nRows) - position
      visit(block, position - block.position, n, stripe.localRow + position - stripe.position)
      position += n
    }
  }
}

/**
 * Gathers the stripes of a per-row array into a dense local array: of one column, where there are
 * several, row-major.
 */
export function gatherRows(
  target: Float64Array, source: Float64Array, stripes: readonly Stripe[], nColumns = 1, column = 0,
): void {
  if (nColumns > 1) {
    for (const { position, nRows, localRow } of stripes) {
      for (let i = 0; i < nRows; i++) {
        target[localRow + i] = source[(position + i) * nColumns + column]!
      }
    }
    return
  }
  for (const { position, nRows, localRow } of stripes) {
    target.set(source.subarray(position, position + nRows), localRow)
  }
}
