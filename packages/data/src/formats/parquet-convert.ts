/**
 * Stored Parquet numbers to doubles: one loop per physical form, no object per value.
 */
import { DamagedPageError } from './rle.js'
import type { ParquetColumn } from './parquet-schema.js'

const daysToMs = 86_400_000
/** Julian day of 1970-01-01. */
const julianEpoch = 2_440_588
const pow32 = 0x1_0000_0000

/** A value that cannot be held by a double without changing it. */
export class UnsafeIntegerError extends Error {}

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
  const { buffer, byteOffset } = bytes
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
  let value = 0n
  for (let i = start; i < end; i++) value = value * 256n + BigInt(bytes[i]!)
  const nBits = 8 * (end - start)
  if (nBits > 0 && bytes[start]! >= 0x80) value -= 1n << BigInt(nBits)
  return scaleDecimal(Number(value), column, exact)
}

/** -0 becomes +0 and every NaN the canonical one. */
function canonicalise(values: Float32Array | Float64Array, out: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    out[i] = value !== value ? NaN : value + 0
  }
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
      for (let i = 0; i < n; i++) out[i] = scaleDecimal(values[i]!, column, true)
      return
    default:
      out.set(values)
  }
}

/** @param words - low and high word of each value in turn */
function convertInt64(
  column: ParquetColumn,
  words: Int32Array,
  out: Float64Array,
  exact: boolean,
): void {
  const n = words.length / 2
  const isUnsigned = column.conversion === 'uint64'
  for (let i = 0; i < n; i++) {
    const low = words[2 * i]! >>> 0
    const high = isUnsigned ? words[2 * i + 1]! >>> 0 : words[2 * i + 1]!
    const value = high * pow32 + low
    switch (column.conversion) {
      case 'int64':
      case 'uint64':
        if (exact && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
          throw new UnsafeIntegerError(String(BigInt(high) * BigInt(pow32) + BigInt(low)))
        }
        out[i] = value
        break
      case 'decimal':
        out[i] = scaleDecimal(value, column, exact)
        break
      case 'micros':
        out[i] = Math.floor(value / 1000)
        break
      case 'nanos':
        // Beyond 2^53 the quotient of the rounded value could miss the millisecond.
        out[i] = floorDivide(BigInt(high) * BigInt(pow32) + BigInt(low), 1_000_000n)
        break
      default:
        out[i] = value
    }
  }
}

function convertInt96(view: DataView, out: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const nanos = view.getUint32(12 * i, true) + view.getUint32(12 * i + 4, true) * pow32
    const days = view.getInt32(12 * i + 8, true) - julianEpoch
    out[i] = days * daysToMs + Math.floor(nanos / 1e6)
  }
}

function floorDivide(value: bigint, divisor: bigint): number {
  const quotient = value / divisor
  return Number(value < 0n && quotient * divisor !== value ? quotient - 1n : quotient)
}

function scaleDecimal(unscaled: number, column: ParquetColumn, exact: boolean): number {
  if (column.scale === 0) {
    if (exact && Math.abs(unscaled) > Number.MAX_SAFE_INTEGER) {
      throw new UnsafeIntegerError(String(unscaled))
    }
    return unscaled + 0
  }
  // Powers of ten are exact up to 10^22, so short decimals get the nearest double.
  return unscaled / Number(`1e${column.scale}`) + 0
}

function decodeHalf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 5.960464477539063e-8 + 0
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * powerOfTwo(exponent - 15)
}

function powerOfTwo(exponent: number): number {
  return exponent < 0 ? 1 / (1 << -exponent) : 1 << exponent
}
