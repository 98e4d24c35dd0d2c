import { BIAS, leastOf } from './scan-plain'
import {
  ENTRY_BINS, ENTRY_KIND, ENTRY_OFFSET, ENTRY_SHIFT,
  P_GRADIENT_UNIT, P_HESSIAN_UNIT, P_LAMBDA_L2, P_MIN_DATA,
} from './scan-types'

// Data of very many features have mostly flags: two bins, one candidate, which hardly ever is the
// best. They are passed over by the thousand, by the comparison with which scan-plain.ts decides
// whether a threshold is worth a division; what might be better is left to the scan of any feature.

/** Whether a feature is numeric, with two bins and none for missing values. */
// @ts-ignore: decorator
@inline export function isFlag(layout: usize, f: i32): bool {
  const entry = layout + (<usize>f << ENTRY_SHIFT)
  // bins and missing bin, then the kind
  return load<i64>(entry, ENTRY_BINS) == 0xffff_ffff_0000_0002 && load<i32>(entry, ENTRY_KIND) == 0
}

/**
 * Only where `canScanPlain`.
 *
 * @param floor - gains have to be above
 * @returns the first of the features [f, last) that is allowed and not a flag, or a flag that may
 *   be above, or whose bins do not add up; `last` without one
 */
export function passFlags(
  f: i32, last: i32, gradients: usize, hessians: usize, counts: usize, layout: usize,
  mask: usize, params: usize,
  totalGradient: i64, totalHessian: i64, totalCount: i32, floor: f64,
): i32 {
  const gBias = f64x2.splat(BIAS * load<f64>(params, P_GRADIENT_UNIT))
  const hBias = f64x2.splat(BIAS * load<f64>(params, P_HESSIAN_UNIT))
  const l2 = f64x2.splat(load<f64>(params, P_LAMBDA_L2))
  const minData = load<f64>(params, P_MIN_DATA)
  const least = leastOf(floor)
  for (; f < last; f++) {
    if (!load<u8>(mask + <usize>f)) continue
    if (!isFlag(layout, f)) break
    const offset = <usize>load<i32>(layout + (<usize>f << ENTRY_SHIFT), ENTRY_OFFSET)
    const g = gradients + (offset << 3), h = hessians + (offset << 3), n = counts + (offset << 2)
    const left = load<i32>(n), right = load<i32>(n, 4)
    if (
      left + right != totalCount || load<i64>(g) + load<i64>(g, 8) != totalGradient ||
      load<i64>(h) + load<i64>(h, 8) != totalHessian
    ) break
    if (<f64>min(left, right) < minData) continue
    // both sides, as the total less one of them is the other: no sum of these is rounded
    const gs = f64x2.sub(i64x2.add(v128.load(g), gBias), gBias)
    const hs = f64x2.sub(i64x2.add(v128.load(h), hBias), hBias)
    const ds = f64x2.add(hs, l2)
    const terms = f64x2.mul(f64x2.mul(gs, gs), i64x2.shuffle(ds, ds, 1, 0))
    const numerator = f64x2.extract_lane(terms, 0) + f64x2.extract_lane(terms, 1)
    const denominator = f64x2.extract_lane(ds, 0) * f64x2.extract_lane(ds, 1)
    if (numerator >= least * denominator) break
  }
  return f
}
