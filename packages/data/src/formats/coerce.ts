import { CoppiceError } from '@coppice/model'
import { isTime } from '../column-types.js'
import { rowNumber } from '../loading/place.js'
import type { ColumnChunk, ColumnType, NumberChunk, StringChunk } from '../reader.js'
import { StringInterner } from './string-interner.js'

/** What a coercion error must name. */
export interface ChunkPlace {
  readonly column: string
  /** The file or URL. */
  readonly source: string
  /** Row of the file that is the chunk's first, 0-based. */
  readonly firstRow: number
}

const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const isoDate = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/

/**
 * A chunk as the wanted type; null leaves it as it is. Numbers become text as JavaScript prints
 * them, booleans 'true' and 'false', dates ISO 8601.
 *
 * Throws CoppiceError 'DATA' naming column, row and value where a value has no such form.
 */
export function coerceChunk(
  chunk: ColumnChunk,
  type: ColumnType | null,
  place: ChunkPlace,
): ColumnChunk {
  if (type === null || type === chunk.type) return chunk
  if (chunk.type === 'string') return textToNumbers(chunk, type, place)
  if (type === 'string') return numbersToText(chunk)
  assertNumbersFit(chunk, type, place)
  return { type, values: chunk.values }
}

function numbersToText({ type, values }: NumberChunk): StringChunk {
  const interner = new StringInterner()
  const codes = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    codes[i] = value !== value ? -1 : interner.internString(numberToText(type, value))
  }
  return { type: 'string', codes, dictionary: interner.dictionary }
}

function numberToText(type: NumberChunk['type'], value: number): string {
  if (type === 'bool') return value === 1 ? 'true' : 'false'
  if (type !== 'date') return String(value)
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString()
}

function assertNumbersFit({ values }: NumberChunk, type: ColumnType, place: ChunkPlace): void {
  if (type === 'float' || isTime(type)) return
  const fits = {
    int: (value: number) => Number.isInteger(value),
    bool: (value: number) => value === 0 || value === 1,
    empty: () => false,
  }[type as 'int' | 'bool' | 'empty']
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value === value && !fits(value)) throw unfit(String(value), type, i, place)
  }
}

function textToNumbers(chunk: StringChunk, type: ColumnType, place: ChunkPlace): ColumnChunk {
  const { codes, dictionary } = chunk
  const parsed = dictionary.map((text) => parseText(text.trim(), type))
  const values = new Float64Array(codes.length)
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!
    if (code < 0) {
      values[i] = NaN
      continue
    }
    const value = parsed[code]!
    if (value === null) throw unfit(`'${dictionary[code]}'`, type, i, place)
    values[i] = value
  }
  const numbers: NumberChunk = { type: type as NumberChunk['type'], values }
  if (type !== 'date') assertNumbersFit(numbers, type, place)
  return numbers
}

/** How many of some texts are numbers, and how many are dates. */
export function countNumberTexts(
  texts: Iterable<string>,
): { readonly nNumbers: number; readonly nDates: number } {
  let nNumbers = 0
  let nDates = 0
  for (const text of texts) {
    const trimmed = text.trim()
    if (parseText(trimmed, 'float') !== null) nNumbers++
    else if (parseText(trimmed, 'date') !== null) nDates++
  }
  return { nNumbers, nDates }
}

/** null where the text is not of the type. */
function parseText(text: string, type: ColumnType): number | null {
  if (type === 'bool' && /^(true|false)$/i.test(text)) return text.length === 4 ? 1 : 0
  if (type === 'date') {
    const ms = isoDate.test(text) ? Date.parse(normaliseDate(text)) : NaN
    return Number.isNaN(ms) ? null : ms
  }
  if (type === 'float' && /^[+-]?inf(inity)?$/i.test(text)) {
    return text.startsWith('-') ? -Infinity : Infinity
  }
  return decimalNumber.test(text) ? Number(text) + 0 : null
}

/** A date without a zone is UTC: the result must not depend on the machine. */
function normaliseDate(text: string): string {
  const iso = text.replace(' ', 'T')
  return iso.includes('T') && !/(Z|[+-]\d{2}:?\d{2})$/.test(iso) ? `${iso}Z` : iso
}

function unfit(value: string, type: ColumnType, row: number, place: ChunkPlace): CoppiceError {
  return new CoppiceError(
    'DATA',
    `column '${place.column}' of ${place.source} has the value ${value} in row ` +
      `${rowNumber(place.source, place.firstRow + row)}, which is not of the type ` +
      `${type}; correct the value or give the column another type`,
  )
}
