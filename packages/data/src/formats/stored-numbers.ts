/**
 * What binary formats store, as doubles: 64-bit integers, times, decimals, half floats. No object
 * per value.
 */

import { convertLongs } from './stored-arrays.js'

const pow32 = 0x1_0000_0000

/** An integer that a double cannot hold exactly. */
export class UnsafeIntegerError extends Error {}

/** The end of the message for such an integer in a file without declared types. */
export const unsafeAdvice =
  `which a double cannot hold exactly (beyond 2^53); ignore the column, give it the type 'float' ` +
  `to round it, or the type 'string' to use it as categories (schema)`

/** What a stored 64-bit integer counts; times become whole milliseconds, rounded down. */
export type IntegerUnit = 'integer' | 'seconds' | 'millis' | 'micros' | 'nanos'

/**
 * Converts 64-bit integers to doubles.
 *
 * @param words - low and high word of each value in turn
 * @param out - at least words.length / 2 doubles
 * @param exact - plain integers beyond 2^53 throw UnsafeIntegerError; otherwise they are rounded
 */
export function convertWords(
  words: Int32Array,
  out: Float64Array,
  unit: IntegerUnit,
  { isUnsigned, exact }: { isUnsigned: boolean; exact: boolean },
): void {
  const n = words.length / 2
  if (unit === 'nanos') {
    // Beyond 2^53 the quotient of the rounded value could miss the millisecond.
    for (let i = 0; i < n; i++) {
      out[i] = floorDivide(longAt(words, i, isUnsigned), 1_000_000n)
    }
    return
  }
  const limit = unit === 'integer' && exact ? Number.MAX_SAFE_INTEGER : Infinity
  const found = convertLongs(words, out, isUnsigned, limit)
  if (found < n) throw new UnsafeIntegerError(String(longAt(words, found, isUnsigned)))
  if (unit === 'seconds') for (let i = 0; i < n; i++) out[i]! *= 1000
  if (unit === 'micros') for (let i = 0; i < n; i++) out[i] = Math.floor(out[i]! / 1000)
}

function longAt(words: Int32Array, i: number, isUnsigned: boolean): bigint {
  const [low, high] = [words[2 * i]! >>> 0, words[2 * i + 1]!]
  return joinWords(isUnsigned ? high >>> 0 : high, low)
}

/** The words of 8-byte values, low before high (little endian, as all formats store them). */
export function wordsOf(values: ArrayBufferView): Int32Array {
  const { buffer, byteOffset, byteLength } = values
  return new Int32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4)
}

/**
 * A decimal from its unscaled integer: unscaled / 10^scale, the nearest double for up to 15
 * digits. Without digits after the point it is an integer and must be exact.
 */
export function scaleDecimal(unscaled: number, scale: number, exact: boolean): number {
  if (scale === 0) {
    if (exact && Math.abs(unscaled) > Number.MAX_SAFE_INTEGER) {
      throw new UnsafeIntegerError(String(unscaled))
    }
    return unscaled + 0
  }
  return unscaled / Number(`1e${scale}`) + 0
}

/** The signed integer stored big endian in bytes[start .. end), rounded to a double. */
export function readBigEndian(bytes: Uint8Array, start: number, end: number): number {
  let value = 0n
  for (let i = start; i < end; i++) value = value * 256n + BigInt(bytes[i]!)
  const nBits = 8 * (end - start)
  if (nBits > 0 && bytes[start]! >= 0x80) value -= 1n << BigInt(nBits)
  return Number(value)
}

/** IEEE 754 half precision. */
export function decodeHalf(bits: number): number {
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

function joinWords(high: number, low: number): bigint {
  return BigInt(high) * BigInt(pow32) + BigInt(low)
}

function floorDivide(value: bigint, divisor: bigint): number {
  const quotient = value / divisor
  return Number(value < 0n && quotient * divisor !== value ? quotient - 1n : quotient)
}
