import { CoppiceError } from '@coppice/model'
import type { ColumnType } from './reader.js'

/**
 * What a reader is asked for: a type, or 'number' for whatever training takes as numbers, which
 * is booleans, integers, floats, dates and durations; only text is an error.
 */
export type WantedType = ColumnType | 'number'

const numberRank: Readonly<Record<string, number>> = { empty: 0, bool: 1, int: 2, float: 3 }

/**
 * The least type that holds both: empty < bool < int < float, empty < date, empty < duration,
 * anything with string is string. null for dates, durations and numbers, which have no type in
 * common: what a number counts is not known.
 */
export function joinTypes(a: ColumnType, b: ColumnType): ColumnType | null {
  if (a === b || b === 'empty') return a
  if (a === 'empty') return b
  if (a === 'string' || b === 'string') return 'string'
  const [rankA, rankB] = [numberRank[a], numberRank[b]]
  if (rankA === undefined || rankB === undefined) return null
  return rankA >= rankB ? a : b
}

/** Whether values of a type are times in milliseconds, which are no classes or categories. */
export function isTime(type: ColumnType): type is 'date' | 'duration' {
  return type === 'date' || type === 'duration'
}

/** A type that was found, and where: for the messages of `TypeJoin`. */
interface FoundType {
  readonly type: ColumnType
  readonly partition: string
}

/** Joins the types of one column over units and partitions; their order does not matter. */
export class TypeJoin {
  readonly column: string
  #joined: FoundType = { type: 'empty', partition: '' }
  #conflict: CoppiceError | null = null

  constructor(column: string) {
    this.column = column
  }

  add(type: ColumnType, partition: string): void {
    const joined = joinTypes(this.#joined.type, type)
    if (joined === null) {
      this.#conflict ??= typeConflict(this.column, this.#joined, { type, partition })
    } else if (joined !== this.#joined.type) {
      this.#joined = { type: joined, partition }
    }
  }

  /**
   * The joined type. Throws CoppiceError 'DATA' naming both partitions where two of dates,
   * durations and numbers meet and no text makes texts of both.
   */
  get type(): ColumnType {
    if (this.#conflict !== null && this.#joined.type !== 'string') throw this.#conflict
    return this.#joined.type
  }
}

/** The error for a column whose types in two partitions cannot be reconciled. */
export function typeConflict(column: string, a: FoundType, b: FoundType): CoppiceError {
  const where =
    a.partition === b.partition
      ? `both ${a.type} and ${b.type} in ${a.partition}`
      : `${a.type} in ${a.partition} but ${b.type} in ${b.partition}`
  return new CoppiceError(
    'DATA',
    `column '${column}' is ${where}; write it with one type in all partitions, force one with ` +
      `schema: { '${column}': ... }, or ignore the column`,
  )
}
