/** How the rows of files become batches. */
import {
  type ColumnType, type PackedSize, packedWidth, type PredictedRows, type PredictionType,
  type Unit,
} from '@coppice/data'
import { CoppiceError } from '@coppice/model'

/** Rows that are predicted in one go: those of a unit, or a part of them. */
export interface PredictionBatch {
  readonly partitionIdx: number
  readonly unit: Unit
  /** Within the unit, the end excluded. */
  readonly start: number
  readonly end: number
}

/** A result is meant to take no more than this; text that is kept may make it larger. */
export const BATCH_BYTES = 8 << 20

/** A kept column, per row: a number, or a code and what is guessed of the texts. */
const keptBytes = 16

/** Rows of a batch at most. */
export function batchRowsMax(
  predictor: PackedSize, type: PredictionType, nKept: number,
): number {
  const { nNumbers, numberBytes } = packedWidth(predictor, type)
  const rowBytes = Math.max(1, nNumbers * numberBytes + nKept * keptBytes)
  return Math.max(1, Math.floor(BATCH_BYTES / rowBytes))
}

/** All rows of units, in order. */
export function cutBatches(
  units: readonly Pick<PredictionBatch, 'partitionIdx' | 'unit'>[], rowsMax: number,
): PredictionBatch[] {
  return units.flatMap(({ partitionIdx, unit }) =>
    Array.from({ length: Math.ceil(unit.nRows / rowsMax) }, (_, part): PredictionBatch => ({
      partitionIdx, unit, start: part * rowsMax,
      end: Math.min(unit.nRows, (part + 1) * rowsMax),
    })))
}

/**
 * Refuses a result that is not of the form that was asked for.
 *
 * @param keptTypes - the types of the kept columns
 * @throws CoppiceError 'INTERNAL'
 */
export function requirePredicted(
  { nRows, kept, predictions }: PredictedRows, { start, end }: PredictionBatch,
  nNumbers: number, keptTypes: readonly ColumnType[],
): void {
  const fits = nRows === end - start && predictions.length === nRows * nNumbers &&
    kept.length === keptTypes.length && kept.every((chunk, i) => chunk.type === 'string'
      ? keptTypes[i] === 'string' && chunk.codes.length === nRows
      : keptTypes[i] !== 'string' && chunk.values.length === nRows)
  if (fits) return
  throw new CoppiceError('INTERNAL',
    'internal error: a worker answered a "predict" task with other rows than it was asked for')
}
