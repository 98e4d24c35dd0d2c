/** One field of a CSV text: its spaces, its quotes, its kind. */

import { QUOTE, isMissing, isSpace, type MissingMarkers } from './csv-bytes.js'
import { parseDate } from './csv-date.js'
import { Kind, asciiText, parseNumber } from './csv-number.js'

/** A piece of bytes: [start, end). */
export interface Piece {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** A field without the spaces around it. */
export function trim(bytes: Uint8Array, from: number, to: number): Piece {
  let start = from
  let end = to
  while (start < end && isSpace(bytes[start])) start++
  while (start < end && isSpace(bytes[end - 1])) end--
  return { bytes, start, end }
}

/**
 * The text of a field: without the spaces around it or, where it is quoted, exactly what stands
 * between the quotes, with `""` as `"` (then in a copy).
 */
export function fieldText(bytes: Uint8Array, from: number, to: number): Piece {
  const field = trim(bytes, from, to)
  if (field.start === field.end || bytes[field.start] !== QUOTE) return field
  const start = field.start + 1
  const end = Math.max(start, field.end - 1)
  let p = start
  while (p < end && bytes[p] !== QUOTE) p++
  if (p === end) return { bytes, start, end }
  const copy = new Uint8Array(end - start)
  let length = 0
  for (p = start; p < end; p++) {
    copy[length++] = bytes[p]!
    if (bytes[p] === QUOTE) p++
  }
  return { bytes: copy, start: 0, end: length }
}

/**
 * The `Kind` of any field. Spaces count neither around it nor, for this, within its quotes.
 *
 * @param values - receives the value at `row`, NaN for a missing one; unchanged for a string
 */
export function parseField(
  bytes: Uint8Array,
  from: number,
  to: number,
  missing: MissingMarkers,
  values: Float64Array,
  row: number,
): number {
  // The most frequent field that is no number, without an allocation.
  if (from === to && missing.emptyIsMissing) {
    values[row] = NaN
    return Kind.missing
  }
  const text = fieldText(bytes, from, to)
  const { bytes: source, start, end } = trim(text.bytes, text.start, text.end)
  if (isMissing(missing, source, start, end)) {
    values[row] = NaN
    return Kind.missing
  }
  const kind = parseNumber(source, start, end, values, row)
  if (kind !== 0) return kind === Kind.nan ? Kind.float : kind
  if (end - start === 4 || end - start === 5) {
    const word = asciiText(source, start, end)
    const isTrue = word === 'true' || word === 'True' || word === 'TRUE'
    if (isTrue || word === 'false' || word === 'False' || word === 'FALSE') {
      values[row] = isTrue ? 1 : 0
      return Kind.bool
    }
  }
  return parseDate(source, start, end, values, row) ? Kind.date : Kind.string
}
