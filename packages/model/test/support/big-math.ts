/**
 * exp and ln in 256-bit fixed point over BigInt: an oracle that shares no code with src/math.
 */

const BITS = 256n
const ONE = 1n << BITS

/** The double as an exact fixed-point number (bits below 2^-256 are cut). */
export function toFixed(x: number): bigint {
  if (x === 0) return 0n
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const biased = (bits >> 52n) & 0x7ffn
  const mantissa = (bits & 0xfffffffffffffn) | (biased === 0n ? 0n : 1n << 52n)
  const exponent = (biased === 0n ? 1n : biased) - 1075n + BITS
  const magnitude = exponent >= 0n ? mantissa << exponent : mantissa >> -exponent
  return bits >> 63n === 1n ? -magnitude : magnitude
}

/** ln of a fixed-point number in [0.5, 2], by 2 atanh((x - 1) / (x + 1)). */
function lnNearOne(x: bigint): bigint {
  const s = ((x - ONE) << BITS) / (x + ONE)
  const square = (s * s) >> BITS
  let power = s
  let sum = 0n
  for (let i = 1n; power !== 0n; i += 2n) {
    sum += power / i
    power = (power * square) >> BITS
    if (power === -1n) break
  }
  return 2n * sum
}

export const LN2 = lnNearOne(2n * ONE)

/** A value mantissa * 2^exponent with a fixed-point mantissa. */
export interface BigFloat {
  readonly mantissa: bigint
  readonly exponent: bigint
}

/** e^x for |x| < 2^20: mantissa in (0.7, 1.42) and an exponent. */
export function bigExp(x: number): BigFloat {
  const fixed = toFixed(x)
  const exponent = (2n * fixed + LN2) / (2n * LN2) - (2n * fixed + LN2 < 0n ? 1n : 0n)
  const r = fixed - exponent * LN2
  let term = ONE
  let sum = 0n
  for (let i = 1n; term !== 0n && term !== -1n; i++) {
    sum += term
    term = (term * r) / (i << BITS)
  }
  return { mantissa: sum, exponent }
}

/** ln of a positive rational, as fixed point. */
export function bigLog(x: BigFloat): bigint {
  let { mantissa, exponent } = x
  while (mantissa > ONE + (ONE >> 1n)) {
    mantissa >>= 1n
    exponent += 1n
  }
  while (mantissa < (ONE >> 1n) + (ONE >> 2n)) {
    mantissa <<= 1n
    exponent -= 1n
  }
  return lnNearOne(mantissa) + exponent * LN2
}

/** A positive double as mantissa and exponent, exactly. */
export function toBigFloat(x: number): BigFloat {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const biased = (bits >> 52n) & 0x7ffn
  const mantissa = (bits & 0xfffffffffffffn) | (biased === 0n ? 0n : 1n << 52n)
  return { mantissa: mantissa << (BITS - 52n), exponent: (biased === 0n ? 1n : biased) - 1023n }
}

/**
 * |got - true| in units of the last place of `got`.
 * @param truth - mantissa * 2^exponent; for logarithms the mantissa may be negative
 */
export function errorInUlps(got: number, truth: BigFloat): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, Math.abs(got))
  const biased = (view.getBigUint64(0) >> 52n) & 0x7ffn
  const ulpExponent = (biased === 0n ? 1n : biased) - 1075n
  // Everything in units of 2^-32 ulp.
  const scale = 32n - ulpExponent
  const shift = truth.exponent + scale - BITS
  const wanted = shift >= 0n ? truth.mantissa << shift : truth.mantissa >> -shift
  const magnitude = toBigFloat(Math.abs(got))
  const shiftGot = magnitude.exponent + scale - BITS
  let have = got === 0 ? 0n : shiftGot >= 0n
    ? magnitude.mantissa << shiftGot
    : magnitude.mantissa >> -shiftGot
  if (got < 0) have = -have
  const difference = have > wanted ? have - wanted : wanted - have
  return Number(difference) / 2 ** 32
}
