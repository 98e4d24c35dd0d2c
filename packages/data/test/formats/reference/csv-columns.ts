/** Decodes the columns of a unit: finds their types, or holds them to given ones. */

import type { ColumnChunk, ColumnType, NumberChunk } from '../../../src/reader.js'
import { showBytes, textError, type MissingMarkers } from '../../../src/formats/csv-bytes.js'
import { FieldError, FirstError } from '../../../src/formats/first-error.js'
import { fieldText, parseField } from '../../../src/formats/csv-field.js'
import { FieldSplitter, type FieldBlock, type UnitText } from './csv-fields.js'
import { asciiText, Kind, parseNumber } from '../../../src/formats/csv-number.js'
import { StringColumn } from './csv-strings.js'
import { unsafeAdvice } from '../../../src/formats/stored-numbers.js'

/** Kinds of fields that a column of a forced type may hold, besides missing ones. */
const ALLOWED_KINDS: Readonly<Record<NumberChunk['type'], number>> = {
  empty: 0,
  bool: Kind.bool,
  int: Kind.bool | Kind.int,
  float: Kind.bool | Kind.int | Kind.float,
  date: Kind.date,
  duration: 0,
}

const EXPECTED: Readonly<Record<NumberChunk['type'], string>> = {
  empty: 'missing, as this column is everywhere else',
  bool: 'true or false',
  int: 'an integer',
  float: 'a number',
  date: 'a date (yyyy-mm-dd, or yyyy-mm-ddThh:mm:ss)',
  duration: 'missing: it holds durations everywhere else',
}

/** A column to decode; the fields of the column are in slot i of the blocks for request i. */
export interface ColumnRequest {
  readonly name: string
  /** Its place in the file. */
  readonly column: number
  /** A type the fields must have, or null to infer the narrowest that holds them all. */
  readonly type: ColumnType | null
}

/**
 * Decodes columns of a unit, block by block, so that the text is read from memory once.
 *
 * A column of unknown type is taken for numbers until a string turns up. If that is in the first
 * block, it goes on as strings from there; if later, the unit is gone through once more for it.
 *
 * @throws CoppiceError 'DATA' when a field does not parse as the forced type, when dates and
 *   numbers are mixed, and when text is not valid UTF-8
 */
export function decodeColumns(
  text: UnitText,
  requests: readonly ColumnRequest[],
  missing: MissingMarkers,
): ColumnChunk[] {
  const columns: (NumberColumn | StringColumn)[] = requests.map((request) =>
    request.type === 'string'
      ? new StringColumn(text, request.name, missing)
      : new NumberColumn(text, request, missing),
  )
  const late: number[] = []
  const errors = new FirstError()
  forEachBlock(text, requests, (block) => {
    if (!errors.isEmpty) return
    for (let slot = 0; slot < columns.length; slot++) {
      const column = columns[slot]!
      if (column instanceof StringColumn) {
        column.append(block, slot)
      } else if (!column.isString && errors.attempt(() => column.append(block, slot)) === false) {
        if (block.firstRow > 0) {
          late.push(slot)
        } else {
          const strings = new StringColumn(text, requests[slot]!.name, missing)
          strings.append(block, slot)
          columns[slot] = strings
        }
      }
    }
  })
  const chunks = columns.map((column) =>
    column instanceof NumberColumn && (column.isString || !errors.isEmpty) ? null
      : errors.attempt(() => column.finish()))
  errors.throwIfAny()
  if (late.length > 0) {
    const again = late.map((slot) => ({ ...requests[slot]!, type: 'string' as const }))
    decodeColumns(text, again, missing).forEach((chunk, i) => (chunks[late[i]!] = chunk))
  }
  return chunks as ColumnChunk[]
}

function forEachBlock(
  text: UnitText,
  requests: readonly ColumnRequest[],
  visit: (block: FieldBlock) => void,
): void {
  const slots = new Int32Array(text.nColumns).fill(-1)
  requests.forEach((request, slot) => (slots[request.column] = slot))
  const splitter = new FieldSplitter(text, slots, requests.length)
  for (let block = splitter.nextBlock(); block !== null; block = splitter.nextBlock()) {
    visit(block)
  }
}

