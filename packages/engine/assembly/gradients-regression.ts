import { largestOf } from './largest'

// Squared error: gradient (score - label) * weight, hessian weight. The scale of the gradients
// comes from their exact maximum, so there are two passes: `residuals` finds the maximum,
// `residualGradients` quantises.

// @ts-ignore: decorator
@inline function residual(score: usize, label: usize, weight: usize, i: usize): v128 {
  const r = f64x2.sub(v128.load(score + i), v128.load(label + i))
  return weight ? f64x2.mul(r, v128.load(weight + i)) : r
}

/** max |gradient| over n rows; the row of padding holds score = label. */
export function residuals(score: usize, label: usize, weight: usize, n: i32): f64 {
  let max = f64x2.splat(0), sum = max
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 16) {
    const r = f64x2.abs(residual(score, label, weight, i))
    max = f64x2.pmax(max, r)
    sum = f64x2.add(sum, r)
  }
  return largestOf(max, sum)
}

export function residualGradients(
  out: usize, outStride: i32, score: usize, label: usize, weight: usize, n: i32,
  gradientScale: f64, hessianScale: f64,
): void {
  const gScale = f64x2.splat(gradientScale), hScale = f64x2.splat(hessianScale)
  const one = f64x2.splat(1)
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 16) {
    const g = residual(score, label, weight, i)
    const h = weight ? v128.load(weight + i) : one
    const gInt = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(g, gScale)))
    const hInt = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(h, hScale)))
    const pairs = i32x4.shuffle(gInt, hInt, 0, 4, 1, 5)
    v128.store64_lane(out, pairs, 0)
    v128.store64_lane(out + outStride, pairs, 1)
    out += <usize>outStride << 1
  }
}
