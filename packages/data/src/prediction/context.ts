/** What tasks that read some columns of all files share, and what their results take. */
import type { JobContext } from '../loading/job.js'
import type { PlannedColumns } from '../planned-columns.js'
import type { PartitionPlan, TextOptions } from '../reader.js'
import type { PredictedRows } from './plan.js'

/** A partition that is planned. */
export interface PlannedFile {
  readonly name: string
  readonly byteLength: number
  readonly plan: PartitionPlan
}

/** The context of tasks that read some columns of all files. */
export function readingContext(
  files: readonly PlannedFile[], columns: PlannedColumns, wanted: readonly string[],
  textOptions: TextOptions,
): JobContext {
  let nRows = 0
  return {
    textOptions,
    columns: wanted.map((name) => ({
      name, role: 'feature', isCategorical: false, forced: null, isNumeric: false,
      isDeclaredText: false,
    })),
    partitions: files.map(({ name, byteLength, plan }, i) => {
      const firstRow = nRows
      nRows += plan.nRows
      return { name, firstRow, byteLength, plan, columnIdx: columns.placesIn(i, wanted) }
    }),
    scan: null,
    prediction: null,
  }
}

/** What a result takes in memory, about. */
export function predictedBytes({ kept, predictions }: PredictedRows): number {
  return kept.reduce((sum, chunk) => sum + (chunk.type === 'string'
    ? chunk.codes.byteLength +
      chunk.dictionary.reduce((length, text) => length + 2 * text.length + 16, 0)
    : chunk.values.byteLength), predictions.byteLength)
}
