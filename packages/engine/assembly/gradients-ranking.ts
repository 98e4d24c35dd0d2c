import { rowDraw } from './draw'
import { exp2 } from './exp'
import { fixedPairs } from './fixed-point'
import { log } from './log'
import { sortRows } from './sort-rows'

// Objectives whose gradients depend on all rows of a query. A query's rows follow each other;
// queries begin at local rows starts[0 .. nQueries], i32, the last being the end. Gradients and
// hessians are written as doubles, for their largest magnitude sets the scale; `putRounded` makes
// pairs of integers of them. `work` is in planes of `planeBytes`, each with room for the doubles
// of the largest query and one more.

const LOG2_E: f64 = 1.44269504088896338700

// @ts-ignore: decorator
@inline function weigh(
  gradient: usize, hessian: usize, weight: usize, first: usize, n: i32, slope: f64,
): f64 {
  let largest: f64 = 0
  for (let i: usize = first, end = first + (<usize>n << 3); i < end; i += 8) {
    if (weight) {
      const w = load<f64>(weight + i)
      store<f64>(gradient + i, load<f64>(gradient + i) * w)
      store<f64>(hessian + i, load<f64>(hessian + i) * w)
    }
    largest = Math.max(largest, Math.abs(load<f64>(gradient + i)))
    if (slope > 0) largest = Math.max(largest, load<f64>(hessian + i) / slope)
  }
  return largest
}

/** Adds up the pairs of a sorted query in `lambda` and `curve`. Returns the sum of |lambda|. */
function addPairs(
  score: usize, label: usize, gain: usize, discount: usize, lambda: usize, curve: usize, n: i32,
  truncation: i32, inverse: f64, sigmoid: f64, isNormed: bool,
): f64 {
  const one = f64x2.splat(1), steepness = f64x2.splat(sigmoid), ideal = f64x2.splat(inverse)
  const square = f64x2.splat(sigmoid * sigmoid), negative = f64x2.splat(-sigmoid)
  const near = f64x2.splat(<f64>(<f32>0.01))
  const signBit = f64x2.splat(-0.0)
  const end = <usize>n << 3
  let sum: f64 = 0
  for (let i: usize = 0; i < <usize>min(truncation, n - 1) << 3; i += 8) {
    const y = load<f64>(label + i)
    const si = v128.load64_splat(score + i), yi = f64x2.splat(y)
    const gi = v128.load64_splat(gain + i), di = v128.load64_splat(discount + i)
    // what stands behind the last row pairs with none
    store<f64>(label + end, y)
    let lambdas = f64x2.splat(0), curves = f64x2.splat(0), sums = f64x2.splat(0)
    for (let j = i + 8; j < end; j += 16) {
      const yj = v128.load(label + j)
      const differs = f64x2.ne(yi, yj)
      if (!v128.any_true(differs)) continue
      const distance = f64x2.sub(si, v128.load(score + j))
      const isSwapped = v128.and(f64x2.lt(yi, yj), signBit)
      const gap = f64x2.abs(f64x2.sub(gi, v128.load(gain + j)))
      const paired = f64x2.abs(f64x2.sub(di, v128.load(discount + j)))
      let delta = f64x2.mul(f64x2.mul(gap, paired), ideal)
      if (isNormed) delta = f64x2.div(delta, f64x2.add(near, f64x2.abs(distance)))
      delta = v128.and(delta, differs)
      const e = exp2(f64x2.mul(v128.xor(distance, isSwapped), steepness))
      const p = f64x2.div(one, f64x2.add(one, e))
      const h = f64x2.mul(f64x2.mul(p, f64x2.sub(one, p)), f64x2.mul(square, delta))
      const l = f64x2.mul(p, f64x2.mul(negative, delta))
      const own = v128.xor(l, isSwapped)
      lambdas = f64x2.add(lambdas, own)
      curves = f64x2.add(curves, h)
      sums = f64x2.sub(sums, l)
      v128.store(lambda + j, f64x2.sub(v128.load(lambda + j), own))
      v128.store(curve + j, f64x2.add(v128.load(curve + j), h))
    }
    store<f64>(lambda + i,
      load<f64>(lambda + i) + (f64x2.extract_lane(lambdas, 0) + f64x2.extract_lane(lambdas, 1)))
    store<f64>(curve + i,
      load<f64>(curve + i) + (f64x2.extract_lane(curves, 0) + f64x2.extract_lane(curves, 1)))
    sum += f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
  }
  return 2 * sum
}

