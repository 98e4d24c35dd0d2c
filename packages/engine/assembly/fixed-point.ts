// Added to a number of less than 2^51, 1.5 * 2^52 rounds it to an integer, ties to even, and leaves
// it in the low bits: less to do than rounding, clamping and converting.
const BIAS: f64 = 6755399441055744

/**
 * Two rows' pairs of gradient and hessian in fixed point, i32 each. Scaled they are at most 2^30:
 * the scales come from bounds that hold.
 */
// @ts-ignore: decorator
@inline export function fixedPairs(scaledGradients: v128, scaledHessians: v128): v128 {
  const bias = f64x2.splat(BIAS)
  return i32x4.shuffle(
    f64x2.add(scaledGradients, bias), f64x2.add(scaledHessians, bias), 0, 4, 2, 6)
}
