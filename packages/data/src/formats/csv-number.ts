/**
 * The CSV number scanner: decimal text to the nearest double, straight from bytes.
 *
 * Equal to `Number(text)`, bit for bit, for every decimal number, in three steps:
 * up to 15 digits and a power of ten up to 10^22 need one exact operation (Clinger 1990); up to
 * 30 digits and 10^45 go through double-double arithmetic (Dekker 1971), whose result is taken
 * only where its error bound cannot change the rounding; the rest is left to `Number`.
 */

/** What a scanned field turned out to be; kinds of one column are joined with `|`. */
export const Kind = {
  missing: 0,
  bool: 1,
  int: 2,
  float: 4,
  date: 8,
  /** A spelling of NaN: missing where a marker says so, else a float. */
  nan: 16,
  string: 32,
} as const

const NOT_A_NUMBER = 0
const MAX_DIGITS = 15
const MAX_POWER = 45
const MAX_EXACT_POWER = 22
/** 2^27 + 1: splits a double into two halves of 26 bits (Dekker). */
const SPLITTER = 134217729
/** 2^-98, far above the 2^-102 that the double-double operations below lose at most. */
const RELATIVE_ERROR = 1 / 0x2_0000_0000_0000 / 0x2_0000_0000_0000

/** 10^k = powerHigh[k] + powerLow[k] exactly, k = 0 .. 45 (5^45 has 105 bits). */
const powerHigh = new Float64Array(MAX_POWER + 1)
const powerLow = new Float64Array(MAX_POWER + 1)
for (let k = 0, power = 1n; k <= MAX_POWER; k++, power *= 10n) {
  powerHigh[k] = Number(power)
  powerLow[k] = Number(power - BigInt(powerHigh[k]!))
}

/**
 * Parses bytes [start, end) as one number: sign, digits, point, exponent, or a spelling of
 * infinity or NaN (`inf`, `infinity`, `nan`, any case, signed). No spaces, no hexadecimal.
 *
 * @param out - receives the value at `index`: never -0, and only the canonical NaN
 * @returns `Kind.int` (digits only, below 2^53 in magnitude), `Kind.float`, `Kind.nan`, or 0
 *   when the bytes are not a number, and `out` is then unchanged
 */
export function parseNumber(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Float64Array,
  index: number,
): number {
  if (start >= end) return NOT_A_NUMBER
  const sign = bytes[start]!
  const isNegative = sign === 45
  const first = isNegative || sign === 43 ? start + 1 : start
  // Nine bytes hold at most nine digits, so this loop stays within 32-bit integers.
  const limit = end - first > 9 ? first + 9 : end
  let p = first
  let point = -1
  let mantissa = 0
  while (p < limit) {
    const digit = bytes[p]! - 48
    if (digit >>> 0 <= 9) {
      mantissa = (Math.imul(mantissa, 10) + digit) | 0
    } else if (digit === -2 && point < 0) {
      point = p
    } else {
      break
    }
    p++
  }
  if (p !== end) return parseLong(bytes, start, first, p, mantissa, point, end, out, index)
  if (point < 0) {
    if (p === first) return NOT_A_NUMBER
    out[index] = isNegative ? 0 - mantissa : mantissa
    return Kind.int
  }
  if (p - first === 1) return NOT_A_NUMBER
  const value = mantissa / powerHigh[end - point - 1]!
  out[index] = isNegative ? 0 - value : value
  return Kind.float
}

/** Goes on where the nine-byte loop of `parseNumber` stopped, at `p`. */
function parseLong(
  bytes: Uint8Array,
  start: number,
  first: number,
  from: number,
  mantissa: number,
  pointAt: number,
  end: number,
  out: Float64Array,
  index: number,
): number {
  let p = from
  let point = pointAt
  let high = mantissa
  let nDigits = p - first - (point >= 0 ? 1 : 0)
  let low = 0
  let nLow = 0
  while (p < end) {
    const digit = bytes[p]! - 48
    if (digit >>> 0 <= 9) {
      if (nDigits < MAX_DIGITS) high = high * 10 + digit
      else if (nLow < MAX_DIGITS) {
        low = low * 10 + digit
        nLow++
      } else nLow = MAX_DIGITS + 1
      nDigits++
    } else if (digit === -2 && point < 0) {
      point = p
    } else {
      break
    }
    p++
  }
  if (nDigits === 0) return parseNamed(bytes, start, end, out, index)
  const nFraction = point >= 0 ? p - point - 1 : 0
  let exponent = 0
  const isPlain = p === end
  if (!isPlain) {
    if ((bytes[p]! | 32) !== 101) return NOT_A_NUMBER
    exponent = parseExponent(bytes, p + 1, end)
    if (exponent !== exponent) return NOT_A_NUMBER
  }
  let value = nLow > MAX_DIGITS ? NaN : scale(high, low, nLow, exponent - nFraction)
  if (value !== value) value = Number(asciiText(bytes, first, end))
  out[index] = bytes[start] === 45 ? 0 - value : value
  return isPlain && point < 0 && value <= Number.MAX_SAFE_INTEGER ? Kind.int : Kind.float
}

