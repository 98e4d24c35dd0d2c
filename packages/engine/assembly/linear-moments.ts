/** Adds a row's products `factor * values[j]`, j from `first` (even) on, to one row of the sums. */
// @ts-ignore: decorator
@inline
function addProducts(
  sums: usize, plane: usize, values: usize, factor: f64, first: i32, width: i32,
  high: v128, low: v128,
): void {
  const factors = f64x2.splat(factor)
  const end = values + (<usize>width << 3)
  let at = sums + (<usize>first << 3)
  for (let v = values + (<usize>first << 3); v < end; v += 16, at += 16) {
    const product = f64x2.mul(factors, v128.load(v))
    // the bits of the sum are those of `high` plus the product in its units
    const coarse = f64x2.add(product, high)
    v128.store(at, i64x2.add(v128.load(at), coarse))
    const rest = f64x2.sub(product, f64x2.sub(coarse, high))
    v128.store(at + plane, i64x2.add(v128.load(at + plane), f64x2.add(rest, low)))
  }
}

/** Takes the bits that every row brought along out of a plane again. */
function settle(sums: usize, nValues: i32, width: i32, bits: i64): void {
  for (let m = 0; m <= nValues + 1; m++, sums += <usize>width << 3) {
    for (let j = m > nValues ? 0 : m & ~1; j < width; j++) {
      const at = sums + (<usize>j << 3)
      store<i64>(at, load<i64>(at) - bits)
    }
  }
}

/** The sums of the normal equations of a linear leaf over n of its rows; see api.ts. */
export function linearMoments(
  sums: usize, rows: usize, n: i32, nValues: i32, high: f64, low: f64,
): void {
  const width = (nValues + 2) & ~1
  const rowBytes = <usize>(width + 2) << 3
  const lineBytes = <usize>width << 3
  const plane = lineBytes * <usize>(nValues + 2)
  const highs = f64x2.splat(high)
  const lows = f64x2.splat(low)
  for (let i = 0; i < n; i++, rows += rowBytes) {
    const gradient = load<f64>(rows)
    const hessian = load<f64>(rows, 8)
    const values = rows + 16
    let line = sums
    for (let m = 0; m <= nValues; m++, line += lineBytes) {
      const factor = hessian * load<f64>(values + (<usize>m << 3))
      addProducts(line, plane, values, factor, m & ~1, width, highs, lows)
    }
    addProducts(line, plane, values, gradient, 0, width, highs, lows)
  }
  settle(sums, nValues, width, <i64>n * reinterpret<i64>(high))
  settle(sums + plane, nValues, width, <i64>n * reinterpret<i64>(low))
}
