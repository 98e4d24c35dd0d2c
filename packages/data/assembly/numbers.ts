// Parses the fields of a column as numbers; what is none is left to the caller.
import { firstBytes, QUOTE, SPACE, TAB } from './bytes'
import { toDouble } from './decimal'

// As Kind in ../src/formats/csv-number.ts.
const INT: i32 = 2
const FLOAT: i32 = 4
const NUMBERS: i32 = 7
const NEITHER: i32 = -1

const ZEROS: u64 = 0x3030_3030_3030_3030
const POINTS: u64 = 0x2e2e_2e2e_2e2e_2e2e
const POINT: u32 = 46
const LITERAL_BYTES: usize = 24
const SAFE_MAX: u64 = 0x1f_ffff_ffff_ffff

/** Whether all eight bytes are digits. */
// @ts-ignore: decorator
@inline
function areDigits(word: u64): bool {
  return ((word & 0xf0f0_f0f0_f0f0_f0f0) |
    (((word + 0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0) >> 4)) == 0x3333_3333_3333_3333
}

/** The number of eight digits, the first of them in the lowest byte. */
// @ts-ignore: decorator
@inline
function eightDigits(digits: u64): u64 {
  let word = digits - ZEROS
  word = word * 10 + (word >> 8)
  return ((word & 0x0000_00ff_0000_00ff) * 0x000f_4240_0000_0064 +
    ((word >> 16) & 0x0000_00ff_0000_00ff) * 0x0000_2710_0000_0001) >> 32
}

/** -value or value, without a branch that half of all signs would take by surprise; never -0. */
// @ts-ignore: decorator
@inline
function signed(value: f64, isNegative: bool): f64 {
  return reinterpret<f64>(reinterpret<u64>(value) | (<u64>isNegative << 63)) + 0
}

/** One to eight bytes of digits and perhaps a point, behind the sign; else 0. */
// @ts-ignore: decorator
@inline
function parseShort(out: usize, from: usize, end: usize, isNegative: bool, powers: usize): i32 {
  const own = <u64>-1 << (64 - (<u64>(end - from) << 3))
  const word = (load<u64>(end - 8) & own) | (ZEROS & ~own)
  const points = word ^ POINTS
  const marks = (points - 0x0101_0101_0101_0101) & ~points & 0x8080_8080_8080_8080
  if (marks == 0) {
    if (!areDigits(word)) return 0
    const value = <f64>eightDigits(word)
    store<f64>(out, signed(value, isNegative))
    return INT
  }
  // The digits before the point move up by one, over it.
  const shift = ctz(marks) & 56
  const behind = (<u64>-1 << shift) << 8
  const digits = (word & behind) | ((word & ~(<u64>-1 << shift)) << 8) | 0x30
  if (!areDigits(digits) || end - from == 1) return 0
  const value = <f64>eightDigits(digits) / load<f64>(powers + (<usize>(56 - shift)))
  store<f64>(out, signed(value, isNegative))
  return FLOAT
}

/** Any number but the named ones, behind the sign; 0 where it is none, or not known exactly. */
function parseLong(out: usize, from: usize, end: usize, isNegative: bool, powers: usize): i32 {
  let mantissa: u64 = 0
  let point: usize = 0
  let nDigits: i32 = 0
  let p = from
  while (p < end) {
    if (end - p >= 8) {
      const word = load<u64>(p)
      if (areDigits(word)) {
        mantissa = mantissa * 100_000_000 + eightDigits(word)
        nDigits += 8
        p += 8
        continue
      }
    }
    const byte = <u32>load<u8>(p)
    if (byte - 48 <= 9) {
      mantissa = mantissa * 10 + (byte - 48)
      nDigits++
    } else if (byte == POINT && point == 0) {
      point = p
    } else {
      break
    }
    p++
  }
  if (nDigits == 0) return 0
  if (nDigits > 19) {
    // Zeros in front have added nothing; more than 19 digits behind them are not all in there.
    let zero = from
    while (zero < p && (load<u8>(zero) == 48 || zero == point)) {
      if (zero != point) nDigits--
      zero++
    }
    if (nDigits > 19) return 0
  }
  let exponent: i32 = point == 0 ? 0 : -<i32>(p - point - 1)
  const isPlain = p == end
  if (!isPlain) {
    if ((<u32>load<u8>(p) | 32) != 101) return 0
    p++
    const sign = p < end ? <u32>load<u8>(p) : 0
    if (sign == 45 || sign == 43) p++
    if (p >= end || end - p > 4) return 0
    let power: i32 = 0
    for (; p < end; p++) {
      const digit = <u32>load<u8>(p) - 48
      if (digit > 9) return 0
      power = power * 10 + digit
    }
    exponent += sign == 45 ? -power : power
  }
  const isInt = isPlain && point == 0
  if (isInt && mantissa > SAFE_MAX) return 0
  const value = isInt ? <f64>mantissa : toDouble(mantissa, exponent, powers)
  // Integers that a double does not hold are the caller's, and so is what might be one.
  if (!(value <= <f64>SAFE_MAX)) return 0
  store<f64>(out, signed(value, isNegative))
  return isInt ? INT : FLOAT
}

// @ts-ignore: decorator
@inline
function parseNumber(out: usize, start: usize, end: usize, powers: usize): i32 {
  const sign = <u32>load<u8>(start)
  const isNegative = sign == 45
  const from = start + usize(isNegative || sign == 43)
  if (end - from - 1 < 8 && start < end) {
    const kind = parseShort(out, from, end, isNegative, powers)
    if (kind != 0) return kind
  }
  return from < end ? parseLong(out, from, end, isNegative, powers) : 0
}

/** The kind of a literal that the bytes are, or NEITHER. */
function findLiteral(out: usize, start: usize, end: usize, literals: usize, n: i32): i32 {
  const length = end - start
  if (length > 8) return NEITHER
  const key = firstBytes(load<u64>(start), length)
  for (let i = 0; i < n; i++, literals += LITERAL_BYTES) {
    if (load<u64>(literals) != key || <usize>load<i32>(literals, 8) != length) continue
    store<f64>(out, load<f64>(literals, 16))
    return load<i32>(literals, 12)
  }
  return NEITHER
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u32): bool {
  return byte == SPACE || byte == TAB
}

function parseRare(
  out: usize, start: usize, end: usize, literals: usize, n: i32, powers: usize,
): i32 {
  let from = start
  let to = end
  while (from < to && isSpace(<u32>load<u8>(from))) from++
  while (from < to && isSpace(<u32>load<u8>(to - 1))) to--
  if (from < to && <u32>load<u8>(from) == QUOTE) {
    from++
    to = max(from, to - 1)
    while (from < to && isSpace(<u32>load<u8>(from))) from++
    while (from < to && isSpace(<u32>load<u8>(to - 1))) to--
  }
  const kind = findLiteral(out, from, to, literals, n)
  if (kind != NEITHER || from == to || (from == start && to == end)) return kind
  const number = parseNumber(out, from, to, powers)
  return number != 0 ? number : NEITHER
}

export function parseNumbers(
  values: usize, odd: usize, found: usize, text: usize, starts: usize, ends: usize, n: i32,
  literals: usize, nLiterals: i32, powers: usize,
): i32 {
  let kinds = 0
  let firstNumber = -1
  let nOdd: usize = 0
  for (let row = 0; row < n; row++) {
    const cell = <usize>row << 2
    const start = text + <usize>load<i32>(starts + cell)
    const end = text + <usize>load<i32>(ends + cell)
    const out = values + (<usize>row << 3)
    let kind = parseNumber(out, start, end, powers)
    if (kind == 0) {
      kind = parseRare(out, start, end, literals, nLiterals, powers)
      if (kind == NEITHER) {
        store<i32>(odd + (nOdd << 2), row)
        nOdd++
        continue
      }
    }
    if ((kind & ~kinds) != 0) {
      kinds |= kind
      if (firstNumber < 0 && (kind & NUMBERS) != 0) firstNumber = row
    }
  }
  store<i32>(found, kinds)
  store<i32>(found, firstNumber, 4)
  return <i32>nOdd
}
