/**
 * Records of a CSV or TSV text: where they end, and that all have the same number of fields.
 *
 * The dialect is that of RFC 4180, read leniently. A record ends with `\n`, `\r\n`, a lone `\r`
 * or the end of the file. A field whose first byte, spaces aside, is `"` is quoted: separators
 * and line ends in it are text and `""` stands for `"`. A quote elsewhere is text. Lines of
 * nothing but spaces are skipped, also in files of one column (there, a missing value is written
 * as `""` or `NA`).
 */

import {
  CARRIAGE_RETURN,
  LINE_FEED,
  QUOTE,
  RECORD_BYTES_MAX,
  countLines,
  textError,
  type TextWindow,
} from './csv-bytes.js'
import { enterMachine } from './decoding-machine.js'
import { STRUCTURE_BLOCK, findStructure, wordView } from './csv-structure.js'

export interface RecordRules {
  /** The separator's byte: comma or tab. */
  readonly separator: number
  /** Fields every record must have; 0 takes the number from the first record. */
  readonly nColumns: number
  /** Stop after this many records. */
  readonly nRowsMax: number
}

export interface RecordScan {
  /** Where the last complete record (or blank line) ends, relative to the window. */
  readonly end: number
  readonly nRows: number
  /** Line ends before `end`. */
  readonly nLines: number
  /** Fields per record; 0 when there was no record. */
  readonly nColumns: number
}

/** Text is brought to the kernel in pieces of this many bytes. */
const PIECE_BYTES = 256 * 1024

/**
 * As `scanRecords` without a limit, where the number of fields is known: what is complete and
 * right is counted by a kernel, the rest here.
 */
export function scanWindow(
  window: TextWindow,
  { separator, nColumns }: Omit<RecordRules, 'nRowsMax'>,
): RecordScan {
  const { bytes } = window
  const scan = { end: 0, nRows: 0, nLines: 0, nColumns }
  const machine = enterMachine()
  try {
    const out = machine.reserve(16)
    const text = machine.reserveText(Math.min(PIECE_BYTES, bytes.length))
    while (scan.end < bytes.length) {
      const pieceEnd = Math.min(scan.end + PIECE_BYTES, bytes.length)
      const length = pieceEnd - scan.end
      machine.bytes(text, length).set(bytes.subarray(scan.end, pieceEnd))
      machine.kernels.scanRecords(out, text, length, separator, nColumns)
      const [end, nRows, nLines] = machine.ints(out, 3) as unknown as [number, number, number]
      scan.end += end
      scan.nRows += nRows
      scan.nLines += nLines
      // The last piece, a record that is longer than one, or one that is wrong.
      if (end === 0 || pieceEnd === bytes.length) break
    }
  } finally {
    machine.leave()
  }
  if (scan.end === bytes.length) return scan
  const firstLine = window.firstLine + scan.nLines
  const rest = { ...window, bytes: bytes.subarray(scan.end), firstLine }
  const last = scanRecords(rest, { separator, nColumns, nRowsMax: Infinity })
  scan.end += last.end
  scan.nRows += last.nRows
  scan.nLines += last.nLines
  return scan
}

/**
 * Finds the complete records of a window that begins at a record.
 *
 * @throws CoppiceError 'DATA' for a record with more or fewer fields than the others, text after
 *   a closing quote, and a quote that is never closed, each with file and line
 */
