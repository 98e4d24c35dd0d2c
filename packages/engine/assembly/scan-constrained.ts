import { leafGain, softThreshold } from './gain'
import { ONLY_DRAWS, orderIn, scanOrder, setLeft } from './scan-categorical'
import {
  C_BIN, C_BROKEN, C_FEATURE, C_FLAGS, C_GAIN, C_LEFT_BINS, C_LEFT_COUNT, C_LEFT_GRADIENT,
  C_LEFT_HESSIAN, drawOf, ENTRY_BINS, ENTRY_KIND, ENTRY_MISSING, ENTRY_OFFSET, ENTRY_SHIFT,
  FLAG_CATEGORICAL, FLAG_CAT_L2, FLAG_DEFAULT_LEFT, leftBytes, P_CAT_L2, P_EXTRA, P_GRADIENT_UNIT,
  P_HESSIAN_UNIT, P_LAMBDA_L1, P_LAMBDA_L2, P_MAX_CAT_THRESHOLD, P_MAX_CAT_TO_ONEHOT, P_MAX_DELTA,
  P_MIN_DATA, P_MIN_DATA_PER_GROUP, P_MIN_GAIN, P_MIN_HESSIAN, R_BOUNDS, R_COST, R_DIRECTION,
  R_FACTOR, R_FEATURES, R_FEATURE_BYTES, R_FORCED_BIN, R_FORCED_FEATURE, R_MAX, R_MIN,
  R_MONOTONE_FACTOR, R_OUTPUT, R_PENALTY, R_PLANE, R_SMOOTH,
} from './scan-types'

// The scan of trees under rules: outputs of children are bounded, smoothed and ordered, gains are
// weighed. Scalar: every candidate needs both outputs. Sums are converted from integers once, so
// that an output here is, bit for bit, the one that the grower computes from the leaf's totals.

const NOTHING: f64 = -Infinity

// the leaf and its rules, set by every call
let minN: i32 = 0
let minH: f64 = 0
let l1: f64 = 0
let maxDelta: f64 = 0
let gUnit: f64 = 0
let hUnit: f64 = 0
let smooth: f64 = 0
let own: f64 = 0
// bytes of a plane of bounds by threshold: least and largest left, least and largest right; then
// the same four for thresholds with missing values on the right
let plane: usize = 0
let totalG: i64 = 0
let totalH: i64 = 0
let totalN: i32 = 0
// of the feature that is scanned
let only: i32 = -1
let low: f64 = 0
let high: f64 = 0
let direction: f64 = 0
// its best candidate
let bestGain: f64 = 0
let bestBin: i32 = -1
let bestFlags: i32 = 0
let bestG: i64 = 0
let bestH: i64 = 0
let bestN: i32 = 0

/** The output of a leaf before bounds: clamped, and pulled towards that of the leaf above. */
function freeOutput(g: f64, h: f64, n: i32, l2: f64): f64 {
  let w = -softThreshold(g, l1) / (h + l2)
  if (maxDelta > 0) w = Math.max(-maxDelta, Math.min(maxDelta, w))
  if (smooth <= 0) return w
  const share = <f64>n / smooth
  return (w * share) / (share + 1) + own / (share + 1)
}

// @ts-ignore: decorator
@inline function gainGiven(g: f64, h: f64, l2: f64, w: f64): f64 {
  return -((2 * softThreshold(g, l1)) * w + ((h + l2) * w) * w)
}

/** Both children's gains, or NOTHING where the order of their outputs is not the feature's. */
function pairGain(
  lg: i64, lh: i64, ln: i32, l2: f64, leftLow: f64, leftHigh: f64, rightLow: f64, rightHigh: f64,
): f64 {
  const gl = <f64>lg * gUnit, hl = <f64>lh * hUnit
  const gr = <f64>(totalG - lg) * gUnit, hr = <f64>(totalH - lh) * hUnit
  if (hl + l2 <= 0 || hr + l2 <= 0) return NOTHING
  const wl = Math.max(leftLow, Math.min(leftHigh, freeOutput(gl, hl, ln, l2)))
  const wr = Math.max(rightLow, Math.min(rightHigh, freeOutput(gr, hr, totalN - ln, l2)))
  if (direction > 0 ? wl > wr : direction < 0 && wl < wr) return NOTHING
  return gainGiven(gl, hl, l2, wl) + gainGiven(gr, hr, l2, wr)
}

