import { leafGain } from './gain'
import { BROKEN, plainGain, scanPlain } from './scan-plain'
import {
  BYTE_BINS, C_BIN, C_BROKEN, C_FEATURE, C_FLAGS, C_GAIN, C_LEFT_COUNT, C_LEFT_GRADIENT,
  C_LEFT_HESSIAN,
  FLAG_DEFAULT_LEFT, P_GRADIENT_UNIT, P_HESSIAN_UNIT, P_LAMBDA_L1, P_LAMBDA_L2, P_MAX_DELTA,
  P_MIN_DATA, P_MIN_HESSIAN,
} from './scan-types'

// Prefix sums over the bins go to scratch as f64 in three planes of a double per bin: gradients,
// hessians, counts. They are summed as integers and converted once, so no rounding depends on the
// order. Where planes lie is known when this is compiled, for bins of a byte and of two.
// @ts-ignore: decorator
@inline function planeOf<Bin>(): usize {
  return sizeof<Bin>() == 1 ? 2048 : 524288
}

// what the last pass found
let bestGain: f64 = 0
let bestBin: i32 = -1

/**
 * Scores the thresholds [0, nThresholds) with `missing` sums added to the left side.
 * Ties: with `highest` the highest bin, else the lowest (LightGBM scans downwards with missing
 * values on the left, upwards with missing values on the right, and keeps the first).
 */
// @ts-ignore: decorator
@inline
function scoreThresholds<Bin>(
  scratch: usize, nThresholds: i32, totalG: f64, totalH: f64, totalN: f64,
  missingG: f64, missingH: f64, missingN: f64, floor: f64, params: usize,
  highest: bool, isPlain: bool,
): void {
  const G = f64x2.splat(totalG), H = f64x2.splat(totalH)
  const mG = f64x2.splat(missingG), mH = f64x2.splat(missingH), mN = f64x2.splat(missingN)
  const l1 = f64x2.splat(load<f64>(params, P_LAMBDA_L1))
  const l2 = f64x2.splat(load<f64>(params, P_LAMBDA_L2))
  const leastN = f64x2.splat(load<f64>(params, P_MIN_DATA))
  // counts are exact: the right side has enough rows where the left one has at most so many
  const mostN = f64x2.splat(totalN - load<f64>(params, P_MIN_DATA))
  const minH = f64x2.splat(load<f64>(params, P_MIN_HESSIAN))
  const zero = f64x2.splat(0), two = f64x2.splat(2)
  // to be at least the number above the floor is to be above the floor; floors are not negative
  let best = f64x2.splat(
    highest ? reinterpret<f64>(reinterpret<i64>(floor) + 1) : floor)
  let bestId = f64x2.splat(-1)
  let id = f64x2(0, 1)
  // two at a time: the one behind an odd number of thresholds must not pass
  const beyond = scratch + (<usize>nThresholds << 3)
  const isOdd = (nThresholds & 1) != 0
  const kept = isOdd ? load<f64>(beyond, 2 * planeOf<Bin>()) : 0
  if (isOdd) store<f64>(beyond, Infinity, 2 * planeOf<Bin>())
  for (let p = scratch; p < beyond; p += 16) {
    let gl = v128.load(p), hl = v128.load(p, planeOf<Bin>()), nl = v128.load(p, 2 * planeOf<Bin>())
    if (!isPlain) {
      gl = f64x2.add(gl, mG)
      hl = f64x2.add(hl, mH)
      nl = f64x2.add(nl, mN)
    }
    const gr = f64x2.sub(G, gl), hr = f64x2.sub(H, hl)
    const dl = f64x2.add(hl, l2), dr = f64x2.add(hr, l2)
    const tl = isPlain ? gl : f64x2.pmax(f64x2.sub(f64x2.abs(gl), l1), zero)
    const tr = isPlain ? gr : f64x2.pmax(f64x2.sub(f64x2.abs(gr), l1), zero)
    const gain = f64x2.div(
      f64x2.add(f64x2.mul(f64x2.mul(tl, tl), dr), f64x2.mul(f64x2.mul(tr, tr), dl)),
      f64x2.mul(dl, dr),
    )
    let ok = v128.and(f64x2.ge(nl, leastN), f64x2.le(nl, mostN))
    ok = v128.and(ok, v128.and(f64x2.ge(hl, minH), f64x2.ge(hr, minH)))
    if (!isPlain) ok = v128.and(ok, v128.and(f64x2.gt(dl, zero), f64x2.gt(dr, zero)))
    ok = v128.and(ok, highest ? f64x2.ge(gain, best) : f64x2.gt(gain, best))
    best = v128.bitselect(gain, best, ok)
    bestId = v128.bitselect(id, bestId, ok)
    id = f64x2.add(id, two)
  }
  if (isOdd) store<f64>(beyond, kept, 2 * planeOf<Bin>())
  const g0 = f64x2.extract_lane(best, 0), g1 = f64x2.extract_lane(best, 1)
  const i0 = <i32>f64x2.extract_lane(bestId, 0), i1 = <i32>f64x2.extract_lane(bestId, 1)
  let useSecond = g1 > g0
  if (g1 == g0) useSecond = i0 < 0 || (i1 >= 0 && (highest ? i1 > i0 : i1 < i0))
  bestGain = useSecond ? g1 : g0
  bestBin = useSecond ? i1 : i0
}

