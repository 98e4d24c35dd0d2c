import { leafGain } from './gain'
import {
  C_BIN, C_BROKEN, C_FEATURE, C_FLAGS, C_GAIN, C_LEFT_COUNT, C_LEFT_GRADIENT, C_LEFT_HESSIAN,
  FLAG_DEFAULT_LEFT, P_GRADIENT_UNIT, P_HESSIAN_UNIT, P_LAMBDA_L1, P_LAMBDA_L2, P_MAX_DELTA,
  P_MIN_DATA, P_MIN_HESSIAN,
} from './scan-types'

// Prefix sums over the bins go to scratch as f64 in three planes of 256: gradients, hessians,
// counts. They are summed as integers and converted once, so no rounding depends on the order.
const PLANE: usize = 2048

// what the last pass found
let bestGain: f64 = 0
let bestBin: i32 = -1

/**
 * Scores the thresholds [0, nThresholds) with `missing` sums added to the left side.
 * Ties: with `highest` the highest bin, else the lowest (LightGBM scans downwards with missing
 * values on the left, upwards with missing values on the right, and keeps the first).
 */
function scoreThresholds(
  scratch: usize, nThresholds: i32, totalG: f64, totalH: f64, totalN: f64,
  missingG: f64, missingH: f64, missingN: f64, floor: f64, params: usize, highest: bool,
): void {
  const G = f64x2.splat(totalG), H = f64x2.splat(totalH), N = f64x2.splat(totalN)
  const mG = f64x2.splat(missingG), mH = f64x2.splat(missingH), mN = f64x2.splat(missingN)
  const l1 = f64x2.splat(load<f64>(params, P_LAMBDA_L1))
  const l2 = f64x2.splat(load<f64>(params, P_LAMBDA_L2))
  const minN = f64x2.splat(load<f64>(params, P_MIN_DATA))
  const minH = f64x2.splat(load<f64>(params, P_MIN_HESSIAN))
  const zero = f64x2.splat(0), two = f64x2.splat(2)
  const low = f64x2.splat(floor)
  const limit = f64x2.splat(<f64>nThresholds)
  let best = low
  let bestId = f64x2.splat(-1)
  let id = f64x2(0, 1)
  for (let p = scratch, end = scratch + (<usize>nThresholds << 3); p < end; p += 16) {
    const gl = f64x2.add(v128.load(p), mG)
    const hl = f64x2.add(v128.load(p, PLANE), mH)
    const nl = f64x2.add(v128.load(p, 2 * PLANE), mN)
    const gr = f64x2.sub(G, gl), hr = f64x2.sub(H, hl), nr = f64x2.sub(N, nl)
    const dl = f64x2.add(hl, l2), dr = f64x2.add(hr, l2)
    const tl = f64x2.max(f64x2.sub(f64x2.abs(gl), l1), zero)
    const tr = f64x2.max(f64x2.sub(f64x2.abs(gr), l1), zero)
    const gain = f64x2.div(
      f64x2.add(f64x2.mul(f64x2.mul(tl, tl), dr), f64x2.mul(f64x2.mul(tr, tr), dl)),
      f64x2.mul(dl, dr),
    )
    let ok = v128.and(v128.and(f64x2.ge(nl, minN), f64x2.ge(nr, minN)), f64x2.lt(id, limit))
    ok = v128.and(ok, v128.and(f64x2.ge(hl, minH), f64x2.ge(hr, minH)))
    ok = v128.and(ok, v128.and(f64x2.gt(dl, zero), f64x2.gt(dr, zero)))
    ok = v128.and(ok, f64x2.gt(gain, low))
    ok = v128.and(ok, highest ? f64x2.ge(gain, best) : f64x2.gt(gain, best))
    best = v128.bitselect(gain, best, ok)
    bestId = v128.bitselect(id, bestId, ok)
    id = f64x2.add(id, two)
  }
  const g0 = f64x2.extract_lane(best, 0), g1 = f64x2.extract_lane(best, 1)
  const i0 = <i32>f64x2.extract_lane(bestId, 0), i1 = <i32>f64x2.extract_lane(bestId, 1)
  let useSecond = g1 > g0
  if (g1 == g0) useSecond = i0 < 0 || (i1 >= 0 && (highest ? i1 > i0 : i1 < i0))
  bestGain = useSecond ? g1 : g0
  bestBin = useSecond ? i1 : i0
}

