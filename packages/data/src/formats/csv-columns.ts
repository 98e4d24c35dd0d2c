/** Decodes the columns of a unit: finds their types, or holds them to given ones. */

import type { ColumnChunk, ColumnType, NumberChunk, RowArrays } from '../reader.js'
import { ownArrays } from '../row-arrays.js'
import { showBytes, textError, type MissingMarkers } from './csv-bytes.js'
import { fieldText, parseField } from './csv-field.js'
import { FieldSplitter, type FieldBlock, type UnitText } from './csv-fields.js'
import { FieldError, FirstError } from './first-error.js'
import { writeLiterals, type Literals } from './csv-literals.js'
import { enterMachine, type DecodingMachine } from './decoding-machine.js'
import { asciiText, Kind, parseNumber } from './csv-number.js'
import { StringColumn } from './csv-strings.js'
import { unsafeAdvice } from './stored-numbers.js'

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
  arrays: RowArrays = ownArrays,
): ColumnChunk[] {
  const machine = enterMachine()
  try {
    const { chunks, late } = decodeOnce(machine, text, requests, missing, arrays)
    if (late.length === 0) return chunks as ColumnChunk[]
    machine.clear()
    const again = late.map((slot) => ({ ...requests[slot]!, type: 'string' as const }))
    const texts = decodeOnce(machine, text, again, missing, arrays).chunks
    late.forEach((slot, i) => (chunks[slot] = texts[i]!))
    return chunks as ColumnChunk[]
  } finally {
    machine.leave()
  }
}

/** @returns the chunks, null for those slots (in `late`) that must be read as text after all */
function decodeOnce(
  machine: DecodingMachine,
  text: UnitText,
  requests: readonly ColumnRequest[],
  missing: MissingMarkers,
  arrays: RowArrays,
): { readonly chunks: (ColumnChunk | null)[]; readonly late: readonly number[] } {
  const slots = new Int32Array(text.nColumns).fill(-1)
  requests.forEach((request, slot) => (slots[request.column] = slot))
  const splitter = new FieldSplitter(machine, text, slots, requests.length)
  const scratch: Scratch = {
    machine,
    literals: writeLiterals(machine, missing),
    values: machine.reserve(splitter.blockRows * 8),
    rows: machine.reserve(splitter.blockRows * 4),
    found: machine.reserve(8),
  }
  const makeStrings = (slot: number) =>
    new StringColumn(machine, text, requests[slot]!.name, missing, arrays.ints(text.nRows))
  const columns = requests.map((request, slot) =>
    request.type === 'string'
      ? makeStrings(slot)
      : new NumberColumn(text, request, missing, arrays.doubles(text.nRows)),
  )
  const late: number[] = []
  const errors = new FirstError()
  for (let block = splitter.nextBlock(); block !== null; block = splitter.nextBlock()) {
    for (const [slot, column] of columns.entries()) {
      if (column instanceof StringColumn) {
        column.append(block, slot, scratch.rows)
      } else if (!column.isString &&
        errors.attempt(() => column.append(block, slot, scratch)) === false) {
        if (block.firstRow > 0) {
          late.push(slot)
        } else {
          const strings = makeStrings(slot)
          strings.append(block, slot, scratch.rows)
          columns[slot] = strings
        }
      }
    }
    if (!errors.isEmpty) break
  }
  const chunks = columns.map((column) => {
    if (column instanceof NumberColumn && (column.isString || !errors.isEmpty)) return null
    return errors.attempt(() => column.finish())
  })
  errors.throwIfAny()
  return { chunks, late }
}

/** What blocks are parsed with, one after the other: offsets in the memory of the machine. */
interface Scratch {
  readonly machine: DecodingMachine
  readonly literals: Literals
  /** Values and row numbers of a block. */
  readonly values: number
  readonly rows: number
  /** Two i32. */
  readonly found: number
}

