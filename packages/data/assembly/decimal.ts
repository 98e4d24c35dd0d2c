// Decimal numbers to the nearest double.

/** 10^0 .. 10^22 as f64, then the entries of 10^POWER_MIN .. 10^POWER_MAX, each two u64. */
export const ENTRIES: usize = 192
export const POWER_MIN: i32 = -80
export const POWER_MAX: i32 = 60
const EXACT_POWER_MAX: i32 = 22
const EXACT_MAX: u64 = 0x20_0000_0000_0000

/** The upper 64 bits of a * b; WebAssembly multiplies to the lower ones alone. */
// @ts-ignore: decorator
@inline
function timesHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff
  const aHigh = a >> 32
  const bLow = b & 0xffff_ffff
  const bHigh = b >> 32
  const middle = aHigh * bLow + ((aLow * bLow) >> 32)
  const other = aLow * bHigh + (middle & 0xffff_ffff)
  return aHigh * bHigh + (middle >> 32) + (other >> 32)
}

/**
 * mantissa * 10^exponent, rounded to nearest, ties to even; NaN where the tables do not tell.
 * One exact operation where both are exact doubles (Clinger 1990), else a product of 128 bits
 * (Lemire, "Number parsing at a gigabyte per second", 2021, section 5).
 */
export function toDouble(mantissa: u64, exponent: i32, powers: usize): f64 {
  if (mantissa <= EXACT_MAX && exponent <= EXACT_POWER_MAX && exponent >= -EXACT_POWER_MAX) {
    return exponent < 0
      ? <f64>mantissa / load<f64>(powers + (<usize>-exponent << 3))
      : <f64>mantissa * load<f64>(powers + (<usize>exponent << 3))
  }
  if (mantissa == 0) return 0
  if (exponent < POWER_MIN || exponent > POWER_MAX) return NaN
  const entry = powers + ENTRIES + (<usize>(exponent - POWER_MIN) << 4)
  const zeros = clz(mantissa)
  const w = mantissa << zeros
  const power = load<u64>(entry)
  let high = timesHigh(w, power)
  let low = w * power
  if ((high & 0x1ff) == 0x1ff) {
    const rest = timesHigh(w, load<u64>(entry, 8))
    low += rest
    if (low < rest) high++
  }
  if (low == <u64>-1 && (exponent < -27 || exponent > 55)) return NaN
  const upper = high >> 63
  const shift = upper + 9
  let m = high >> shift
  // log2(10) in 16 bits behind the point
  let e = ((217706 * exponent) >> 16) + 1086 + <i32>upper - <i32>zeros
  if (low <= 1 && exponent >= -4 && exponent <= 23 && (m & 3) == 1 && (m << shift) == high) {
    m &= ~(<u64>1)
  }
  m += m & 1
  m >>= 1
  if (m >= <u64>1 << 53) {
    m = <u64>1 << 52
    e++
  }
  return reinterpret<f64>((m & ~(<u64>1 << 52)) | (<u64>e << 52))
}
