/** 1.5 * 2^52: adding and subtracting it rounds |x| < 2^51 to an integer, ties to even. */
const ROUND = 6755399441055744

/** Nearest integer, ties to even, for |x| < 2^51: what `f64x2.nearest` does. */
export function roundTiesToEven(x: number): number {
  return x + ROUND - ROUND
}