export function lambdaGradients(
  gradient: usize, hessian: usize, score: usize, label: usize, weight: usize, starts: usize,
  nQueries: i32, inverses: usize, gains: usize, discount: usize, truncation: i32, isNormed: i32,
  sigmoid: f64, work: usize, planeBytes: i32,
): f64 {
  const plane = <usize>planeBytes
  const sorted = work, labels = work + plane, gain = work + 2 * plane
  const lambda = work + 3 * plane, curve = work + 4 * plane
  const rows = work + 5 * plane, spareRows = rows + (plane >> 1)
  let largest: f64 = 0
  for (let q = 0; q < nQueries; q++) {
    const begin = load<i32>(starts + (<usize>q << 2))
    const n = load<i32>(starts + (<usize>q << 2), 4) - begin
    const first = <usize>begin << 3
    const bytes = <usize>n << 3
    const inverse = load<f64>(inverses + (<usize>q << 3))
    if (inverse == 0 || n < 2) {
      memory.fill(gradient + first, 0, bytes)
      memory.fill(hessian + first, 0, bytes)
      continue
    }
    memory.copy(sorted, score + first, bytes)
    for (let i = 0; i < n; i++) store<i32>(rows + (<usize>i << 2), i)
    sortRows(sorted, rows, gain, spareRows, n)
    for (let i = 0; i < n; i++) {
      const row = <usize>load<i32>(rows + (<usize>i << 2))
      const y = load<f64>(label + first + (row << 3))
      store<f64>(labels + (<usize>i << 3), y)
      store<f64>(gain + (<usize>i << 3), load<f64>(gains + (<usize>y << 3)))
    }
    // read by the second lane of a last pair
    store<f64>(sorted + bytes, load<f64>(sorted + bytes - 8))
    store<f64>(gain + bytes, 0)
    memory.fill(lambda, 0, bytes + 8)
    memory.fill(curve, 0, bytes + 8)
    const isSpread = load<f64>(sorted) != load<f64>(sorted + bytes - 8)
    const sum = addPairs(sorted, labels, gain, discount, lambda, curve, n, truncation, inverse,
      sigmoid, isNormed != 0 && isSpread)
    const factor = isNormed != 0 && sum > 0 ? log(1 + sum) * LOG2_E / sum : 1
    for (let i = 0; i < n; i++) {
      const to = first + (<usize>load<i32>(rows + (<usize>i << 2)) << 3)
      store<f64>(gradient + to, load<f64>(lambda + (<usize>i << 3)) * factor)
      store<f64>(hessian + to, load<f64>(curve + (<usize>i << 3)) * factor)
    }
    largest = Math.max(largest, weigh(gradient, hessian, weight, first, n, sigmoid))
  }
  return largest
}

/** LightGBM's kEpsilon, a float. */
const EPSILON: f64 = <f64>(<f32>1e-15)

export function xendcgGradients(
  gradient: usize, hessian: usize, score: usize, label: usize, weight: usize, starts: usize,
  nQueries: i32, firstIds: usize, hashStart: u32, work: usize, planeBytes: i32,
): f64 {
  const share = work, term = work + <usize>planeBytes
  let largest: f64 = 0
  for (let q = 0; q < nQueries; q++) {
    const begin = load<i32>(starts + (<usize>q << 2))
    const n = load<i32>(starts + (<usize>q << 2), 4) - begin
    const first = <usize>begin << 3
    const end = <usize>n << 3
    const g = gradient + first, h = hessian + first, s = score + first, y = label + first
    if (n < 2) {
      memory.fill(g, 0, end)
      memory.fill(h, 0, end)
      continue
    }
    let best = load<f64>(s)
    for (let i: usize = 8; i < end; i += 8) best = Math.max(best, load<f64>(s + i))
    memory.copy(share, s, end)
    store<f64>(share + end, best)
    const top = f64x2.splat(best)
    for (let i: usize = 0; i < end; i += 16) {
      v128.store(share + i, exp2(f64x2.sub(v128.load(share + i), top)))
    }
    let sum: f64 = 0
    for (let i: usize = 0; i < end; i += 8) sum += load<f64>(share + i)
    const firstId = <u64>load<f64>(firstIds + (<usize>q << 3))
    let truth: f64 = 0
    for (let i: usize = 0; i < end; i += 8) {
      store<f64>(share + i, load<f64>(share + i) / sum)
      const draw = <f64>rowDraw(hashStart, firstId + <u64>(i >> 3)) * 2.3283064365386962890625e-10
      const power = reinterpret<f64>(<u64>(<i32>load<f64>(y + i) + 1023) << 52)
      store<f64>(term + i, power - draw)
      truth += power - draw
    }
    const inverse = 1 / Math.max(EPSILON, truth)
    let sum1: f64 = 0
    for (let i: usize = 0; i < end; i += 8) {
      const rho = load<f64>(share + i)
      const l = rho - load<f64>(term + i) * inverse
      store<f64>(g + i, l)
      const p = l / Math.max(EPSILON, 1 - rho)
      store<f64>(term + i, p)
      sum1 += p
    }
    let sum2: f64 = 0
    for (let i: usize = 0; i < end; i += 8) {
      const rho = load<f64>(share + i)
      const l = rho * (sum1 - load<f64>(term + i))
      store<f64>(g + i, load<f64>(g + i) + l)
      const p = l / Math.max(EPSILON, 1 - rho)
      store<f64>(term + i, p)
      sum2 += p
    }
    for (let i: usize = 0; i < end; i += 8) {
      const rho = load<f64>(share + i)
      store<f64>(g + i, load<f64>(g + i) + rho * (sum2 - load<f64>(term + i)))
      store<f64>(h + i, rho * (1 - rho))
    }
    largest = Math.max(largest, weigh(gradient, hessian, weight, first, n, 0))
  }
  return largest
}

export function putRounded(
  out: usize, outStride: i32, gradient: usize, hessian: usize, n: i32, gradientScale: f64,
  hessianScale: f64,
): void {
  const gScale = f64x2.splat(gradientScale), hScale = f64x2.splat(hessianScale)
  const stride = <usize>outStride
  for (let i: usize = 0, end = <usize>n << 3; i < end; i += 16, out += stride << 1) {
    const pairs = fixedPairs(f64x2.mul(v128.load(gradient + i), gScale),
      f64x2.mul(v128.load(hessian + i), hScale))
    v128.store64_lane(out, pairs, 0)
    v128.store64_lane(out + stride, pairs, 1)
  }
}
