/** The logistic function and its integral, from `exp` and `log1p` in a fixed order. */

import { exp } from './exp.js'
import { log1p } from './log.js'

/**
 * 1 / (1 + e^-x). Exactly 0 for x <= -710 (also -Infinity), exactly 1 from about 37 on;
 * NaN gives NaN. A SIMD twin does the same three operations with the twin of `exp`.
 */
export function sigmoid(x: number): number {
  return 1 / (1 + exp(-x))
}

/** ln(1 + e^x) without overflow: the loss of a logistic raw score. Infinity stays. */
export function softplus(x: number): number {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
}