/** The same with an output clamped by max_delta_step: scalar, the general form of the gain. */
function scoreThresholdsClamped(
  scratch: usize, nThresholds: i32, totalG: f64, totalH: f64, totalN: f64,
  missingG: f64, missingH: f64, missingN: f64, floor: f64, params: usize, highest: bool,
): void {
  const l1 = load<f64>(params, P_LAMBDA_L1), l2 = load<f64>(params, P_LAMBDA_L2)
  const minN = load<f64>(params, P_MIN_DATA), minH = load<f64>(params, P_MIN_HESSIAN)
  const maxDelta = load<f64>(params, P_MAX_DELTA)
  bestGain = floor
  bestBin = -1
  for (let b = 0; b < nThresholds; b++) {
    const p = scratch + (<usize>b << 3)
    const gl = load<f64>(p) + missingG, hl = load<f64>(p, PLANE) + missingH
    const nl = load<f64>(p, 2 * PLANE) + missingN
    const gr = totalG - gl, hr = totalH - hl, nr = totalN - nl
    if (nl < minN || nr < minN || hl < minH || hr < minH) continue
    if (hl + l2 <= 0 || hr + l2 <= 0) continue
    const gain = leafGain(gl, hl, l1, l2, maxDelta) + leafGain(gr, hr, l1, l2, maxDelta)
    if (gain <= floor) continue
    if (highest ? gain >= bestGain : gain > bestGain) {
      bestGain = gain
      bestBin = b
    }
  }
}

export function scanNumeric(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize,
  nBins: i32, missingBin: i32, params: usize, scratch: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  const gUnit = load<f64>(params, P_GRADIENT_UNIT), hUnit = load<f64>(params, P_HESSIAN_UNIT)
  let g: i64 = 0, h: i64 = 0
  let n: i32 = 0
  let mg: i64 = 0, mh: i64 = 0
  let mn: i32 = 0
  for (let b = 0; b < nBins; b++) {
    const b8 = <usize>b << 3
    const bg = load<i64>(gradients + b8), bh = load<i64>(hessians + b8)
    const bn = load<i32>(counts + (<usize>b << 2))
    if (b == missingBin) {
      mg = bg
      mh = bh
      mn = bn
    } else {
      g += bg
      h += bh
      n += bn
    }
    store<f64>(scratch + b8, <f64>g * gUnit)
    store<f64>(scratch + b8, <f64>h * hUnit, PLANE)
    store<f64>(scratch + b8, <f64>n, 2 * PLANE)
  }
  // conservation: every feature's bins add up to the leaf
  if (g + mg != totalGradient || h + mh != totalHessian || n + mn != totalCount) {
    store<i32>(out, feature, C_BROKEN)
    return
  }
  const G = <f64>totalGradient * gUnit, H = <f64>totalHessian * hUnit, N = <f64>totalCount
  const hasMissing = missingBin >= 0
  // a last bin for NaN is not a threshold; without missing values nor is the last value bin
  const nValues = missingBin == nBins - 1 ? nBins - 1 : nBins
  const clamped = load<f64>(params, P_MAX_DELTA) > 0
  const floor = load<f64>(out, C_GAIN)
  const mG = <f64>mg * gUnit, mH = <f64>mh * hUnit, mN = <f64>mn
  if (clamped) {
    scoreThresholdsClamped(scratch, nValues - 1, G, H, N, mG, mH, mN, floor, params, true)
  } else scoreThresholds(scratch, nValues - 1, G, H, N, mG, mH, mN, floor, params, true)
  let gain = bestGain
  let bin = bestBin
  let defaultLeft = true
  if (hasMissing && mn > 0) {
    const least = bin >= 0 ? gain : floor
    if (clamped) {
      scoreThresholdsClamped(scratch, nValues, G, H, N, 0, 0, 0, least, params, false)
    } else scoreThresholds(scratch, nValues, G, H, N, 0, 0, 0, least, params, false)
    if (bestBin >= 0) {
      gain = bestGain
      bin = bestBin
      defaultLeft = false
    }
  }
  if (bin < 0) return
  let lg: i64 = defaultLeft ? mg : 0, lh: i64 = defaultLeft ? mh : 0
  let ln: i32 = defaultLeft ? mn : 0
  for (let b = 0; b <= bin; b++) {
    if (b == missingBin) continue
    lg += load<i64>(gradients + (<usize>b << 3))
    lh += load<i64>(hessians + (<usize>b << 3))
    ln += load<i32>(counts + (<usize>b << 2))
  }
  store<f64>(out, gain, C_GAIN)
  store<i32>(out, feature, C_FEATURE)
  store<i32>(out, bin, C_BIN)
  store<i32>(out, defaultLeft ? FLAG_DEFAULT_LEFT : 0, C_FLAGS)
  store<i32>(out, ln, C_LEFT_COUNT)
  store<i64>(out, lg, C_LEFT_GRADIENT)
  store<i64>(out, lh, C_LEFT_HESSIAN)
}