/** Whether both sides have enough rows and hessian. */
// @ts-ignore: decorator
@inline function isLegal(lh: i64, ln: i32): bool {
  return ln >= minN && totalN - ln >= minN && <f64>lh * hUnit >= minH &&
    <f64>(totalH - lh) * hUnit >= minH
}

// @ts-ignore: decorator
@inline function keep(gain: f64, bin: i32, flags: i32, g: i64, h: i64, n: i32): void {
  bestGain = gain
  bestBin = bin
  bestFlags = flags
  bestG = g
  bestH = h
  bestN = n
}

function scoreThreshold(
  bounds: usize, bin: i32, l2: f64, flags: i32, g: i64, h: i64, n: i32,
): void {
  if ((only >= 0 && bin != only) || !isLegal(h, n)) return
  const at = bounds + (<usize>bin << 3)
  const gain = bounds == 0
    ? pairGain(g, h, n, l2, low, high, low, high)
    : pairGain(
      g, h, n, l2, load<f64>(at), load<f64>(at + plane), load<f64>(at + 2 * plane),
      load<f64>(at + 3 * plane))
  if (gain > bestGain) keep(gain, bin, flags, g, h, n)
}

/** Missing on the left from the highest threshold down, then on the right from the lowest up. */
function scanNumericRules(
  gradients: usize, hessians: usize, counts: usize, nBins: i32, missingBin: i32, l2: f64,
  bounds: usize,
): void {
  const nValues = missingBin == nBins - 1 ? nBins - 1 : nBins
  let g = totalG, h = totalH
  let n = totalN
  for (let b = nValues - 2; b >= 0; b--) {
    if (b + 1 != missingBin) {
      g -= load<i64>(gradients + (<usize>(b + 1) << 3))
      h -= load<i64>(hessians + (<usize>(b + 1) << 3))
      n -= load<i32>(counts + (<usize>(b + 1) << 2))
    }
    scoreThreshold(bounds, b, l2, FLAG_DEFAULT_LEFT, g, h, n)
  }
  if (missingBin < 0 || load<i32>(counts + (<usize>missingBin << 2)) == 0) return
  g = 0
  h = 0
  n = 0
  for (let b = 0; b < nValues; b++) {
    if (b != missingBin) {
      g += load<i64>(gradients + (<usize>b << 3))
      h += load<i64>(hessians + (<usize>b << 3))
      n += load<i32>(counts + (<usize>b << 2))
    }
    scoreThreshold(bounds == 0 ? 0 : bounds + 4 * plane, b, l2, 0, g, h, n)
  }
}

/** The one threshold that is asked for; missing values go left. Only empty sides are refused. */
function scanForced(
  gradients: usize, hessians: usize, counts: usize, nBins: i32, missingBin: i32,
  isCategorical: bool, bin: i32, l2: f64,
): void {
  let g: i64 = 0, h: i64 = 0
  let n = 0
  for (let b = 0; b < nBins; b++) {
    if (isCategorical ? b != bin : b > bin && b != missingBin) continue
    g += load<i64>(gradients + (<usize>b << 3))
    h += load<i64>(hessians + (<usize>b << 3))
    n += load<i32>(counts + (<usize>b << 2))
  }
  if (n <= 0 || n >= totalN) return
  const gain = pairGain(g, h, n, l2, low, high, low, high)
  const flags = isCategorical ? FLAG_CATEGORICAL : FLAG_DEFAULT_LEFT
  if (gain > bestGain) keep(gain, bin, flags, g, h, n)
}

/** One category against the rest; the category is left in `bestBin`. */
function scanOneCategory(
  gradients: usize, hessians: usize, counts: usize, nBins: i32, l2: f64,
): void {
  for (let b = 1; b < nBins; b++) {
    const g = load<i64>(gradients + (<usize>b << 3)), h = load<i64>(hessians + (<usize>b << 3))
    const n = load<i32>(counts + (<usize>b << 2))
    if ((only >= 0 && b - 1 != only) || !isLegal(h, n)) continue
    const gain = pairGain(g, h, n, l2, low, high, low, high)
    if (gain > bestGain) keep(gain, b, FLAG_CATEGORICAL, g, h, n)
  }
}