export function scanRecords(window: TextWindow, rules: RecordRules): RecordScan {
  const { bytes, isLast } = window
  const { separator } = rules
  const length = bytes.length
  const scan = { end: 0, nRows: 0, nLines: 0, nColumns: rules.nColumns }
  const words = wordView(bytes)
  const positions = new Int32Array(Math.min(STRUCTURE_BLOCK, length))
  let nFields = 1
  let hasQuotes = false
  // Bytes before `from` are done with; behind a quoted field it lies ahead of the positions.
  let from = 0
  while (from < length) {
    const blockEnd = Math.min(from + STRUCTURE_BLOCK, length)
    const n = findStructure(bytes, words, from, blockEnd, positions)
    for (let i = 0; i < n; i++) {
      const p = positions[i]!
      const byte = bytes[p]!
      if (p < from) continue
      if (byte === separator) {
        nFields++
      } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        if (byte === CARRIAGE_RETURN && p + 1 === length && !isLast) return scan
        const next = byte === CARRIAGE_RETURN && bytes[p + 1] === LINE_FEED ? p + 2 : p + 1
        endRecord(window, scan, separator, nFields, p)
        scan.nLines += hasQuotes ? countLines(bytes, scan.end, next) : 1
        scan.end = from = next
        if (scan.nRows === rules.nRowsMax) return scan
        nFields = 1
        hasQuotes = false
      } else if (byte === QUOTE && beginsField(bytes, scan.end, p, separator)) {
        hasQuotes = true
        const close = closingQuote(bytes, p + 1)
        if (close < 0 && isLast) throw unclosedError(window, p)
        from = close < 0 ? length : afterQuote(bytes, close + 1, separator)
        if (from === length && !isLast) return scan
        if (!endsField(bytes, from, separator)) throw textAfterQuoteError(window, from)
      }
    }
    from = Math.max(from, blockEnd)
  }
  if (isLast && scan.end < length) {
    endRecord(window, scan, separator, nFields, length)
    if (hasQuotes) scan.nLines += countLines(bytes, scan.end, length)
    scan.end = length
  }
  return scan
}

/** Counts the record that goes from `scan.end` to `end`, unless it is a blank line. */
function endRecord(
  window: TextWindow,
  scan: { readonly end: number; nRows: number; nColumns: number },
  separator: number,
  nFields: number,
  end: number,
): void {
  if (nFields === 1 && isBlank(window.bytes, scan.end, end, separator)) return
  if (scan.nColumns === 0) scan.nColumns = nFields
  if (nFields !== scan.nColumns) throw raggedError(window, scan.end, nFields, scan.nColumns)
  scan.nRows++
}

/** Whether nothing but spaces lies between byte `p` and the field's begin. */
function beginsField(
  bytes: Uint8Array,
  recordStart: number,
  p: number,
  separator: number,
): boolean {
  let q = p - 1
  while (q >= recordStart && bytes[q] !== separator) {
    if (bytes[q] !== 32 && bytes[q] !== 9) return false
    q--
  }
  return true
}

/** Position of the quote that closes a field whose text begins at `start`, or -1. */
export function closingQuote(bytes: Uint8Array, start: number): number {
  const length = bytes.length
  // Most quoted fields are short: a call of indexOf would cost more than these few steps.
  for (let p = start; p < length; p++) {
    if (bytes[p] !== QUOTE) continue
    if (bytes[p + 1] !== QUOTE) return p
    p++
  }
  return -1
}

/** The first byte from `start` on that is no space. */
export function afterQuote(bytes: Uint8Array, start: number, separator: number): number {
  let p = start
  while (bytes[p] === 32 || (bytes[p] === 9 && separator !== 9)) p++
  return p
}

/** Whether a field ends before byte `p`. */
export function endsField(bytes: Uint8Array, p: number, separator: number): boolean {
  const byte = bytes[p]
  return (
    p === bytes.length || byte === separator || byte === LINE_FEED || byte === CARRIAGE_RETURN
  )
}

/** Whether bytes [start, end) are spaces (or tabs, where these do not separate). */
export function isBlank(
  bytes: Uint8Array,
  start: number,
  end: number,
  separator: number,
): boolean {
  return afterQuote(bytes, start, separator) >= end
}

function raggedError(window: TextWindow, position: number, nFields: number, nColumns: number) {
  const advice =
    nFields > nColumns
      ? 'a value that contains the separator must stand in double quotes'
      : 'a missing value is an empty field, and the last line may have been cut'
  return textError(
    window,
    position,
    `${nFields} field${nFields === 1 ? '' : 's'} where the first line has ${nColumns}; ${advice}`,
  )
}

function unclosedError(window: TextWindow, position: number) {
  return textError(
    window,
    position,
    'a field begins with a double quote that is never closed; close it, or write the quote ' +
      'that belongs to the text as """" (doubled, within quotes)',
  )
}

function textAfterQuoteError(window: TextWindow, position: number) {
  return textError(
    window,
    position,
    'text follows the closing double quote of a field; a quote within quotes must be doubled',
  )
}

/** A record that does not end within `RECORD_BYTES_MAX`. */
export function endlessRecordError(window: TextWindow) {
  return textError(
    window,
    0,
    `this record is longer than ${RECORD_BYTES_MAX} bytes; look for a double quote that is ` +
      'never closed',
  )
}
