import { CoppiceError } from '@coppice/model'
import { memoryName } from '../memory-rows.js'
import type { UnitPlace } from './job.js'

/**
 * The number that a user knows a row by: from 1 in files, without the header, and from 0 in
 * memory, as the program indexes it.
 */
export function rowNumber(partition: string, row: number): number {
  return partition === memoryName ? row : row + 1
}

/** 'row 12 of train.csv'. */
export function describeRow(place: UnitPlace, row: number): string {
  return `row ${rowNumber(place.partition, place.partitionRow + row)} of ${place.partition}`
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
