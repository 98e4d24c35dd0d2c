import { C_GAIN, P_GRADIENT_UNIT, P_HESSIAN_UNIT, P_LAMBDA_L1, P_LAMBDA_L2, P_MAX_DELTA,
  P_MIN_DATA, P_MIN_HESSIAN } from './scan-types'

// The most frequent scan of a numeric feature in one pass over its bins: no missing values in the
// leaf, no L1, no clamp, and few enough rows. Sums, gains and choice are those of scan-numeric.ts,
// bit for bit; what makes it faster:
//
// - rows' gradients are i32 and hessians u32, so sums of fewer than 2^19 rows are below 2^51: added
//   to the bits of 1.5 * 2^52 they are the last bits of a double, and as units are powers of two,
//   1.5 * 2^52 * unit does the scaling too, exactly;
// - thresholds with enough rows on both sides follow each other: counts are not looked at in
//   between;
// - a threshold is divided and checked only if numerator >= best * denominator, with `best` made
//   smaller by more than the roundings: few are, once some good one is known.

const ROWS_MAX: i32 = 1 << 19
export const BIAS: f64 = 6755399441055744
/** What roundings can make of the comparison is below 2^-51. */
const SLACK: f64 = 1.0 - 1.0 / <f64>((<i64>1) << 50)

/** The best threshold's gain: of both sides together. */
export let plainGain: f64 = 0

export const NONE: i32 = -1
export const BROKEN: i32 = -2

/** Numerators of less than this times the denominator are of gains that are not above the floor. */
// @ts-ignore: decorator
@inline export function leastOf(floor: f64): f64 {
  return above(floor) * SLACK
}

/** To be at least this is to be above the floor; floors are not negative. */
// @ts-ignore: decorator
@inline function above(floor: f64): f64 {
  return reinterpret<f64>(reinterpret<i64>(floor) + 1)
}

// @ts-ignore: decorator
@inline function isScale(unit: f64): bool {
  return (reinterpret<i64>(unit) & 0xf_ffff_ffff_ffff) == 0 && unit >= 1e-250 && unit <= 1e250
}

/** Whether `scanPlain` may be used in a leaf, of features without missing values in it. */
export function canScanPlain(out: usize, params: usize, totalCount: i32): bool {
  const least = load<f64>(params, P_MIN_HESSIAN) + load<f64>(params, P_LAMBDA_L2)
  // the last keeps the product that is compared from rounding to a multiple of the least double
  return totalCount < ROWS_MAX && load<f64>(params, P_LAMBDA_L1) == 0 && least > 0 &&
    load<f64>(params, P_MAX_DELTA) <= 0 &&
    isScale(load<f64>(params, P_GRADIENT_UNIT)) && isScale(load<f64>(params, P_HESSIAN_UNIT)) &&
    load<f64>(out, C_GAIN) * least * least >= 1e-250
}

/** Sums up to the first and the second of two values, after a pair of such sums. */
// @ts-ignore: decorator
@inline function prefix(sums: v128, values: v128): v128 {
  const own = i64x2.add(values, i64x2.shuffle(i64x2.splat(0), values, 0, 2))
  return i64x2.add(i64x2.shuffle(sums, sums, 1, 1), own)
}

// @ts-ignore: decorator
@inline function lanesAdded(pair: v128): i64 {
  return i64x2.extract_lane(pair, 0) + i64x2.extract_lane(pair, 1)
}

/**
 * @param floor - gains have to be above
 * @returns the best threshold, of equals the highest, whose gain is then `plainGain`; NONE; or
 *   BROKEN if bins do not add up
 */
