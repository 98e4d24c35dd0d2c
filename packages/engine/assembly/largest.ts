/**
 * The largest of magnitudes; NaN where one of them is. `f64x2.max` would do, but to take NaN along
 * it needs several instructions, each of which waits for the one before. So the loops take `pmax`,
 * which is one instruction and may lose a NaN, and beside it the sum, which cannot: of numbers that
 * are not negative it is NaN only where one of them is.
 */
export function largestOf(maxima: v128, sums: v128): f64 {
  const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
  return isNaN(sum) ? sum : Math.max(f64x2.extract_lane(maxima, 0), f64x2.extract_lane(maxima, 1))
}
