/**
 * e^x in plain f64 arithmetic, the same bits on every machine and engine.
 *
 * Reduction and rational approximation are those of fdlibm's `e_exp.c` (Sun Microsystems, 1993;
 * freely distributable), as a straight line without tables, so that a SIMD kernel can do the
 * same to two lanes. Error < 1 ulp, also where the result is subnormal.
 *
 * A twin must do exactly these operations, each rounded to f64, none fused, in this order:
 *
 *     1. y  = x > X_MAX ? X_MAX : x               f64x2.pmin(x, X_MAX)
 *     2. y  = y < X_MIN ? X_MIN : y               f64x2.pmax(y, X_MIN)      (NaN stays NaN)
 *     3. t  = y * LOG2_E + ROUND                  the integer n sits in the low bits of t
 *     4. n  = t - ROUND                           nearest integer, ties to even; -1076 .. 1024
 *     5. hi = y - n * LN2_HI                      exact
 *     6. lo = n * LN2_LO
 *     7. r  = hi - lo                             |r| <= 0.3466
 *     8. s  = r * r
 *     9. c  = r - s * (P1 + s * (P2 + s * (P3 + s * (P4 + s * P5))))
 *    10. v  = 1 - ((lo - (r * c) / (2 - c)) - hi)
 *    11. a  = n >> 1 (towards -Infinity), b = n - a
 *    12. result = (v * 2^a) * 2^b                 2^k has the high word (1023 + k) << 20, low 0
 *
 * Two factors because 2^n itself may be out of range. The first product is exact, so only the
 * second rounds: overflow to Infinity, underflow to subnormals and to 0 come out right without
 * a branch. With NaN, n converts to 0 or to anything in range and v is NaN.
 */

import { asDouble, asWords, HIGH, LOW } from './words.js'

/** e^X_MAX overflows to Infinity. */
const X_MAX = 710
/** e^X_MIN rounds to 0 (it is below 2^-1075). */
const X_MIN = -746
const LOG2_E = 1.44269504088896338700 // 0x3FF71547652B82FE
/** 1.5 * 2^52: adding it rounds to an integer. */
const ROUND = 6755399441055744
const LN2_HI = 6.93147180369123816490e-1 // 0x3FE62E42FEE00000, 21 trailing zero bits
const LN2_LO = 1.90821492927058770002e-10 // 0x3DEA39EF35793C76
const P1 = 1.66666666666666019037e-1 // 0x3FC555555555553E
const P2 = -2.77777777770155933842e-3 // 0xBF66C16C16BEBD93
const P3 = 6.61375632143793436117e-5 // 0x3F11566AAF25DE2C
const P4 = -1.65339022054652515390e-6 // 0xBEBBBD41C5D26BF1
const P5 = 4.13813679705723846039e-8 // 0x3E66376972BEA4D0

/**
 * e^x. NaN gives NaN, -Infinity 0, Infinity and x > 709.78 Infinity.
 * @returns within 1 ulp of the true value; the same bits everywhere
 */
export function exp(x: number): number {
  let y = x > X_MAX ? X_MAX : x
  y = y < X_MIN ? X_MIN : y
  const t = y * LOG2_E + ROUND
  const n = t - ROUND
  const hi = y - n * LN2_HI
  const lo = n * LN2_LO
  const r = hi - lo
  const s = r * r
  const c = r - s * (P1 + s * (P2 + s * (P3 + s * (P4 + s * P5))))
  const v = 1 - ((lo - (r * c) / (2 - c)) - hi)
  const nInt = n | 0
  const a = nInt >> 1
  asWords[LOW] = 0
  asWords[HIGH] = (1023 + a) << 20
  const first = v * asDouble[0]!
  asWords[HIGH] = (1023 + nInt - a) << 20
  return first * asDouble[0]!
}