/** A column that holds, as far as is known, no strings. */
class NumberColumn {
  /** A field was a string: the column must be read as text. Only where no type is forced. */
  isString = false
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
    private readonly values: Float64Array,
  ) {
    this.forced = request.type as NumberChunk['type'] | null
    this.allowed = this.forced === null ? ~Kind.string : ALLOWED_KINDS[this.forced]
  }

  /** Parses the block's fields; false at the first string, where no type is forced. */
  append(block: FieldBlock, slot: number, scratch: Scratch): boolean {
    const { machine, literals, values, rows, found } = scratch
    const { text, nRows, stride } = block
    const starts = block.starts + slot * stride * 4
    const ends = block.ends + slot * stride * 4
    const fields = () => fieldsOf(machine, block, starts, ends)
    // Markers that are numbers must be compared with all of these.
    if (this.missing.hasNumbers) return this.appendSlowly(fields(), allRows(nRows))
    const nOdd = machine.kernels.parseNumbers(
      values, rows, found, text, starts, ends, nRows, literals.at, literals.count, machine.powers,
    )
    const seen = machine.ints(found, 2)
    const kinds = seen[0]!
    // The first field that is not allowed is to be named.
    if ((kinds & ~this.allowed) !== 0) return this.appendSlowly(fields(), allRows(nRows))
    this.values.set(machine.doubles(values, nRows), block.firstRow)
    const isFirst = this.firstNumber === null && seen[1]! >= 0
    this.kinds |= kinds
    if (nOdd > 0 && !this.appendSlowly(fields(), machine.ints(rows, nOdd))) return false
    if (isFirst) this.noteFirst(fieldOf(fields(), seen[1]!), Kind.int)
    return true
  }

  /** Parses the fields of some rows one by one; as `append`. */
  private appendSlowly(fields: Fields, rows: Int32Array): boolean {
    const { values, allowed, missing, text: { bytes } } = this
    const { base, starts, ends, firstRow } = fields
    for (const row of rows) {
      const start = base + starts[row]!
      const end = base + ends[row]!
      const to = firstRow + row
      let kind = parseNumber(bytes, start, end, values, to)
      if ((kind !== Kind.int && kind !== Kind.float) || missing.hasNumbers) {
        kind = parseField(bytes, start, end, missing, values, to)
      }
      if (kind === Kind.float && Math.abs(values[to]!) > Number.MAX_SAFE_INTEGER) {
        this.noteUnsafe(start, end)
      }
      if ((kind & ~allowed) !== 0) return this.refuse(start, end)
      if (kind !== Kind.missing) this.noteFirst({ start, end }, kind)
      this.kinds |= kind
    }
    return true
  }

  finish(): NumberChunk {
    return { type: this.forced ?? this.joinedType(), values: this.values }
  }

  private noteFirst(field: FirstField, kind: number): void {
    if (kind === Kind.date) this.firstDate ??= field
    else if (!(this.firstNumber !== null && this.firstNumber.start < field.start)) {
      this.firstNumber = field
    }
  }

  private noteUnsafe(start: number, end: number): void {
    if (this.forced !== null || this.firstUnsafe !== null) return
    const { bytes: source, start: from, end: to } = fieldText(this.text.bytes, start, end)
    if (/^[+-]?\d+$/.test(asciiText(source, from, to).trim())) this.firstUnsafe = { start, end }
  }

  private refuse(start: number, end: number): false {
    if (this.forced === null) {
      this.isString = true
      return false
    }
    const value = showBytes(this.text.bytes, start, end)
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

/** The fields of a column in a block: where they stand in the unit, but for `base`. */
interface Fields {
  readonly firstRow: number
  readonly base: number
  readonly starts: Int32Array
  readonly ends: Int32Array
}

function fieldsOf(
  machine: DecodingMachine,
  { firstRow, base, nRows }: FieldBlock,
  starts: number,
  ends: number,
): Fields {
  return { firstRow, base, starts: machine.ints(starts, nRows), ends: machine.ints(ends, nRows) }
}

function fieldOf({ base, starts, ends }: Fields, row: number): FirstField {
  return { start: base + starts[row]!, end: base + ends[row]! }
}

function allRows(nRows: number): Int32Array {
  return Int32Array.from({ length: nRows }, (_, row) => row)
}