/** The categories in order, from both ends; `bestBin` is how many go left, < 0: from the end. */
function scanCategoriesInOrder(
  gradients: usize, hessians: usize, counts: usize, used: i32, params: usize, order: usize,
  l2: f64,
): void {
  const perGroup = <i32>load<f64>(params, P_MIN_DATA_PER_GROUP)
  const most = min(<i32>load<f64>(params, P_MAX_CAT_THRESHOLD), (used + 1) >> 1)
  // as in scan-categorical.ts
  const onlyPlace = only < 0 ? -1 : only * most / ONLY_DRAWS
  for (let fromEnd = 0; fromEnd < 2; fromEnd++) {
    let g: i64 = 0, h: i64 = 0
    let n = 0, group = 0
    for (let i = 0; i < most; i++) {
      const place = fromEnd ? used - 1 - i : i
      const b = load<i32>(order + (<usize>place << 2))
      const count = load<i32>(counts + (<usize>b << 2))
      g += load<i64>(gradients + (<usize>b << 3))
      h += load<i64>(hessians + (<usize>b << 3))
      n += count
      group += count
      if (n < minN || <f64>h * hUnit < minH) continue
      const right = totalN - n
      if (right < minN || right < perGroup || <f64>(totalH - h) * hUnit < minH) break
      if (group < perGroup) continue
      group = 0
      if (onlyPlace >= 0 && i != onlyPlace) continue
      const gain = pairGain(g, h, n, l2, low, high, low, high)
      if (gain > bestGain) {
        keep(gain, fromEnd ? -1 - i : i + 1, FLAG_CATEGORICAL | FLAG_CAT_L2, g, h, n)
      }
    }
  }
}

/** Writes the feature's best candidate; the set of categories while the order is in scratch. */
function storeBest(
  out: usize, feature: i32, gain: f64, used: i32, nBins: i32, scratch: usize,
): void {
  store<f64>(out, gain, C_GAIN)
  store<i32>(out, feature, C_FEATURE)
  store<i32>(out, bestFlags, C_FLAGS)
  store<i32>(out, bestN, C_LEFT_COUNT)
  store<i64>(out, bestG, C_LEFT_GRADIENT)
  store<i64>(out, bestH, C_LEFT_HESSIAN)
  if (!(bestFlags & FLAG_CATEGORICAL)) {
    store<i32>(out, bestBin, C_BIN)
    return
  }
  memory.fill(out + C_LEFT_BINS, 0, leftBytes(nBins))
  if (!(bestFlags & FLAG_CAT_L2)) {
    setLeft(out, bestBin)
    store<i32>(out, 1, C_BIN)
    return
  }
  const n = bestBin < 0 ? -bestBin : bestBin
  store<i32>(out, n, C_BIN)
  for (let i = 0; i < n; i++) {
    const place = bestBin < 0 ? used - 1 - i : i
    setLeft(out, load<i32>(orderIn(scratch, nBins) + (<usize>place << 2)))
  }
}

/** Whether the feature's bins add up to the leaf. */
function isWhole(gradients: usize, hessians: usize, counts: usize, nBins: i32): bool {
  let g: i64 = 0, h: i64 = 0
  let n = 0
  for (let b = 0; b < nBins; b++) {
    g += load<i64>(gradients + (<usize>b << 3))
    h += load<i64>(hessians + (<usize>b << 3))
    n += load<i32>(counts + (<usize>b << 2))
  }
  return g == totalG && h == totalH && n == totalN
}

function begin(params: usize, rules: usize): void {
  minN = <i32>load<f64>(params, P_MIN_DATA)
  minH = load<f64>(params, P_MIN_HESSIAN)
  l1 = load<f64>(params, P_LAMBDA_L1)
  maxDelta = load<f64>(params, P_MAX_DELTA)
  gUnit = load<f64>(params, P_GRADIENT_UNIT)
  hUnit = load<f64>(params, P_HESSIAN_UNIT)
  low = load<f64>(rules, R_MIN)
  high = load<f64>(rules, R_MAX)
  plane = <usize>load<f64>(rules, R_PLANE)
}

