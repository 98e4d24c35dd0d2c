import { areWide, exp2, expNarrow } from './exp'
import { fixedPairs } from './fixed-point'
import { largestOf } from './largest'

// Objectives of one output whose gradient is a short formula of score and label. Which one is a
// constant in every loop below: the kernels choose once, and the formulas of the others fold away.
// `a` is the objective's number; see PointwiseKind in src/kernels/objective-kinds.ts.
const SQRT: i32 = 0
const HUBER: i32 = 1
const FAIR: i32 = 2
const POISSON: i32 = 3
const GAMMA: i32 = 4
const TWEEDIE: i32 = 5
const CROSS_ENTROPY: i32 = 6

/** What of two rows goes to `exp`, and for tweedie the second number that does. */
// @ts-ignore: decorator
@inline function exponent(kind: i32, score: v128, a: f64): v128 {
  if (kind == POISSON) return score
  if (kind == TWEEDIE) return f64x2.mul(f64x2.splat(1 - a), score)
  return f64x2.neg(score)
}

// @ts-ignore: decorator
@inline function usesExp(kind: i32): bool {
  return kind >= POISSON
}

/** Absolute errors of two rows and the constant, added. */
// @ts-ignore: decorator
@inline function reach(d: v128, a: f64): v128 {
  return f64x2.add(f64x2.abs(d), f64x2.splat(a))
}

/** Gradients of two rows without weights; e and f are e^exponents. */
// @ts-ignore: decorator
@inline function gradient(kind: i32, s: v128, y: v128, e: v128, f: v128, a: f64): v128 {
  const one = f64x2.splat(1)
  if (kind == POISSON) return f64x2.sub(e, y)
  if (kind == GAMMA) return f64x2.sub(one, f64x2.mul(y, e))
  if (kind == TWEEDIE) return f64x2.sub(f, f64x2.mul(y, e))
  if (kind == CROSS_ENTROPY) return f64x2.sub(f64x2.div(one, f64x2.add(one, e)), y)
  if (kind == SQRT) {
    const sign = v128.and(y, f64x2.splat(-0.0))
    return f64x2.sub(s, v128.or(f64x2.sqrt(f64x2.abs(y)), sign))
  }
  const d = f64x2.sub(s, y)
  if (kind == HUBER) return f64x2.pmax(f64x2.splat(-a), f64x2.pmin(f64x2.splat(a), d))
  return f64x2.div(f64x2.mul(f64x2.splat(a), d), reach(d, a))
}

/** Hessians of two rows without weights. */
// @ts-ignore: decorator
@inline function hessian(kind: i32, s: v128, y: v128, e: v128, f: v128, a: f64): v128 {
  const one = f64x2.splat(1)
  if (kind == POISSON) return f64x2.mul(e, f64x2.splat(a))
  if (kind == GAMMA) return f64x2.mul(y, e)
  if (kind == TWEEDIE) {
    return f64x2.add(
      f64x2.mul(f64x2.splat(a - 1), f64x2.mul(y, e)), f64x2.mul(f64x2.splat(2 - a), f))
  }
  if (kind == CROSS_ENTROPY) {
    const z = f64x2.div(one, f64x2.add(one, e))
    return f64x2.mul(z, f64x2.sub(one, z))
  }
  if (kind == FAIR) {
    const t = reach(f64x2.sub(s, y), a)
    return f64x2.div(f64x2.splat(a * a), f64x2.mul(t, t))
  }
  return one
}

// @ts-ignore: decorator
@inline function weigh(value: v128, weight: usize, i: usize): v128 {
  return weight ? f64x2.mul(value, v128.load(weight + i)) : value
}

// @ts-ignore: decorator
@inline function second(kind: i32, score: v128, a: f64): v128 {
  return kind == TWEEDIE ? exp2(f64x2.mul(f64x2.splat(2 - a), score)) : score
}

