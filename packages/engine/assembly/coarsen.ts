/** Adds the sums of a feature's bins to those of their groups, `groups` naming one for each. */
export function coarsen(
  toGradients: usize, toHessians: usize, toCounts: usize,
  gradients: usize, hessians: usize, counts: usize, groups: usize, nBins: i32,
): void {
  for (let b = 0; b < nBins; b++) {
    const group = <usize>load<u8>(groups + <usize>b)
    const b8 = <usize>b << 3, g8 = group << 3
    const b4 = <usize>b << 2, g4 = group << 2
    store<i64>(toGradients + g8, load<i64>(toGradients + g8) + load<i64>(gradients + b8))
    store<i64>(toHessians + g8, load<i64>(toHessians + g8) + load<i64>(hessians + b8))
    store<i32>(toCounts + g4, load<i32>(toCounts + g4) + load<i32>(counts + b4))
  }
}
