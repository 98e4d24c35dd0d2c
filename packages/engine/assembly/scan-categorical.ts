import { leafGain } from './gain'
import {
  BYTE_BINS, C_BIN, C_BROKEN, C_FEATURE, C_FLAGS, C_GAIN, C_LEFT_BINS, C_LEFT_COUNT,
  C_LEFT_GRADIENT, C_LEFT_HESSIAN, FLAG_CATEGORICAL, FLAG_CAT_L2, leftBytes, P_CAT_L2,
  P_CAT_SMOOTH, P_GRADIENT_UNIT, P_HESSIAN_UNIT, P_LAMBDA_L1, P_LAMBDA_L2, P_MAX_CAT_THRESHOLD,
  P_MAX_CAT_TO_ONEHOT, P_MAX_DELTA, P_MIN_DATA, P_MIN_DATA_PER_GROUP, P_MIN_HESSIAN,
} from './scan-types'

// Categorical splits as in LightGBM (feature_histogram.hpp, FindBestThresholdCategoricalInner),
// with true counts. Bin 0 (missing, unseen, rare) is never on the left.

// scratch: keys f64[n], order i32[n], merge buffer i32[n], for n of 256 bins, or of 65,536

/** Where the order of categories is in the scratch. */
// @ts-ignore: decorator
@inline export function orderIn(scratch: usize, nBins: i32): usize {
  return scratch + (nBins > BYTE_BINS ? 524288 : 2048)
}

/** Draws of a candidate among those of categories in order. */
export const ONLY_DRAWS: i32 = 255

/** Sorts order[0, n) by key, then by bin: bottom-up merge sort. */
function sortByKey(scratch: usize, order: usize, n: i32): void {
  let from = order, to = order + ((order - scratch) >> 1)
  for (let width = 1; width < n; width <<= 1) {
    for (let start = 0; start < n; start += width << 1) {
      const middle = min(start + width, n), end = min(start + (width << 1), n)
      let i = start, j = middle
      for (let k = start; k < end; k++) {
        let takeLeft = i < middle
        if (takeLeft && j < end) {
          const a = load<i32>(from + (<usize>i << 2)), b = load<i32>(from + (<usize>j << 2))
          takeLeft = load<f64>(scratch + (<usize>a << 3)) <= load<f64>(scratch + (<usize>b << 3))
        }
        store<i32>(to + (<usize>k << 2), load<i32>(from + (<usize>(takeLeft ? i : j) << 2)))
        if (takeLeft) i++
        else j++
      }
    }
    const swap = from
    from = to
    to = swap
  }
  if (from != order) memory.copy(order, from, <usize>n << 2)
}

function record(
  out: usize, feature: i32, gain: f64, n: i32, flags: i32, g: i64, h: i64, count: i32,
  nBins: i32,
): void {
  store<f64>(out, gain, C_GAIN)
  store<i32>(out, feature, C_FEATURE)
  store<i32>(out, n, C_BIN)
  store<i32>(out, flags, C_FLAGS)
  store<i32>(out, count, C_LEFT_COUNT)
  store<i64>(out, g, C_LEFT_GRADIENT)
  store<i64>(out, h, C_LEFT_HESSIAN)
  memory.fill(out + C_LEFT_BINS, 0, leftBytes(nBins))
}

// @ts-ignore: decorator
@inline export function setLeft(out: usize, bin: i32): void {
  const p = out + C_LEFT_BINS + (<usize>bin >> 3)
  store<u8>(p, <u8>(<i32>load<u8>(p) | (1 << (bin & 7))))
}

function scanOneVersusRest(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize, nBins: i32,
  only: i32, params: usize, totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  const l1 = load<f64>(params, P_LAMBDA_L1), l2 = load<f64>(params, P_LAMBDA_L2)
  const minN = <i32>load<f64>(params, P_MIN_DATA), minH = load<f64>(params, P_MIN_HESSIAN)
  const maxDelta = load<f64>(params, P_MAX_DELTA)
  const gUnit = load<f64>(params, P_GRADIENT_UNIT), hUnit = load<f64>(params, P_HESSIAN_UNIT)
  for (let b = 1; b < nBins; b++) {
    if (only >= 0 && b - 1 != only) continue
    const g = load<i64>(gradients + (<usize>b << 3)), h = load<i64>(hessians + (<usize>b << 3))
    const n = load<i32>(counts + (<usize>b << 2))
    if (n < minN || totalCount - n < minN) continue
    const hl = <f64>h * hUnit, hr = <f64>(totalHessian - h) * hUnit
    if (hl < minH || hr < minH || hl + l2 <= 0 || hr + l2 <= 0) continue
    const gain = leafGain(<f64>g * gUnit, hl, l1, l2, maxDelta) +
      leafGain(<f64>(totalGradient - g) * gUnit, hr, l1, l2, maxDelta)
    if (gain <= load<f64>(out, C_GAIN)) continue
    record(out, feature, gain, 1, FLAG_CATEGORICAL, g, h, n, nBins)
    setLeft(out, b)
  }
}

