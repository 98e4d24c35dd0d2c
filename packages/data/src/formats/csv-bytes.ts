/** What the readers of text formats share: reading bytes, places in files, missing markers. */

import { CoppiceError } from '@coppice/model'
import type { ByteSource, TextOptions } from '../reader.js'
import { parseNumber } from './csv-number.js'

export const LINE_FEED = 10
export const CARRIAGE_RETURN = 13
export const QUOTE = 34

/** Text is read and cut into units in pieces of this many bytes. */
export const UNIT_BYTES = 4 * 1024 * 1024
/** A line (with quotes: a record) longer than this is taken for a mistake, not for data. */
export const RECORD_BYTES_MAX = 64 * 1024 * 1024

/**
 * Bytes [start, end) of a source, exactly.
 *
 * @throws CoppiceError 'IO' when fewer come: the file is shorter than it was
 */
export async function readBytes(
  source: ByteSource,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const bytes = await source.slice(start, end)
  if (bytes.length !== end - start) {
    throw new CoppiceError(
      'IO',
      `${source.name}: bytes ${start} to ${end} are needed, but only ${bytes.length} of these ` +
        `${end - start} are there; the file was truncated or is still being written`,
    )
  }
  return bytes
}

/** A piece of a text file in memory, and where it stands in the file. */
export interface TextWindow {
  /** For messages: the path or URL. */
  readonly name: string
  readonly bytes: Uint8Array
  /** 1-based number of the line on which `bytes` begin. */
  readonly firstLine: number
  /** No byte follows in the file. */
  readonly isLast: boolean
}

/** A 'DATA' error that says where in the text it happened: "flights.csv, line 7: ...". */
export function textError(
  window: Omit<TextWindow, 'isLast'>,
  position: number,
  message: string,
): CoppiceError {
  const line = window.firstLine + countLines(window.bytes, 0, position)
  return new CoppiceError('DATA', `${window.name}, line ${line}: ${message}`)
}

/** Line ends in bytes [start, end): `\n`, `\r\n` or a lone `\r`. */
export function countLines(bytes: Uint8Array, start: number, end: number): number {
  let nLines = 0
  for (let p = start; p < end; p++) {
    const byte = bytes[p]
    if (byte === LINE_FEED || (byte === CARRIAGE_RETURN && bytes[p + 1] !== LINE_FEED)) nLines++
  }
  return nLines
}

/** Length of a UTF-8 byte order mark at the start; UTF-16 is refused. */
export function byteOrderMark(name: string, bytes: Uint8Array): number {
  const [a, b, c] = bytes
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new CoppiceError(
      'DATA',
      `${name} begins with the byte order mark of UTF-16; text files must be UTF-8 ` +
        '(convert it, for example with: iconv -f UTF-16 -t UTF-8)',
    )
  }
  return a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as UTF-8 text, or null when they are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

/** A value for a message: as text, without line ends and never longer than a line. */
export function showBytes(bytes: Uint8Array, start: number, end: number): string {
  const text = new TextDecoder().decode(bytes.subarray(start, Math.min(end, start + 60)))
  const line = text.trim().replace(/\n/g, '\\n').replace(/\r/g, '\\r')
  return `'${line}${end > start + 60 ? '...' : ''}'`
}

/** The fields that mean missing, ready to be compared with bytes. */
export interface MissingMarkers {
  readonly markers: readonly Uint8Array[]
  readonly emptyIsMissing: boolean
  /** Some marker is a number, as -999: numbers must be compared too. */
  readonly hasNumbers: boolean
}

export function missingMarkers(options: TextOptions): MissingMarkers {
  const encoder = new TextEncoder()
  const markers = options.missingValues.map((text) => encoder.encode(text.trim()))
  const scratch = new Float64Array(1)
  return {
    markers,
    emptyIsMissing: markers.some((marker) => marker.length === 0),
    hasNumbers: markers.some(
      (marker) => parseNumber(marker, 0, marker.length, scratch, 0) !== 0 && !isNaN(scratch[0]!),
    ),
  }
}

/** Whether bytes [start, end), already trimmed, mean missing. */
export function isMissing(
  missing: MissingMarkers,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const length = end - start
  if (length === 0) return missing.emptyIsMissing
  for (const marker of missing.markers) {
    if (marker.length !== length) continue
    let i = 0
    while (i < length && marker[i] === bytes[start + i]) i++
    if (i === length) return true
  }
  return false
}

/** Spaces and tabs around a value do not belong to it. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 9
}
