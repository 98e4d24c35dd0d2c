/** The entries of the rows of a LibSVM unit. */
import { CoppiceError } from '@coppice/model'
import {
  isMissing, type MissingMarkers, showBytes, textError,
} from './csv-bytes.js'
import { Kind, parseNumber } from './csv-number.js'
import { findLineEnd, skipLineEnd, Token, TokenCursor } from './libsvm-tokens.js'
import type { Entries } from './sparse-columns.js'

/** What is to be read of a unit. */
export interface WantedEntries {
  readonly name: string
  readonly bytes: Uint8Array
  readonly firstLine: number
  readonly nRows: number
  readonly nFeatures: number
  readonly missing: MissingMarkers
  readonly nWanted: number
  /** Index - FIRST_INDEX of a token to a wanted column, or -1. */
  readonly slots: Int32Array
}

/** The smallest `TokenCursor.index`. */
export const FIRST_INDEX = Token.qid

/** Entries of the wanted columns, labels and query ids among them. */
export interface FoundEntries extends Entries {
  /** Per wanted column: 1 where some value is not an integer. */
  readonly isFloat: Uint8Array
}

/**
 * Parses all rows.
 *
 * @throws CoppiceError 'DATA' with file and line for values that are no numbers and indices that
 *   stand twice in a row; 'IO' where the rows are not those that were planned
 */
export function parseEntries(wanted: WantedEntries): FoundEntries {
  const parser = new EntryParser(wanted)
  parser.parse()
  return parser.found()
}

class EntryParser {
  readonly #wanted: WantedEntries
  readonly #isFloat: Uint8Array
  /** nFeatures: 1 + the row in which the index was seen last. */
  readonly #seenIn: Int32Array
  #columns: Int32Array
  #rows: Int32Array
  #values: Float64Array
  #length = 0

  constructor(wanted: WantedEntries) {
    this.#wanted = wanted
    this.#isFloat = new Uint8Array(wanted.nWanted)
    this.#seenIn = new Int32Array(wanted.nFeatures)
    // Few entries are shorter.
    const capacity = 16 + Math.floor(wanted.bytes.length / 6)
    this.#columns = new Int32Array(capacity)
    this.#rows = new Int32Array(capacity)
    this.#values = new Float64Array(capacity)
  }

  parse(): void {
    const { bytes, nRows } = this.#wanted
    const cursor = new TokenCursor(bytes)
    let row = 0
    for (let start = 0; start < bytes.length; ) {
      const end = findLineEnd(bytes, start)
      cursor.open(start, end)
      if (cursor.next()) {
        if (row >= nRows) throw this.#changed(nRows)
        this.#parseRow(cursor, row++)
      }
      start = skipLineEnd(bytes, end)
    }
    if (row !== nRows) throw this.#changed(nRows)
  }

  found(): FoundEntries {
    const { nRows, nWanted } = this.#wanted
    return {
      nRows, nColumns: nWanted, length: this.#length, columns: this.#columns, rows: this.#rows,
      values: this.#values, isFloat: this.#isFloat,
    }
  }

  /** Takes the entries of a row; the cursor is at its first token. */
  #parseRow(cursor: TokenCursor, row: number): void {
    const { slots, nFeatures } = this.#wanted
    const seenIn = this.#seenIn
    do {
      const { index } = cursor
      if (index >= nFeatures) throw this.#changed(row)
      if (index >= 0) {
        if (seenIn[index] === row + 1) {
          throw textError(
            this.#wanted, cursor.tokenStart, `index ${index} stands twice in this row`)
        }
        seenIn[index] = row + 1
      }
      const slot = slots[index - FIRST_INDEX]!
      if (slot >= 0) this.#take(cursor, slot, row)
    } while (cursor.next())
  }

  #take({ index, start, end }: TokenCursor, slot: number, row: number): void {
    const { bytes, missing } = this.#wanted
    const at = this.#length++
    if (at === this.#values.length) this.#grow()
    this.#columns[at] = slot
    this.#rows[at] = row
    const kind = parseNumber(bytes, start, end, this.#values, at)
    const isPlain = (kind === Kind.int || kind === Kind.float) && !missing.hasNumbers
    if (!isPlain && isMissing(missing, bytes, start, end)) {
      this.#values[at] = NaN
    } else if (kind === 0) {
      const what = index >= 0 ? `index ${index}` : index === Token.qid ? 'qid' : 'the label'
      throw textError(
        this.#wanted,
        start,
        `the value of ${what}, ${showBytes(bytes, start, end)}, is not a number; LibSVM holds ` +
          'numbers only (or add it to the missing values if that is what it means)',
      )
    } else if (kind !== Kind.int) {
      this.#isFloat[slot] = 1
    }
  }

  #grow(): void {
    const [columns, rows, values] = [this.#columns, this.#rows, this.#values]
    const capacity = values.length * 2
    this.#columns = new Int32Array(capacity)
    this.#columns.set(columns)
    this.#rows = new Int32Array(capacity)
    this.#rows.set(rows)
    this.#values = new Float64Array(capacity)
    this.#values.set(values)
  }

  #changed(row: number): CoppiceError {
    const { name, firstLine } = this.#wanted
    return new CoppiceError(
      'IO',
      `${name}: from line ${firstLine} on, row ${row} is not what it was when the rows ` +
        'were counted; the file changed while it was being read',
    )
  }
}