// @ts-ignore: decorator
@inline function put(
  kind: i32, out: usize, stride: usize, s: v128, e: v128, label: usize, weight: usize, i: usize,
  a: f64, gradientScale: f64, hessianScale: f64,
): void {
  const y = v128.load(label + i)
  const f = second(kind, s, a)
  const g = weigh(gradient(kind, s, y, e, f, a), weight, i)
  const h = weigh(hessian(kind, s, y, e, f, a), weight, i)
  const pairs = fixedPairs(
    f64x2.mul(g, f64x2.splat(gradientScale)), f64x2.mul(h, f64x2.splat(hessianScale)))
  v128.store64_lane(out, pairs, 0)
  v128.store64_lane(out + stride, pairs, 1)
}

/** Four rows at a time, whose chains of operations overlap, then two; see binaryGradients. */
// @ts-ignore: decorator
@inline function rows(
  kind: i32, a: f64, out: usize, stride: usize, score: usize, label: usize, weight: usize,
  end: usize, gScale: f64, hScale: f64,
): void {
  let i: usize = 0
  for (; i + 32 <= end; i += 32) {
    const s = v128.load(score + i), t = v128.load(score + i + 16)
    let ex = s, ey = t
    if (usesExp(kind)) {
      const x = exponent(kind, s, a), y = exponent(kind, t, a)
      ex = expNarrow(x)
      ey = expNarrow(y)
      if (areWide(x, y)) {
        ex = exp2(x)
        ey = exp2(y)
      }
    }
    put(kind, out, stride, s, ex, label, weight, i, a, gScale, hScale)
    put(kind, out + (stride << 1), stride, t, ey, label, weight, i + 16, a, gScale, hScale)
    out += stride << 2
  }
  for (; i < end; i += 16) {
    const s = v128.load(score + i)
    const e = usesExp(kind) ? exp2(exponent(kind, s, a)) : s
    put(kind, out, stride, s, e, label, weight, i, a, gScale, hScale)
    out += stride << 1
  }
}

/** Largest |gradient|; the second lane of an odd last pair is padding and does not count. */
// @ts-ignore: decorator
@inline function largest(
  kind: i32, a: f64, score: usize, label: usize, weight: usize, n: i32,
): f64 {
  let max = f64x2.splat(0), sum = max
  const end = <usize>n << 3
  for (let i: usize = 0; i < end; i += 16) {
    const s = v128.load(score + i)
    const e = usesExp(kind) ? exp2(exponent(kind, s, a)) : s
    const f = second(kind, s, a)
    let g = f64x2.abs(weigh(gradient(kind, s, v128.load(label + i), e, f, a), weight, i))
    if (i + 8 == end) g = f64x2.replace_lane(g, 1, 0)
    max = f64x2.pmax(max, g)
    sum = f64x2.add(sum, g)
  }
  return largestOf(max, sum)
}

export function pointwiseMaximum(
  kind: i32, a: f64, score: usize, label: usize, weight: usize, n: i32,
): f64 {
  switch (kind) {
    case SQRT: return largest(SQRT, a, score, label, weight, n)
    case HUBER: return largest(HUBER, a, score, label, weight, n)
    case FAIR: return largest(FAIR, a, score, label, weight, n)
    case POISSON: return largest(POISSON, a, score, label, weight, n)
    case GAMMA: return largest(GAMMA, a, score, label, weight, n)
    case TWEEDIE: return largest(TWEEDIE, a, score, label, weight, n)
    default: return largest(CROSS_ENTROPY, a, score, label, weight, n)
  }
}

export function pointwiseGradients(
  kind: i32, a: f64, out: usize, outStride: i32, score: usize, label: usize, weight: usize, n: i32,
  gScale: f64, hScale: f64,
): void {
  const stride = <usize>outStride, end = <usize>n << 3
  switch (kind) {
    case SQRT: rows(SQRT, a, out, stride, score, label, weight, end, gScale, hScale); break
    case HUBER: rows(HUBER, a, out, stride, score, label, weight, end, gScale, hScale); break
    case FAIR: rows(FAIR, a, out, stride, score, label, weight, end, gScale, hScale); break
    case POISSON: rows(POISSON, a, out, stride, score, label, weight, end, gScale, hScale); break
    case GAMMA: rows(GAMMA, a, out, stride, score, label, weight, end, gScale, hScale); break
    case TWEEDIE: rows(TWEEDIE, a, out, stride, score, label, weight, end, gScale, hScale); break
    default: rows(CROSS_ENTROPY, a, out, stride, score, label, weight, end, gScale, hScale)
  }
}
