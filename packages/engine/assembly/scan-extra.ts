import { leafGain } from './gain'
import {
  C_BIN, C_BROKEN, C_FEATURE, C_FLAGS, C_GAIN, C_LEFT_COUNT, C_LEFT_GRADIENT, C_LEFT_HESSIAN,
  FLAG_DEFAULT_LEFT, P_GRADIENT_UNIT, P_HESSIAN_UNIT, P_LAMBDA_L1, P_LAMBDA_L2, P_MAX_DELTA,
  P_MIN_DATA, P_MIN_HESSIAN,
} from './scan-types'

// Extremely randomised trees: of a numeric feature one threshold is scored, which was drawn before
// the histogram was known. Sums and gains are those of scan-numeric.ts, bit for bit.

/** Gain of both sides together, or -1 where the split is not allowed. */
function gainAt(
  gl: f64, hl: f64, nl: i32, params: usize, totalG: f64, totalH: f64, totalN: i32,
): f64 {
  const l1 = load<f64>(params, P_LAMBDA_L1), l2 = load<f64>(params, P_LAMBDA_L2)
  const minN = load<f64>(params, P_MIN_DATA), minH = load<f64>(params, P_MIN_HESSIAN)
  const maxDelta = load<f64>(params, P_MAX_DELTA)
  const gr = totalG - gl, hr = totalH - hl
  if (<f64>nl < minN || <f64>(totalN - nl) < minN || hl < minH || hr < minH) return -1
  const dl = hl + l2, dr = hr + l2
  if (dl <= 0 || dr <= 0) return -1
  if (maxDelta > 0) return leafGain(gl, hl, l1, l2, maxDelta) + leafGain(gr, hr, l1, l2, maxDelta)
  const tl = max<f64>(abs(gl) - l1, 0), tr = max<f64>(abs(gr) - l1, 0)
  return (tl * tl * dr + tr * tr * dl) / (dl * dr)
}

function record(
  out: usize, feature: i32, bin: i32, gain: f64, flags: i32, g: i64, h: i64, n: i32,
): void {
  store<f64>(out, gain, C_GAIN)
  store<i32>(out, feature, C_FEATURE)
  store<i32>(out, bin, C_BIN)
  store<i32>(out, flags, C_FLAGS)
  store<i32>(out, n, C_LEFT_COUNT)
  store<i64>(out, g, C_LEFT_GRADIENT)
  store<i64>(out, h, C_LEFT_HESSIAN)
}

/** Scores the one threshold "bins up to `bin` go left", missing values left, then right. */
export function scanNumericAt(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize,
  nBins: i32, missingBin: i32, bin: i32, params: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  let g: i64 = 0, h: i64 = 0, lg: i64 = 0, lh: i64 = 0, mg: i64 = 0, mh: i64 = 0
  let n: i32 = 0, ln: i32 = 0, mn: i32 = 0
  for (let b = 0; b < nBins; b++) {
    const bg = load<i64>(gradients + (<usize>b << 3)), bh = load<i64>(hessians + (<usize>b << 3))
    const bn = load<i32>(counts + (<usize>b << 2))
    g += bg
    h += bh
    n += bn
    if (b == missingBin) {
      mg = bg
      mh = bh
      mn = bn
    } else if (b <= bin) {
      lg += bg
      lh += bh
      ln += bn
    }
  }
  // conservation: every feature's bins add up to the leaf
  if (g != totalGradient || h != totalHessian || n != totalCount) {
    store<i32>(out, feature, C_BROKEN)
    return
  }
  const gUnit = load<f64>(params, P_GRADIENT_UNIT), hUnit = load<f64>(params, P_HESSIAN_UNIT)
  const G = <f64>totalGradient * gUnit, H = <f64>totalHessian * hUnit
  const nValues = missingBin == nBins - 1 ? nBins - 1 : nBins
  const gl = <f64>lg * gUnit, hl = <f64>lh * hUnit
  if (bin < nValues - 1) {
    const gain = gainAt(
      gl + <f64>mg * gUnit, hl + <f64>mh * hUnit, ln + mn, params, G, H, totalCount)
    if (gain > load<f64>(out, C_GAIN)) {
      record(out, feature, bin, gain, FLAG_DEFAULT_LEFT, lg + mg, lh + mh, ln + mn)
    }
  }
  if (mn == 0 || bin >= nValues) return
  const gain = gainAt(gl, hl, ln, params, G, H, totalCount)
  if (gain > load<f64>(out, C_GAIN)) record(out, feature, bin, gain, 0, lg, lh, ln)
}
