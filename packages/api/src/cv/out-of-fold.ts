import { featureColumns, featureTypes, predictColumns } from '@coppice/data'
import { hasRow, type RowBits } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import { gatherChunk } from '../data/selected-rows.js'
import type { Booster } from '../model/booster.js'
import type { Fold } from './folds.js'

/** @throws CoppiceError 'PARAMETER' where several folds are judged by one row */
export function requireDisjoint(folds: readonly Fold[]): void {
  const seen = new Uint8Array(folds[0]!.valid.length)
  for (const { valid } of folds) {
    const twice = valid.some((byte, at) => (byte & seen[at]!) !== 0)
    if (twice) {
      throw new CoppiceError('PARAMETER', 'outOfFold needs folds that are judged by different ' +
        'rows; leave it out, and predict with the boosters')
    }
    valid.forEach((byte, at) => {
      seen[at]! |= byte
    })
  }
}

/**
 * Predicts every row by the model that was not trained on it, in one pass over the data.
 *
 * @returns rows x outputs of `predictProba` or of values, row-major; NaN for rows of no fold
 */
export async function predictOutOfFold(
  dataset: Dataset, folds: readonly Fold[], boosters: readonly Booster[], nRows: number,
): Promise<Float64Array> {
  const predictors = boosters.map((booster) => booster.predictor())
  const { model } = predictors[0]!
  const names = model.features.map(({ name }) => name)
  const open = await dataset.source.open()
  try {
    let predictions: Float64Array | null = null
    let firstRow = 0
    for await (const batch of open.batches(names, featureTypes(model))) {
      for (const [fold, { valid }] of folds.entries()) {
        const rows = rowsIn(valid, firstRow, batch.nRows)
        if (rows.length === 0) continue
        const columns = batch.columns.map((chunk) => gatherChunk(chunk, rows))
        const values = predictColumns(
          predictors[fold]!, featureColumns(model, { columns }), 'probability')
        const width = values.length / rows.length
        predictions ??= new Float64Array(nRows * width).fill(NaN)
        for (const [i, row] of rows.entries()) {
          predictions.set(values.subarray(i * width, (i + 1) * width), (firstRow + row) * width)
        }
      }
      firstRow += batch.nRows
    }
    return predictions!
  } finally {
    await open.close()
  }
}

function rowsIn(bits: RowBits, firstRow: number, nRows: number): number[] {
  const rows: number[] = []
  for (let row = 0; row < nRows; row++) if (hasRow(bits, firstRow + row)) rows.push(row)
  return rows
}
