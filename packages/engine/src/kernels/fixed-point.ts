/** How the kernels round to fixed point, for their naive twins. */

/** Nearest integer, ties to even. */
export function nearestEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1
  return rest < 0.5 ? below : below + 1
}

/** As i32.trunc_sat: NaN is 0. */
export function saturate(x: number): number {
  return Math.max(-0x8000_0000, Math.min(0x7fff_ffff, x)) | 0
}
