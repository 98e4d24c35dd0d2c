import { CoppiceError } from '@coppice/model'
import type { UnitPlace } from './job.js'

/** 'row 12 of train.csv': rows of a partition are counted from 1, without the header. */
export function describeRow(place: UnitPlace, row: number): string {
  return `row ${place.partitionRow + row + 1} of ${place.partition}`
}

/** CoppiceError 'DATA' for a cell. */
export function cellError(
  role: string,
  column: string,
  place: UnitPlace,
  row: number,
  what: string,
): CoppiceError {
  return new CoppiceError(
    'DATA',
    `${role} column '${column}' ${what} in ${describeRow(place, row)}`,
  )
}
