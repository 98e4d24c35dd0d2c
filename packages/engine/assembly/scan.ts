import { leafGain } from './gain'
import { scanCategorical } from './scan-categorical'
import { scanNumericAt } from './scan-extra'
import { isFlag, passFlags } from './scan-flags'
import { scanNumeric } from './scan-numeric'
import { canScanPlain } from './scan-plain'
import {
  C_BROKEN, C_FEATURE, C_GAIN, drawOf, ENTRY_BINS, ENTRY_KIND, ENTRY_MISSING, ENTRY_OFFSET,
  ENTRY_SHIFT,
  P_EXTRA, P_GRADIENT_UNIT, P_HESSIAN_UNIT, P_LAMBDA_L1, P_LAMBDA_L2, P_MAX_DELTA, P_MIN_GAIN,
} from './scan-types'

/**
 * Candidates of different shares of the features are compared by their gains less the parent's.
 * That subtraction rounds, so two neighbouring sums can become equal: then the lower feature must
 * win within a share too. Lifts the sum to beat to the largest that becomes the same gain; a third
 * neighbour cannot, as the rounded results are at least as fine as the sums.
 */
function passEqual(out: usize, parent: f64): void {
  if (load<i32>(out, C_FEATURE) < 0) return
  const sum = load<f64>(out, C_GAIN)
  const next = reinterpret<f64>(reinterpret<i64>(sum) + 1)
  if (next - parent == sum - parent) store<f64>(out, next, C_GAIN)
}

/**
 * Best split of one leaf over the features [firstFeature, lastFeature) whose mask byte is not 0.
 * Ties: the lower feature; within a feature as in LightGBM, see the two scans. With P_EXTRA the
 * mask says which candidate of its feature is the only one.
 */
export function scan(
  out: usize, gradients: usize, hessians: usize, counts: usize,
  layout: usize, firstFeature: i32, lastFeature: i32, mask: usize, params: usize, scratch: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32,
): void {
  const g = <f64>totalGradient * load<f64>(params, P_GRADIENT_UNIT)
  const h = <f64>totalHessian * load<f64>(params, P_HESSIAN_UNIT)
  const parent = leafGain(
    g, h, load<f64>(params, P_LAMBDA_L1), load<f64>(params, P_LAMBDA_L2),
    load<f64>(params, P_MAX_DELTA),
  )
  // while the scan runs the gain field holds the sum of both children's gains
  store<f64>(out, parent + load<f64>(params, P_MIN_GAIN), C_GAIN)
  store<i32>(out, -1, C_FEATURE)
  store<i32>(out, -1, C_BROKEN)
  const isExtra = load<f64>(params, P_EXTRA) != 0
  // said of all features at once: what is found raises the gain to beat, and nothing else changes
  const plain = !isExtra && canScanPlain(out, params, totalCount)
  for (let f = firstFeature; f < lastFeature; f++) {
    if (!load<u8>(mask + <usize>f)) continue
    passEqual(out, parent)
    if (plain && isFlag(layout, f)) {
      f = passFlags(
        f, lastFeature, gradients, hessians, counts, layout, mask, params,
        totalGradient, totalHessian, totalCount, load<f64>(out, C_GAIN),
      )
      if (f == lastFeature) break
    }
    const allowed = <i32>load<u8>(mask + <usize>f)
    const entry = layout + (<usize>f << ENTRY_SHIFT)
    const kind = load<i32>(entry, ENTRY_KIND)
    const only = isExtra ? drawOf(mask, allowed, kind) : -1
    const offset = <usize>load<i32>(entry, ENTRY_OFFSET)
    const pg = gradients + (offset << 3)
    const ph = hessians + (offset << 3)
    const pn = counts + (offset << 2)
    const nBins = load<i32>(entry, ENTRY_BINS)
    if (kind & 1) {
      scanCategorical(
        out, f, pg, ph, pn, nBins, only, params, scratch, totalGradient, totalHessian, totalCount,
      )
    } else if (only >= 0) {
      scanNumericAt(
        out, f, pg, ph, pn, nBins, load<i32>(entry, ENTRY_MISSING), only, params,
        totalGradient, totalHessian, totalCount,
      )
    } else {
      scanNumeric(
        out, f, pg, ph, pn, nBins, load<i32>(entry, ENTRY_MISSING), plain, params, scratch,
        totalGradient, totalHessian, totalCount,
      )
    }
  }
  if (load<i32>(out, C_FEATURE) >= 0) store<f64>(out, load<f64>(out, C_GAIN) - parent, C_GAIN)
}