/** With missing values on the left. */
function scoreDownwards<Bin>(
  scratch: usize, nThresholds: i32, totalG: f64, totalH: f64, totalN: f64,
  missingG: f64, missingH: f64, missingN: f64, floor: f64, params: usize,
): void {
  scoreThresholds<Bin>(scratch, nThresholds, totalG, totalH, totalN,
    missingG, missingH, missingN, floor, params, true, false)
}

/**
 * The same sums, gains and choice with less to do, for the most frequent case: no missing values,
 * no L1, and a hessian that is large enough cannot make a denominator of 0.
 */
function scorePlain<Bin>(
  scratch: usize, nThresholds: i32, totalG: f64, totalH: f64, totalN: f64, floor: f64,
  params: usize,
): void {
  scoreThresholds<Bin>(
    scratch, nThresholds, totalG, totalH, totalN, 0, 0, 0, floor, params, true, true)
}

/** With missing values on the right. */
function scoreUpwards<Bin>(
  scratch: usize, nThresholds: i32, totalG: f64, totalH: f64, totalN: f64, floor: f64,
  params: usize,
): void {
  scoreThresholds<Bin>(
    scratch, nThresholds, totalG, totalH, totalN, 0, 0, 0, floor, params, false, false)
}

function isPlain(params: usize): bool {
  return load<f64>(params, P_LAMBDA_L1) == 0 &&
    load<f64>(params, P_MIN_HESSIAN) + load<f64>(params, P_LAMBDA_L2) > 0
}

