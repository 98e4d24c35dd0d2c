import { areWide, exp2, expNarrow } from './exp'
import { fixedPairs } from './fixed-point'

/** Two rows' labels as signs: +1 and -1. */
// @ts-ignore: decorator
@inline function signs(isPositive: v128): v128 {
  return v128.bitselect(f64x2.splat(1), f64x2.splat(-1), isPositive)
}

// @ts-ignore: decorator
@inline function areOf(label: usize, positive: f64): v128 {
  return f64x2.eq(v128.load(label), f64x2.splat(positive))
}

/** What of two rows goes to `exp`. */
// @ts-ignore: decorator
@inline function exponents(score: usize, isPositive: v128, sigmoid: f64): v128 {
  return f64x2.mul(f64x2.mul(signs(isPositive), f64x2.splat(sigmoid)), v128.load(score))
}

/** The pairs of two rows, e = e^exponents. */
// @ts-ignore: decorator
@inline function pairsOf(
  e: v128, isPositive: v128, weight: usize, i: usize, sigmoid: f64,
  weightNegative: f64, weightPositive: f64, gradientScale: f64, hessianScale: f64,
): v128 {
  const sig = f64x2.splat(sigmoid)
  const response = f64x2.div(sig, f64x2.add(f64x2.splat(1), e))
  let w = v128.bitselect(f64x2.splat(weightPositive), f64x2.splat(weightNegative), isPositive)
  if (weight) w = f64x2.mul(w, v128.load(weight + i))
  const g = f64x2.mul(f64x2.mul(f64x2.neg(signs(isPositive)), response), w)
  const h = f64x2.mul(f64x2.mul(response, f64x2.sub(sig, response)), w)
  return fixedPairs(
    f64x2.mul(g, f64x2.splat(gradientScale)), f64x2.mul(h, f64x2.splat(hessianScale)))
}

// @ts-ignore: decorator
@inline function put(out: usize, outStride: usize, pairs: v128): void {
  v128.store64_lane(out, pairs, 0)
  v128.store64_lane(out + outStride, pairs, 1)
}

// Four rows at a time, whose chains of operations overlap, then two. The arrays are padded to an
// even number of rows; what is computed for the row behind an odd n is written to the padding.
// Results go straight into records, outStride apart.
export function binaryGradients(
  out: usize, outStride: i32, score: usize, label: usize, weight: usize, n: i32,
  positive: f64, sigmoid: f64, weightNegative: f64, weightPositive: f64, gradientScale: f64,
  hessianScale: f64,
): void {
  const stride = <usize>outStride
  const end = <usize>n << 3
  let i: usize = 0
  for (; i + 32 <= end; i += 32) {
    const a = areOf(label + i, positive), b = areOf(label + i + 16, positive)
    const x = exponents(score + i, a, sigmoid), y = exponents(score + i + 16, b, sigmoid)
    let ex = expNarrow(x), ey = expNarrow(y)
    if (areWide(x, y)) {
      ex = exp2(x)
      ey = exp2(y)
    }
    put(out, stride, pairsOf(
      ex, a, weight, i, sigmoid, weightNegative, weightPositive, gradientScale, hessianScale))
    put(out + (stride << 1), stride, pairsOf(
      ey, b, weight, i + 16, sigmoid, weightNegative, weightPositive, gradientScale,
      hessianScale))
    out += stride << 2
  }
  for (; i < end; i += 16) {
    const a = areOf(label + i, positive)
    put(out, stride, pairsOf(
      exp2(exponents(score + i, a, sigmoid)), a, weight, i, sigmoid, weightNegative,
      weightPositive, gradientScale, hessianScale))
    out += stride << 1
  }
}
