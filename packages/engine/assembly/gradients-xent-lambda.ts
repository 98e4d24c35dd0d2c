import { softplus } from './softplus'
import { exp2 } from './exp'
import { fixedPairs } from './fixed-point'

// Cross entropy of p = 1 - (1 + e^score)^-w with weights w > 0 (LightGBM's cross_entropy_lambda),
// row by row: few use it, and it takes a logarithm. With r = w sigma / p, where sigma is the
// logistic function of the score and q = 1 - p:
//   gradient = w sigma - label r
//   hessian  = w sigma (1 - sigma) + label r (r q - (1 - sigma))
// which are LightGBM's, arranged so that nothing is lost where p is near 0.

// @ts-ignore: decorator
@inline function exp1(x: f64): f64 {
  return f64x2.extract_lane(exp2(f64x2.splat(x)), 0)
}

/** 1 - e^-x for x >= 0. */
// @ts-ignore: decorator
@inline function complement(x: f64, power: f64): f64 {
  if (x >= 0.03125) return 1 - power
  return x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6 * (1 - x / 7))))))
}

export function xentLambdaGradients(
  out: usize, outStride: i32, score: usize, label: usize, weight: usize, n: i32,
  gradientScale: f64, hessianScale: f64,
): void {
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 8) {
    const s = load<f64>(score + i), y = load<f64>(label + i), w = load<f64>(weight + i)
    const sigma = 1 / (1 + exp1(-s)), rest = 1 / (1 + exp1(s))
    const x = w * softplus(s)
    const q = exp1(-x)
    const p = complement(x, q)
    // where e^score underflows the ratio has its limit, 1
    const r = p > 1e-300 ? w * sigma / p : 1
    const g = w * sigma - y * r
    const h = w * sigma * rest + y * (r * (r * q - rest))
    const pairs = fixedPairs(
      f64x2.splat(g * gradientScale), f64x2.splat(Math.max(h, 0) * hessianScale))
    v128.store64_lane(out, pairs, 0)
    out += outStride
  }
}
