/** Errors of rows that do not depend on how many of them are read at a time. */
import type { RowSource } from './row-source.js'

/**
 * The same rows. Where some do not fit the model, the error is that of the first of these rows:
 * columns are read one after the other, and would tell of a later row of an earlier column.
 *
 * @param nFeatures - of the model
 */
export function namingFirstRow(source: RowSource, nFeatures: number): RowSource {
  const guarded = <T>(first: number, count: number, read: () => T): T => {
    try {
      return read()
    } catch (error) {
      if (count > 1) readOneByOne(source, first, count, nFeatures)
      // What a getter of the caller's throws, it may throw once.
      throw error
    }
  }
  return {
    ...source,
    fill: (first, count, out) => guarded(first, count, () => source.fill(first, count, out)),
    pack: (first, count, scratch) =>
      guarded(first, count, () => source.pack(first, count, scratch)),
  }
}

/** @throws what the first row throws that throws anything */
function readOneByOne(source: RowSource, first: number, count: number, nFeatures: number): void {
  const row = new Float64Array(nFeatures)
  for (let r = first; r < first + count; r++) source.fill(r, 1, row)
}
