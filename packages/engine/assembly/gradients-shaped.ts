import { exp2 } from './exp'
import { fixedPairs } from './fixed-point'
import { softplus } from './softplus'

// Objectives of one output that LightGBM does not have, row by row. Which one is a constant in
// every loop below; `a` and `b` are the objective's numbers; see ShapedKind in
// src/kernels/objective-kinds.ts.
// The twin is src/kernels/reference-shaped.ts: the same operations in the same order.
const EXPECTILE: i32 = 0
const PSEUDO_HUBER: i32 = 1
const LOG_COSH: i32 = 2
const FOCAL: i32 = 3

// @ts-ignore: decorator
@inline function exp1(x: f64): f64 {
  return f64x2.extract_lane(exp2(f64x2.splat(x)), 0)
}

// Gradient and hessian of a row without its weight; globals, for a function returns one number.
let gradient: f64 = 0
let hessian: f64 = 0

function focal(a: f64, b: f64, s: f64, y: f64): void {
  const isPositive = y > 0.5
  const z = isPositive ? s : -s
  const logP = -softplus(-z), logQ = -softplus(z)
  const p = exp1(logP), q = exp1(logQ)
  const c = (isPositive ? b : 1 - b) * exp1(a * logQ)
  const g = c * (a * p * logP - q)
  gradient = isPositive ? g : -g
  hessian = Math.max(c * p * (q * (1 + 2 * a) + a * logP * (q - a * p)),
    (isPositive ? b : 1 - b) * 1e-6)
}

// @ts-ignore: decorator
@inline function derive(kind: i32, a: f64, b: f64, s: f64, y: f64): void {
  if (kind == EXPECTILE) {
    const d = s - y
    hessian = d > 0 ? 1 - a : a
    gradient = hessian * d
  } else if (kind == PSEUDO_HUBER) {
    const d = s - y
    const z = d / a
    const r = 1 + z * z
    const root = Math.sqrt(r)
    gradient = d / root
    hessian = 1 / (r * root)
  } else if (kind == LOG_COSH) {
    const d = s - y
    const e = exp1(-2 * Math.abs(d))
    const t = (1 - e) / (1 + e)
    gradient = d < 0 ? -t : t
    hessian = 4 * e / ((1 + e) * (1 + e))
  } else if (kind == FOCAL) {
    focal(a, b, s, y)
  } else {
    const sign: f64 = y > 0.5 ? 1 : -1
    const isShort = sign * s < 1
    gradient = isShort ? -sign : 0
    hessian = isShort ? 1 : 0
  }
}

// @ts-ignore: decorator
@inline function rows(
  kind: i32, a: f64, b: f64, out: usize, stride: usize, score: usize, label: usize, weight: usize,
  end: usize, gScale: f64, hScale: f64,
): void {
  for (let i: usize = 0; i < end; i += 8) {
    derive(kind, a, b, load<f64>(score + i), load<f64>(label + i))
    const w = weight ? load<f64>(weight + i) : 1
    const pairs = fixedPairs(
      f64x2.splat(gradient * w * gScale), f64x2.splat(hessian * w * hScale))
    v128.store64_lane(out, pairs, 0)
    out += stride
  }
}

// @ts-ignore: decorator
@inline function largest(
  kind: i32, a: f64, b: f64, score: usize, label: usize, weight: usize, end: usize,
): f64 {
  let max: f64 = 0
  for (let i: usize = 0; i < end; i += 8) {
    derive(kind, a, b, load<f64>(score + i), load<f64>(label + i))
    max = Math.max(max, Math.abs(weight ? gradient * load<f64>(weight + i) : gradient))
  }
  return max
}

export function shapedMaximum(
  kind: i32, a: f64, b: f64, score: usize, label: usize, weight: usize, n: i32,
): f64 {
  const end = <usize>n << 3
  switch (kind) {
    case EXPECTILE: return largest(EXPECTILE, a, b, score, label, weight, end)
    case PSEUDO_HUBER: return largest(PSEUDO_HUBER, a, b, score, label, weight, end)
    case LOG_COSH: return largest(LOG_COSH, a, b, score, label, weight, end)
    case FOCAL: return largest(FOCAL, a, b, score, label, weight, end)
    default: return largest(4, a, b, score, label, weight, end)
  }
}

export function shapedGradients(
  kind: i32, a: f64, b: f64, out: usize, outStride: i32, score: usize, label: usize,
  weight: usize, n: i32, gScale: f64, hScale: f64,
): void {
  const s = <usize>outStride, end = <usize>n << 3
  switch (kind) {
    case EXPECTILE: rows(EXPECTILE, a, b, out, s, score, label, weight, end, gScale, hScale); break
    case PSEUDO_HUBER:
      rows(PSEUDO_HUBER, a, b, out, s, score, label, weight, end, gScale, hScale); break
    case LOG_COSH: rows(LOG_COSH, a, b, out, s, score, label, weight, end, gScale, hScale); break
    case FOCAL: rows(FOCAL, a, b, out, s, score, label, weight, end, gScale, hScale); break
    default: rows(4, a, b, out, s, score, label, weight, end, gScale, hScale)
  }
}