export function scanPlain(
  gradients: usize, hessians: usize, counts: usize, nBins: i32, nThresholds: i32, params: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32, floor: f64,
): i32 {
  // thresholds [low, high) leave enough rows on both sides
  const minData = load<f64>(params, P_MIN_DATA)
  let low = 0, high = nThresholds
  let nLeft = 0, nRight = 0
  for (; low < nThresholds; low++) {
    nLeft += load<i32>(counts + (<usize>low << 2))
    if (<f64>nLeft >= minData) break
  }
  for (let b = nThresholds; b < nBins; b++) nRight += load<i32>(counts + (<usize>b << 2))
  for (; high > low && <f64>nRight < minData; high--) {
    nRight += load<i32>(counts + (<usize>(high - 1) << 2))
  }

  const gUnit = load<f64>(params, P_GRADIENT_UNIT), hUnit = load<f64>(params, P_HESSIAN_UNIT)
  const gBias = f64x2.splat(BIAS * gUnit), hBias = f64x2.splat(BIAS * hUnit)
  const G = f64x2.splat(<f64>totalGradient * gUnit), H = f64x2.splat(<f64>totalHessian * hUnit)
  const l2 = f64x2.splat(load<f64>(params, P_LAMBDA_L2))
  const minHessian = load<f64>(params, P_MIN_HESSIAN)
  let best = above(floor)
  let bestBin = NONE
  let least = f64x2.splat(leastOf(floor))
  let g = i64x2.splat(0), h = i64x2.splat(0)
  let n = i32x4.splat(0)
  // bins are padded to pairs by a cell of zeros
  let b8: usize = 0
  const first = <usize>(low & ~1) << 3, behind = <usize>high << 3
  const end = <usize>((nBins + 1) & ~1) << 3
  for (; b8 < first; b8 += 16) {
    g = i64x2.add(g, v128.load(gradients + b8))
    h = i64x2.add(h, v128.load(hessians + b8))
    n = i32x4.add(n, v128.load64_zero(counts + (b8 >> 1)))
  }
  g = i64x2.splat(lanesAdded(g))
  h = i64x2.splat(lanesAdded(h))
  for (; b8 < behind; b8 += 16) {
    g = prefix(g, v128.load(gradients + b8))
    h = prefix(h, v128.load(hessians + b8))
    n = i32x4.add(n, v128.load64_zero(counts + (b8 >> 1)))
    const gl = f64x2.sub(i64x2.add(g, gBias), gBias), hl = f64x2.sub(i64x2.add(h, hBias), hBias)
    const gr = f64x2.sub(G, gl), hr = f64x2.sub(H, hl)
    const dl = f64x2.add(hl, l2), dr = f64x2.add(hr, l2)
    const numerator = f64x2.add(
      f64x2.mul(f64x2.mul(gl, gl), dr), f64x2.mul(f64x2.mul(gr, gr), dl))
    const denominator = f64x2.mul(dl, dr)
    if (!v128.any_true(f64x2.ge(numerator, f64x2.mul(least, denominator)))) continue
    const gain = f64x2.div(numerator, denominator)
    const b = <i32>(b8 >> 3)
    const gain0 = f64x2.extract_lane(gain, 0), gain1 = f64x2.extract_lane(gain, 1)
    if (
      gain0 >= best && b >= low && f64x2.extract_lane(hl, 0) >= minHessian &&
      f64x2.extract_lane(hr, 0) >= minHessian
    ) {
      best = gain0
      bestBin = b
    }
    if (
      gain1 >= best && b + 1 < high && f64x2.extract_lane(hl, 1) >= minHessian &&
      f64x2.extract_lane(hr, 1) >= minHessian
    ) {
      best = gain1
      bestBin = b + 1
    }
    least = f64x2.splat(best * SLACK)
  }
  g = i64x2(0, i64x2.extract_lane(g, 1))
  h = i64x2(0, i64x2.extract_lane(h, 1))
  for (; b8 < end; b8 += 16) {
    g = i64x2.add(g, v128.load(gradients + b8))
    h = i64x2.add(h, v128.load(hessians + b8))
    n = i32x4.add(n, v128.load64_zero(counts + (b8 >> 1)))
  }
  // conservation: every feature's bins add up to the leaf
  if (
    lanesAdded(g) != totalGradient || lanesAdded(h) != totalHessian ||
    i32x4.extract_lane(n, 0) + i32x4.extract_lane(n, 1) != totalCount
  ) return BROKEN
  plainGain = best
  return bestBin
}
