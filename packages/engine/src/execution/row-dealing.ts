import type { EngineRows } from './protocol.js'
/**
 * Rows are dealt to threads in stripes, by global row id: every thread gets a share of every
 * region of the data, so data sorted by date, whose leaves are regions, leave no thread idle.
 * Small enough to share evenly, large enough to copy by runs.
 */
export const STRIPE_ROWS = 2048

/** Consecutive rows of one thread. */
export interface RowRun {
  /** Global row id of the first row. */
  readonly firstRow: number
  readonly nRows: number
  /** Local row id of the first row: its place in the thread's arrays. */
  readonly localRow: number
}

/** The stripes of thread `thread` of `nThreads`, ascending, at local rows 0, 1, ... */
export function dealRows(nRows: number, thread: number, nThreads: number): RowRun[] {
  const runs: RowRun[] = []
  let localRow = 0
  const step = STRIPE_ROWS * nThreads
  for (let firstRow = thread * STRIPE_ROWS; firstRow < nRows; firstRow += step) {
    const n = Math.min(STRIPE_ROWS, nRows - firstRow)
    runs.push({ firstRow, nRows: n, localRow })
    localRow += n
  }
  return runs
}

/** Rows in the runs. */
export function countRows(runs: readonly RowRun[]): number {
  const last = runs.at(-1)
  return last === undefined ? 0 : last.localRow + last.nRows
}

/**
 * Calls `visit` for each piece of the runs that lies within one block.
 *
 * @param visit - (the block's bins, nFeatures per row; first row within the block; number of
 *   rows; local row of the first)
 */
export function visitBins(
  data: EngineRows, runs: readonly RowRun[],
  visit: (bins: Uint8Array, blockRow: number, nRows: number, localRow: number) => void,
): void {
  let blockIdx = 0
  for (const run of runs) {
    let row = run.firstRow
    const end = run.firstRow + run.nRows
    while (row < end) {
      let block = data.blocks[blockIdx]!
      while (row >= block.firstRow + block.nRows) block = data.blocks[++blockIdx]!
      const n = Math.min(end, block.firstRow + block.nRows) - row
      visit(block.bins, row - block.firstRow, n, run.localRow + row - run.firstRow)
      row += n
    }
  }
}

/** Gathers the runs of a per-row array (width values a row) into a dense local array. */
export function gatherRows(
  target: Float64Array, source: Float64Array, runs: readonly RowRun[],
): void {
  for (const run of runs) {
    target.set(source.subarray(run.firstRow, run.firstRow + run.nRows), run.localRow)
  }
}
