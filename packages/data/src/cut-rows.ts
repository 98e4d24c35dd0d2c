/** Where a data set is cut into partitions. */
import { fractionLimit, Purpose, rowDraw, startHash } from '@coppice/engine'

/** Rows in one piece that must stay together: a query group, or a single row. */
export interface RowRun {
  readonly firstRow: number
  readonly nRows: number
}

/**
 * Whether the rows of a run belong to the training part: a hash of the run's first global row id,
 * so that the split depends on the rows and the seed alone.
 *
 * @param fraction - share of the rows to train on, in (0, 1)
 */
export function trainRule(fraction: number, seed: number): (firstRow: number) => boolean {
  const start = startHash(seed, Purpose.split)
  const limit = fractionLimit(fraction)
  return (firstRow) => rowDraw(start, firstRow) < limit
}

/**
 * Row counts of `nParts` contiguous parts of runs, as equal as whole runs allow: part i ends with
 * the run that reaches (i + 1) / nParts of all rows.
 */
export function cutRuns(runLengths: Iterable<number>, nRows: number, nParts: number): number[] {
  const parts: number[] = []
  let rows = 0
  let partStart = 0
  for (const length of runLengths) {
    rows += length
    if (parts.length < nParts - 1 && rows >= Math.floor(((parts.length + 1) * nRows) / nParts)) {
      parts.push(rows - partStart)
      partStart = rows
    }
  }
  parts.push(rows - partStart)
  while (parts.length < nParts) parts.push(0)
  return parts
}
