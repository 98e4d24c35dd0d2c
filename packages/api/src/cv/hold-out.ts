import { addRow, type BinnedDataset, hasRow, noRows } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import { readRowsToCut, requireInteger, type RowsToCut, rowsToCut } from './fold-options.js'
import { type Fold, holdOut } from './folds.js'
import { shownOption } from './shown-option.js'

/** A part of the training rows that a training is judged by. */
export interface HoldOutOptions {
  /**
   * Share of the training rows, above 0 and below 1, that is not trained on but evaluated as the
   * set "validation". Rows are drawn by `validationSeed`; of classes each gives its share, and
   * queries stay whole. Bins are those of all rows.
   */
  readonly validationFraction?: number | undefined
  /** Default 0. */
  readonly validationSeed?: number | undefined
}

/** @throws CoppiceError 'PARAMETER' */
export function checkHoldOut({ validationFraction, validationSeed }: HoldOutOptions): void {
  requireInteger('validationSeed', validationSeed,
    -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  if (validationFraction === undefined) {
    if (validationSeed === undefined) return
    throw new CoppiceError('PARAMETER',
      `${shownOption('validationSeed')} does nothing without validationFraction; leave it out`)
  }
  if (typeof validationFraction === 'number' && validationFraction > 0 &&
    validationFraction < 1) return
  throw new CoppiceError('PARAMETER', `${shownOption('validationFraction')} must be a number ` +
    `above 0 and below 1, got ${JSON.stringify(validationFraction) ?? typeof validationFraction}`)
}

/** The one fold of a validation split. @throws CoppiceError 'DATA' */
export function holdOutFold(
  { nRows, strata, groupSizes }: RowsToCut, fraction: number, seed: number,
): Fold {
  if (groupSizes === null) return holdOut(nRows, strata, fraction, seed)
  const queries = holdOut(groupSizes.length, null, fraction, seed)
  const fold = { train: noRows(nRows), valid: noRows(nRows) }
  let row = 0
  groupSizes.forEach((size, query) => {
    const bits = hasRow(queries.valid, query) ? fold.valid : fold.train
    for (const end = row + size; row < end; row++) addRow(bits, row)
  })
  return fold
}

/**
 * Cuts a data set in two.
 *
 * @param load - bins all rows; null where others do
 */
export async function splitOff(
  dataset: Dataset, { validationFraction = 0, validationSeed = 0 }: HoldOutOptions,
  isOfClasses: boolean, load: (() => Promise<BinnedDataset>) | null,
): Promise<{ readonly train: Dataset, readonly valid: Dataset }> {
  const rows = load === null ? await readRowsToCut(dataset, isOfClasses)
    : rowsToCut(await load(), isOfClasses)
  const { train, valid } = holdOutFold(rows, validationFraction, validationSeed)
  return { train: dataset.selectBits(train), valid: dataset.selectBits(valid) }
}