/** A column that holds, as far as is known, no strings. */
class NumberColumn {
  /** A field was a string: the column must be read as text. Only where no type is forced. */
  isString = false
  private readonly values: Float64Array
  private readonly forced: NumberChunk['type'] | null
  private readonly allowed: number
  /** Kinds of all fields so far, and the first field of each of dates and numbers. */
  private kinds = 0
  private firstDate: FirstField | null = null
  private firstNumber: FirstField | null = null
  /** The first integer that a double cannot hold, where no type is forced. */
  private firstUnsafe: FirstField | null = null

  constructor(
    private readonly text: UnitText,
    private readonly request: ColumnRequest,
    private readonly missing: MissingMarkers,
  ) {
    this.forced = request.type as NumberChunk['type'] | null
    this.allowed = this.forced === null ? ~Kind.string : ALLOWED_KINDS[this.forced]
    this.values = new Float64Array(text.nRows)
  }

  /** Parses the block's fields; false at the first string, where no type is forced. */
  append(block: FieldBlock, slot: number): boolean {
    const { bytes, starts, ends, firstRow } = block
    const { values, allowed, missing } = this
    const first = slot * block.capacity
    const end = first + block.nRows
    const toRow = firstRow - first
    const compareAll = missing.hasNumbers
    let kinds = this.kinds
    for (let i = first; i < end; i++) {
      let kind = parseNumber(bytes, starts[i]!, ends[i]!, values, toRow + i)
      if ((kind !== Kind.int && kind !== Kind.float) || compareAll) {
        kind = parseField(bytes, starts[i]!, ends[i]!, missing, values, toRow + i)
      }
      if (kind === Kind.float && Math.abs(values[toRow + i]!) > Number.MAX_SAFE_INTEGER) {
        this.noteUnsafe(bytes, starts[i]!, ends[i]!)
      }
      if ((kind & ~kinds) !== 0) {
        if ((kind & ~allowed) !== 0) return this.refuse(block, i)
        this.noteFirst(block, i, kind)
        kinds |= kind
      }
    }
    this.kinds = kinds
    return true
  }

  finish(): NumberChunk {
    return { type: this.forced ?? this.joinedType(), values: this.values }
  }

  private noteFirst(block: FieldBlock, i: number, kind: number): void {
    const field = { start: block.starts[i]!, end: block.ends[i]! }
    if (kind === Kind.date) this.firstDate ??= field
    else this.firstNumber ??= field
  }

  private noteUnsafe(bytes: Uint8Array, start: number, end: number): void {
    if (this.forced !== null || this.firstUnsafe !== null) return
    const { bytes: source, start: from, end: to } = fieldText(bytes, start, end)
    if (/^[+-]?\d+$/.test(asciiText(source, from, to).trim())) this.firstUnsafe = { start, end }
  }

  private refuse(block: FieldBlock, i: number): false {
    if (this.forced === null) {
      this.isString = true
      return false
    }
    const start = block.starts[i]!
    const value = showBytes(block.bytes, start, block.ends[i]!)
    throw new FieldError(start, textError(
      this.text,
      start,
      `column '${this.request.name}': ${value} is not ${EXPECTED[this.forced]}; correct it, ` +
        `or add it to the missing values if that is what it means`,
    ))
  }

  /** The narrowest type that holds all kinds seen. */
  private joinedType(): NumberChunk['type'] {
    const { kinds, firstDate, firstNumber, firstUnsafe, text } = this
    if (firstUnsafe !== null) {
      const value = asciiText(text.bytes, firstUnsafe.start, firstUnsafe.end).trim()
      throw new FieldError(firstUnsafe.start, textError(
        text,
        firstUnsafe.start,
        `column '${this.request.name}' holds the integer ${value}, ${unsafeAdvice}`,
      ))
    }
    if (firstDate !== null && firstNumber !== null) {
      const date = showBytes(text.bytes, firstDate.start, firstDate.end)
      const number = showBytes(text.bytes, firstNumber.start, firstNumber.end)
      const start = Math.max(firstDate.start, firstNumber.start)
      throw new FieldError(start, textError(
        text,
        start,
        `column '${this.request.name}' mixes dates (${date}) with numbers (${number}); make ` +
          'them one or the other, or declare the column categorical',
      ))
    }
    if (firstDate !== null) return 'date'
    if ((kinds & Kind.float) !== 0) return 'float'
    if ((kinds & Kind.int) !== 0) return 'int'
    return kinds === Kind.bool ? 'bool' : 'empty'
  }
}

interface FirstField {
  readonly start: number
  readonly end: number
}
