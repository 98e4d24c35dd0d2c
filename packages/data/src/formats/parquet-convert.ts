import { DamagedPageError } from './rle.js'
import type { ParquetColumn } from './parquet-schema.js'
import { canonicalise } from './stored-arrays.js'
import {
  convertWords,
  decodeHalf,
  type IntegerUnit,
  readBigEndian,
  scaleDecimal,
} from './stored-numbers.js'

const daysToMs = 86_400_000
/** Julian day of 1970-01-01. */
const julianEpoch = 2_440_588

/**
 * Converts n stored values of fixed width, little endian, to doubles.
 *
 * @param bytes - exactly n x width bytes, starting at a multiple of 8 of its buffer
 * @param exact - integers beyond 2^53 throw UnsafeIntegerError; otherwise they are rounded
 */
export function convertFixedWidth(
  column: ParquetColumn,
  bytes: Uint8Array,
  n: number,
  out: Float64Array,
  exact: boolean,
): void {
  const { byteOffset } = bytes
  const buffer = bytes.buffer as ArrayBuffer
  switch (column.physical) {
    case 'INT32':
      return convertInt32(column, new Int32Array(buffer, byteOffset, n), out)
    case 'INT64':
      return convertInt64(column, new Int32Array(buffer, byteOffset, 2 * n), out, exact)
    case 'FLOAT':
      return canonicalise(new Float32Array(buffer, byteOffset, n), out)
    case 'DOUBLE':
      return canonicalise(new Float64Array(buffer, byteOffset, n), out)
    case 'INT96':
      return convertInt96(new DataView(buffer, byteOffset, 12 * n), out, n)
    case 'FIXED_LEN_BYTE_ARRAY': {
      const width = column.typeLength
      for (let i = 0; i < n; i++) {
        out[i] = convertByteArray(column, bytes, i * width, (i + 1) * width, exact)
      }
      return
    }
    default:
      throw new DamagedPageError(`values of type ${column.physical} have no fixed width`)
  }
}

/** Bytes of one stored value, or 0 where values differ in length. */
export function storedWidth(column: ParquetColumn): number {
  switch (column.physical) {
    case 'INT32':
    case 'FLOAT':
      return 4
    case 'INT64':
    case 'DOUBLE':
      return 8
    case 'INT96':
      return 12
    case 'FIXED_LEN_BYTE_ARRAY':
      return column.typeLength
    default:
      return 0
  }
}

/** One decimal or half float stored as bytes[start .. end). */
export function convertByteArray(
  column: ParquetColumn,
  bytes: Uint8Array,
  start: number,
  end: number,
  exact: boolean,
): number {
  if (column.conversion === 'float16') return decodeHalf(bytes[start]! | (bytes[start + 1]! << 8))
  return scaleDecimal(readBigEndian(bytes, start, end), column.scale, exact)
}

function convertInt32(column: ParquetColumn, values: Int32Array, out: Float64Array): void {
  const n = values.length
  switch (column.conversion) {
    case 'uint32':
      for (let i = 0; i < n; i++) out[i] = values[i]! >>> 0
      return
    case 'days':
      for (let i = 0; i < n; i++) out[i] = values[i]! * daysToMs
      return
    case 'decimal':
      for (let i = 0; i < n; i++) out[i] = scaleDecimal(values[i]!, column.scale, true)
      return
    default:
      out.set(values)
  }
}

function convertInt64(
  { conversion, scale }: ParquetColumn,
  words: Int32Array,
  out: Float64Array,
  exact: boolean,
): void {
  const isUnsigned = conversion === 'uint64'
  const isTime = conversion === 'seconds' || conversion === 'millis' || conversion === 'micros' ||
    conversion === 'nanos'
  const unit: IntegerUnit = isTime ? conversion : 'integer'
  convertWords(words, out, unit, { isUnsigned, exact: exact && conversion !== 'decimal' })
  if (conversion !== 'decimal') return
  for (let i = 0; i < out.length; i++) out[i] = scaleDecimal(out[i]!, scale, exact)
}

function convertInt96(view: DataView, out: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const nanos = view.getUint32(12 * i, true) + view.getUint32(12 * i + 4, true) * 0x1_0000_0000
    const days = view.getInt32(12 * i + 8, true) - julianEpoch
    out[i] = days * daysToMs + Math.floor(nanos / 1e6)
  }
}
