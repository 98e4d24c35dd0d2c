/**
 * Natural logarithms in plain f64 arithmetic, the same bits on every machine and engine.
 *
 * After FreeBSD's `e_log.c`, `s_log1p.c` (Sun Microsystems, 1993; freely distributable) in the
 * straight-line arrangement of musl 1.1. Error < 1 ulp.
 *
 * A twin must do exactly these operations, each rounded to f64, none fused, in this order, for
 * finite x > 0 (the others are selected away, see `log`):
 *
 *     1. k = 0;  if x < 2^-1022: x = x * 2^54, k = -54
 *     2. h = highWord(x) + (0x3FF00000 - 0x3FE6A09E)          integers
 *     3. k = k + (h >> 20) - 1023
 *     4. m = double of words ((h & 0xFFFFF) + 0x3FE6A09E, lowWord(x))   sqrt(1/2) < m < sqrt(2)
 *     5. f = m - 1,  s = f / (2 + f)
 *     6. z = s * s,  w = z * z
 *     7. a = w * (L2 + w * (L4 + w * L6))
 *     8. b = z * (L1 + w * (L3 + w * (L5 + w * L7)))
 *     9. R = b + a,  q = (0.5 * f) * f
 *    10. result = ((((s * (q + R)) + (k * LN2_LO)) - q) + f) + k * LN2_HI
 */

import { asDouble, asWords, HIGH } from './words.js'

const LN2_HI = 6.93147180369123816490e-1 // 0x3FE62E42FEE00000
const LN2_LO = 1.90821492927058770002e-10 // 0x3DEA39EF35793C76
const L1 = 6.666666666666735130e-1 // 0x3FE5555555555593
const L2 = 3.999999999940941908e-1 // 0x3FD999999997FA04
const L3 = 2.857142874366239149e-1 // 0x3FD2492494229359
const L4 = 2.222219843214978396e-1 // 0x3FCC71C51D8E78AF
const L5 = 1.818357216161805012e-1 // 0x3FC7466496CB03DE
const L6 = 1.531383769920937332e-1 // 0x3FC39A09D078C69F
const L7 = 1.479819860511658591e-1 // 0x3FC2F112DF3E5244
/** High word of sqrt(1/2), and its distance from that of 1. */
const SQRT_HALF_WORD = 0x3fe6a09e
const WORD_SHIFT = 0x3ff00000 - SQRT_HALF_WORD
const SMALLEST_NORMAL = 2.2250738585072014e-308
const TWO_54 = 18014398509481984

/** Steps 5 to 10 above, with a correction added to the low part (0 in `log`). */
function logOfReduced(f: number, k: number, correction: number): number {
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const a = w * (L2 + w * (L4 + w * L6))
  const b = z * (L1 + w * (L3 + w * (L5 + w * L7)))
  const R = b + a
  const q = 0.5 * f * f
  return s * (q + R) + (k * LN2_LO + correction) - q + f + k * LN2_HI
}

/**
 * ln x. log(0) and log(-0) are -Infinity, negative numbers and NaN give NaN, Infinity stays.
 * @returns within 1 ulp of the true value; the same bits everywhere
 */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN
  if (x === Infinity) return x
  const isSubnormal = x < SMALLEST_NORMAL
  asDouble[0] = isSubnormal ? x * TWO_54 : x
  const h = asWords[HIGH]! + WORD_SHIFT
  const k = (h >> 20) - 1023 - (isSubnormal ? 54 : 0)
  asWords[HIGH] = (h & 0xfffff) + SQRT_HALF_WORD
  return logOfReduced(asDouble[0]! - 1, k, 0)
}

/**
 * ln(1 + x), exact to 1 ulp also where x is tiny. log1p(-1) is -Infinity, x < -1 and NaN give
 * NaN, Infinity stays, and the sign of zero is kept.
 */
export function log1p(x: number): number {
  if (!(x > -1)) return x === -1 ? -Infinity : NaN
  if (x === Infinity) return x
  if (x > -1.1102230246251565e-16 && x < 1.1102230246251565e-16) return x
  // 1 + x within (sqrt(1/2), sqrt(2)): nothing to reduce.
  if (x > -0.29289 && x < 0.41421) return logOfReduced(x, 0, 0)
  const u = 1 + x
  asDouble[0] = u
  const h = asWords[HIGH]! + WORD_SHIFT
  const k = (h >> 20) - 1023
  // What rounding took from 1 + x, relative to it; nothing is left of it once 1 is far below.
  const lost = k >= 2 ? 1 - (u - x) : x - (u - 1)
  const correction = k < 54 ? lost / u : 0
  asWords[HIGH] = (h & 0xfffff) + SQRT_HALF_WORD
  return logOfReduced(asDouble[0]! - 1, k, correction)
}
