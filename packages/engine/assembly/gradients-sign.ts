import { fixedPairs } from './fixed-point'

// Losses that count on which side of the score labels are: absolute error, quantile, percentage
// error. See signGradients in src/kernels/api.ts.

/** Gradients of two rows before weights; d is score - label. */
// @ts-ignore: decorator
@inline function side(d: v128, near: v128, below: v128, equal: v128, above: v128): v128 {
  const notLess = v128.bitselect(above, equal, f64x2.gt(d, near))
  return v128.bitselect(below, notLess, f64x2.lt(d, f64x2.neg(near)))
}

export function signGradients(
  out: usize, outStride: i32, score: usize, label: usize, weight: usize, n: i32, near: f64,
  below: f64, equal: f64, above: f64, isRelative: i32, gradientScale: f64, hessianScale: f64,
): void {
  const gScale = f64x2.splat(gradientScale), hScale = f64x2.splat(hessianScale)
  const b = f64x2.splat(below), e = f64x2.splat(equal), a = f64x2.splat(above)
  const one = f64x2.splat(1), reach = f64x2.splat(near)
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 16) {
    const y = v128.load(label + i)
    const w = weight ? v128.load(weight + i) : one
    let g = f64x2.mul(side(f64x2.sub(v128.load(score + i), y), reach, b, e, a), w)
    if (isRelative) g = f64x2.div(g, f64x2.max(one, f64x2.abs(y)))
    const pairs = fixedPairs(f64x2.mul(g, gScale), f64x2.mul(w, hScale))
    v128.store64_lane(out, pairs, 0)
    v128.store64_lane(out + outStride, pairs, 1)
    out += <usize>outStride << 1
  }
}