/** The exponent in [start, end), clamped to +-99999 (beyond any double), or NaN. */
function parseExponent(bytes: Uint8Array, start: number, end: number): number {
  let p = start
  const sign = bytes[p]
  if (p < end && (sign === 45 || sign === 43)) p++
  if (p >= end) return NaN
  let exponent = 0
  for (; p < end; p++) {
    const digit = bytes[p]! - 48
    if (digit >>> 0 > 9) return NaN
    exponent = Math.min(99999, exponent * 10 + digit)
  }
  return sign === 45 ? 0 - exponent : exponent
}

/** (high * 10^nLow + low) * 10^exponent, rounded to nearest; NaN where that is not proven. */
function scale(high: number, low: number, nLow: number, exponent: number): number {
  if (nLow === 0) {
    if (high === 0) return 0
    if (exponent >= 0 && exponent <= MAX_EXACT_POWER) return high * powerHigh[exponent]!
    if (exponent < 0 && exponent >= -MAX_EXACT_POWER) return high / powerHigh[-exponent]!
  }
  if (exponent > MAX_POWER || exponent < -MAX_POWER) return NaN
  // high * 10^nLow as an exact sum of two doubles, then + low.
  const shift = powerHigh[nLow]!
  const product = high * shift
  const productError = timesError(high, shift, product) + low
  const w = product + productError
  const wLow = productError - (w - product)
  if (exponent >= 0) return timesPower(w, wLow, exponent)
  return overPower(w, wLow, -exponent)
}

function timesPower(w: number, wLow: number, k: number): number {
  const power = powerHigh[k]!
  const product = w * power
  const error = timesError(w, power, product) + (w * powerLow[k]! + wLow * power)
  return roundIfSure(product, error)
}

function overPower(w: number, wLow: number, k: number): number {
  const power = powerHigh[k]!
  const quotient = w / power
  const product = quotient * power
  // w and product agree in their leading bits, so their difference is exact (Sterbenz).
  const rest = w - product - timesError(quotient, power, product)
  return roundIfSure(quotient, (rest + wLow - quotient * powerLow[k]!) / power)
}

/** value + error, if the error bound leaves no doubt about the rounding; else NaN. */
function roundIfSure(value: number, error: number): number {
  const rounded = value + error
  const rest = error - (rounded - value)
  const doubt = rounded * RELATIVE_ERROR
  return rounded + (rest + doubt) === rounded && rounded + (rest - doubt) === rounded
    ? rounded
    : NaN
}

/** a * b - product, exactly (TwoProduct; a and b below 10^31, so nothing overflows). */
function timesError(a: number, b: number, product: number): number {
  const aBig = SPLITTER * a
  const aHigh = aBig - (aBig - a)
  const aLow = a - aHigh
  const bBig = SPLITTER * b
  const bHigh = bBig - (bBig - b)
  const bLow = b - bHigh
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

/** `inf`, `infinity`, `nan` in any case, with an optional sign. */
function parseNamed(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Float64Array,
  index: number,
): number {
  if (end - start > 9) return NOT_A_NUMBER
  const text = asciiText(bytes, start, end).toLowerCase()
  const name = text[0] === '-' || text[0] === '+' ? text.slice(1) : text
  if (name === 'nan') {
    out[index] = NaN
    return Kind.nan
  }
  if (name !== 'inf' && name !== 'infinity') return NOT_A_NUMBER
  out[index] = text[0] === '-' ? -Infinity : Infinity
  return Kind.float
}

/** Bytes [start, end) as one character each. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let p = start; p < end; p++) text += String.fromCharCode(bytes[p]!)
  return text
}
