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

/** CoppiceError 'DATA' about a row. Of a text file, `withLine` adds the line. */
export class RowError extends CoppiceError {
  /** Within the unit. */
  readonly row: number
  /** What the message calls the row. */
  readonly where: string

  /** @param message - of what `describeRow` gives */
  constructor(place: UnitPlace, row: number, message: (where: string) => string) {
    const where = describeRow(place, row)
    super('DATA', message(where))
    this.row = row
    this.where = where
  }
}

/**
 * Does work on a unit; an error about one of its rows names the line, too.
 * @param lineOf - the line of a row of the unit; absent where there are no lines
 */
export async function withLine<T>(
  work: () => T, lineOf: ((row: number) => Promise<number>) | undefined,
): Promise<T> {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RowError) || lineOf === undefined) throw error
    const { where, message } = error
    const line = await lineOf(error.row)
    throw new CoppiceError('DATA', message.replace(where, () => `${where} (line ${line})`))
  }
}

/** CoppiceError 'DATA' for a cell. */
export function cellError(
  role: string,
  column: string,
  place: UnitPlace,
  row: number,
  what: string,
): CoppiceError {
  return new RowError(place, row, (where) => `${role} column '${column}' ${what} in ${where}`)
}