/** The same with an output clamped by max_delta_step: scalar, the general form of the gain. */
function scoreThresholdsClamped<Bin>(
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
    const gl = load<f64>(p) + missingG, hl = load<f64>(p, planeOf<Bin>()) + missingH
    const nl = load<f64>(p, 2 * planeOf<Bin>()) + missingN
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

/** Sums up to the first and the second of two values, after a pair of such sums. */
// @ts-ignore: decorator
@inline function prefix(sums: v128, values: v128): v128 {
  const before = i64x2.shuffle(sums, sums, 1, 1)
  return i64x2.add(i64x2.add(before, values), i64x2.shuffle(i64x2.splat(0), values, 0, 2))
}

/**
 * Signed integers to the nearest doubles, as a conversion does it: high words and low words become
 * the low bits of 2^84 and 2^52, the first difference is exact, the last sum rounds once.
 */
// @ts-ignore: decorator
@inline function asDoubles(values: v128): v128 {
  const biased = v128.xor(values, i64x2.splat(0x8000_0000_0000_0000))
  const high = v128.or(i64x2.shr_u(biased, 32), i64x2.splat(0x4530_0000_0000_0000))
  const low = v128.or(
    v128.and(biased, i64x2.splat(0xffff_ffff)), i64x2.splat(0x4330_0000_0000_0000))
  // 2^84 + 2^63 + 2^52
  return f64x2.add(f64x2.sub(high, i64x2.splat(0x4530_0000_8010_0000)), low)
}

/** Whether no row of the leaf is in a bin. */
function isEmpty(gradients: usize, hessians: usize, counts: usize, bin: i32): bool {
  return load<i32>(counts + (<usize>bin << 2)) == 0 &&
    load<i64>(gradients + (<usize>bin << 3)) == 0 && load<i64>(hessians + (<usize>bin << 3)) == 0
}

/** Writes the best candidate so far; its left sums are those of the bins up to its threshold. */
function storeSplit(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize, missingBin: i32,
  bin: i32, gain: f64, defaultLeft: bool, missingG: i64, missingH: i64, missingN: i32,
): void {
  let lg: i64 = defaultLeft ? missingG : 0, lh: i64 = defaultLeft ? missingH : 0
  let ln: i32 = defaultLeft ? missingN : 0
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

function scanNumericOf<Bin>(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize,
  nBins: i32, missingBin: i32, plain: bool, params: usize, scratch: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  if (plain && (missingBin < 0 || isEmpty(gradients, hessians, counts, missingBin))) {
    const nThresholds = max<i32>(0, missingBin == nBins - 1 ? nBins - 2 : nBins - 1)
    const found = scanPlain(
      gradients, hessians, counts, nBins, nThresholds, params, totalGradient, totalHessian,
      totalCount, load<f64>(out, C_GAIN),
    )
    if (found == BROKEN) store<i32>(out, feature, C_BROKEN)
    else if (found >= 0) {
      storeSplit(
        out, feature, gradients, hessians, counts, missingBin, found, plainGain, true, 0, 0, 0)
    }
    return
  }
  const gUnit = load<f64>(params, P_GRADIENT_UNIT), hUnit = load<f64>(params, P_HESSIAN_UNIT)
  const gUnits = f64x2.splat(gUnit), hUnits = f64x2.splat(hUnit)
  const zero = i64x2.splat(0)
  let g = zero, h = zero, n = zero
  let mg: i64 = 0, mh: i64 = 0
  let mn: i32 = 0
  // Bins are padded to pairs by a cell of zeros.
  for (let b = 0; b < nBins; b += 2) {
    const b8 = <usize>b << 3
    let bg = v128.load(gradients + b8), bh = v128.load(hessians + b8)
    let bn = v128.load64_zero(counts + (b8 >> 1))
    if ((b ^ missingBin) < 2 && missingBin >= 0) {
      mg = load<i64>(gradients + (<usize>missingBin << 3))
      mh = load<i64>(hessians + (<usize>missingBin << 3))
      mn = load<i32>(counts + (<usize>missingBin << 2))
      const others = b == missingBin ? i64x2(0, -1) : i64x2(-1, 0)
      bg = v128.and(bg, others)
      bh = v128.and(bh, others)
      bn = v128.and(bn, b == missingBin ? i32x4(0, -1, 0, 0) : i32x4(-1, 0, 0, 0))
    }
    g = prefix(g, bg)
    h = prefix(h, bh)
    n = prefix(n, i64x2.extend_low_i32x4_s(bn))
    v128.store(scratch + b8, f64x2.mul(asDoubles(g), gUnits))
    v128.store(scratch + b8, f64x2.mul(asDoubles(h), hUnits), planeOf<Bin>())
    v128.store(
      scratch + b8, f64x2.convert_low_i32x4_s(i32x4.shuffle(n, n, 0, 2, 0, 2)), 2 * planeOf<Bin>())
  }
  // conservation: every feature's bins add up to the leaf
  if (
    i64x2.extract_lane(g, 1) + mg != totalGradient ||
    i64x2.extract_lane(h, 1) + mh != totalHessian ||
    <i32>i64x2.extract_lane(n, 1) + mn != totalCount
  ) {
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
    scoreThresholdsClamped<Bin>(scratch, nValues - 1, G, H, N, mG, mH, mN, floor, params, true)
  } else if (mn == 0 && mh == 0 && mg == 0 && isPlain(params)) {
    scorePlain<Bin>(scratch, nValues - 1, G, H, N, floor, params)
  } else scoreDownwards<Bin>(scratch, nValues - 1, G, H, N, mG, mH, mN, floor, params)
  let gain = bestGain
  let bin = bestBin
  let defaultLeft = true
  if (hasMissing && mn > 0) {
    const least = bin >= 0 ? gain : floor
    if (clamped) {
      scoreThresholdsClamped<Bin>(scratch, nValues, G, H, N, 0, 0, 0, least, params, false)
    } else scoreUpwards<Bin>(scratch, nValues, G, H, N, least, params)
    if (bestBin >= 0) {
      gain = bestGain
      bin = bestBin
      defaultLeft = false
    }
  }
  if (bin < 0) return
  storeSplit(
    out, feature, gradients, hessians, counts, missingBin, bin, gain, defaultLeft, mg, mh, mn)
}

/** @param plain - see `canScanPlain` */
export function scanNumeric(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize,
  nBins: i32, missingBin: i32, plain: bool, params: usize, scratch: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  if (nBins > BYTE_BINS) {
    scanNumericOf<u16>(
      out, feature, gradients, hessians, counts, nBins, missingBin, plain, params, scratch,
      totalGradient, totalHessian, totalCount,
    )
  } else {
    scanNumericOf<u8>(
      out, feature, gradients, hessians, counts, nBins, missingBin, plain, params, scratch,
      totalGradient, totalHessian, totalCount,
    )
  }
}