/** The gain of the leaf as it is; sets what its children are smoothed towards. */
function gainOfLeaf(rules: usize, l2: f64): f64 {
  const g = <f64>totalG * gUnit, h = <f64>totalH * hUnit
  smooth = 0
  own = load<f64>(rules, R_OUTPUT)
  // the root's output is that of its sums
  if (own != own) own = h + l2 > 0 ? freeOutput(g, h, totalN, l2) : 0
  smooth = load<f64>(rules, R_SMOOTH)
  if (smooth <= 0) return leafGain(g, h, l1, l2, maxDelta)
  return h + l2 > 0 ? gainGiven(g, h, l2, freeOutput(g, h, totalN, l2)) : 0
}

/**
 * As `scan`, under rules. A feature's best candidate is weighed: what it gains beyond the leaf and
 * min_gain_to_split, times the feature's factor, less costs, times the factor of monotone splits;
 * what is left has to be above 0, and is told with min_gain_to_split on top.
 */
export function scanConstrained(
  out: usize, gradients: usize, hessians: usize, counts: usize,
  layout: usize, firstFeature: i32, lastFeature: i32, mask: usize, params: usize, scratch: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32, rules: usize,
): void {
  totalG = totalGradient
  totalH = totalHessian
  totalN = totalCount
  begin(params, rules)
  const l2 = load<f64>(params, P_LAMBDA_L2), minGain = load<f64>(params, P_MIN_GAIN)
  const floor = gainOfLeaf(rules, l2) + minGain
  const forced = <i32>load<f64>(rules, R_FORCED_FEATURE)
  const bounds = <usize>load<f64>(rules, R_BOUNDS)
  const isExtra = load<f64>(params, P_EXTRA) != 0
  store<f64>(out, NOTHING, C_GAIN)
  store<i32>(out, -1, C_FEATURE)
  store<i32>(out, -1, C_BROKEN)
  for (let f = firstFeature; f < lastFeature; f++) {
    const allowed = <i32>load<u8>(mask + <usize>f)
    if (forced >= 0 ? f != forced : !allowed) continue
    const entry = layout + (<usize>f << ENTRY_SHIFT)
    const kind = load<i32>(entry, ENTRY_KIND)
    only = isExtra ? drawOf(mask, allowed, kind) : -1
    const offset = <usize>load<i32>(entry, ENTRY_OFFSET)
    const pg = gradients + (offset << 3), ph = hessians + (offset << 3)
    const pn = counts + (offset << 2)
    const nBins = load<i32>(entry, ENTRY_BINS), missingBin = load<i32>(entry, ENTRY_MISSING)
    const isCategorical = (kind & 1) != 0
    if (!isWhole(pg, ph, pn, nBins)) {
      store<i32>(out, f, C_BROKEN)
      continue
    }
    const entryOfRules = rules + R_FEATURES + <usize>f * R_FEATURE_BYTES
    direction = load<f64>(entryOfRules, R_DIRECTION)
    bestGain = floor
    bestBin = 0
    bestN = -1
    let used = 0
    if (forced >= 0) {
      const bin = <i32>load<f64>(rules, R_FORCED_BIN)
      scanForced(pg, ph, pn, nBins, missingBin, isCategorical, bin, l2)
    } else if (!isCategorical) scanNumericRules(pg, ph, pn, nBins, missingBin, l2, bounds)
    else if (nBins <= <i32>load<f64>(params, P_MAX_CAT_TO_ONEHOT)) {
      scanOneCategory(pg, ph, pn, nBins, l2)
    } else {
      used = scanOrder(pg, ph, pn, nBins, params, scratch)
      scanCategoriesInOrder(
        pg, ph, pn, used, params, orderIn(scratch, nBins), l2 + load<f64>(params, P_CAT_L2))
    }
    if (bestN < 0) continue
    let gain = bestGain - floor
    if (forced < 0) {
      gain = gain * load<f64>(entryOfRules, R_FACTOR) - load<f64>(rules, R_COST) -
        load<f64>(entryOfRules, R_PENALTY)
      if (direction != 0) gain *= load<f64>(rules, R_MONOTONE_FACTOR)
    }
    if (!(gain > 0) || gain + minGain <= load<f64>(out, C_GAIN)) continue
    storeBest(out, f, gain + minGain, used, nBins, scratch)
  }
}