/**
 * Writes the categories with enough rows in order, as i32 to `orderIn`, and returns how many
 * they are.
 */
export function scanOrder(
  gradients: usize, hessians: usize, counts: usize, nBins: i32, params: usize, scratch: usize,
): i32 {
  const gUnit = load<f64>(params, P_GRADIENT_UNIT), hUnit = load<f64>(params, P_HESSIAN_UNIT)
  const smooth = load<f64>(params, P_CAT_SMOOTH)
  const order = orderIn(scratch, nBins)
  let used = 0
  for (let b = 1; b < nBins; b++) {
    if (<f64>load<i32>(counts + (<usize>b << 2)) < smooth) continue
    const g = <f64>load<i64>(gradients + (<usize>b << 3)) * gUnit
    const h = <f64>load<i64>(hessians + (<usize>b << 3)) * hUnit
    const d = h + smooth
    // only with cat_smooth = 0 and no hessian; such a category has no say in the order
    store<f64>(scratch + (<usize>b << 3), d > 0 ? g / d : 0)
    store<i32>(order + (<usize>used << 2), b)
    used++
  }
  sortByKey(scratch, order, used)
  return used
}

function scanManyVersusMany(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize, nBins: i32,
  only: i32, params: usize, scratch: usize, totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  const l1 = load<f64>(params, P_LAMBDA_L1)
  const l2 = load<f64>(params, P_LAMBDA_L2) + load<f64>(params, P_CAT_L2)
  const minN = <i32>load<f64>(params, P_MIN_DATA), minH = load<f64>(params, P_MIN_HESSIAN)
  const maxDelta = load<f64>(params, P_MAX_DELTA)
  const gUnit = load<f64>(params, P_GRADIENT_UNIT), hUnit = load<f64>(params, P_HESSIAN_UNIT)
  const perGroup = <i32>load<f64>(params, P_MIN_DATA_PER_GROUP)
  const used = scanOrder(gradients, hessians, counts, nBins, params, scratch)
  const order = orderIn(scratch, nBins)
  const most = min(<i32>load<f64>(params, P_MAX_CAT_THRESHOLD), (used + 1) >> 1)
  // how many candidates there are is not known when one is drawn: 255 draws are spread over them
  const onlyPlace = only < 0 ? -1 : only * most / ONLY_DRAWS
  let bestCount = 0
  let bestFromEnd = false
  for (let direction = 0; direction < 2; direction++) {
    let g: i64 = 0, h: i64 = 0
    let n = 0, group = 0
    for (let i = 0; i < most; i++) {
      const place = direction ? used - 1 - i : i
      const b = load<i32>(order + (<usize>place << 2))
      const count = load<i32>(counts + (<usize>b << 2))
      g += load<i64>(gradients + (<usize>b << 3))
      h += load<i64>(hessians + (<usize>b << 3))
      n += count
      group += count
      const hl = <f64>h * hUnit, hr = <f64>(totalHessian - h) * hUnit
      if (n < minN || hl < minH) continue
      const right = totalCount - n
      if (right < minN || right < perGroup || hr < minH) break
      if (group < perGroup) continue
      group = 0
      if (onlyPlace >= 0 && i != onlyPlace) continue
      if (hl + l2 <= 0 || hr + l2 <= 0) continue
      const gain = leafGain(<f64>g * gUnit, hl, l1, l2, maxDelta) +
        leafGain(<f64>(totalGradient - g) * gUnit, hr, l1, l2, maxDelta)
      if (gain <= load<f64>(out, C_GAIN)) continue
      record(out, feature, gain, i + 1, FLAG_CATEGORICAL | FLAG_CAT_L2, g, h, n, nBins)
      bestCount = i + 1
      bestFromEnd = direction == 1
    }
  }
  for (let i = 0; i < bestCount; i++) {
    const place = bestFromEnd ? used - 1 - i : i
    setLeft(out, load<i32>(order + (<usize>place << 2)))
  }
}

/** @param only - number of the only candidate, see P_EXTRA; -1: all are scored */
export function scanCategorical(
  out: usize, feature: i32, gradients: usize, hessians: usize, counts: usize, nBins: i32,
  only: i32, params: usize, scratch: usize, totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  let g: i64 = 0, h: i64 = 0
  let n = 0
  for (let b = 0; b < nBins; b++) {
    g += load<i64>(gradients + (<usize>b << 3))
    h += load<i64>(hessians + (<usize>b << 3))
    n += load<i32>(counts + (<usize>b << 2))
  }
  if (g != totalGradient || h != totalHessian || n != totalCount) {
    store<i32>(out, feature, C_BROKEN)
    return
  }
  if (nBins <= <i32>load<f64>(params, P_MAX_CAT_TO_ONEHOT)) {
    scanOneVersusRest(
      out, feature, gradients, hessians, counts, nBins, only, params,
      totalGradient, totalHessian, totalCount,
    )
  } else {
    scanManyVersusMany(
      out, feature, gradients, hessians, counts, nBins, only, params, scratch,
      totalGradient, totalHessian, totalCount,
    )
  }
}
