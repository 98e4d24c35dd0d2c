// Values to codes. Adding the result of a comparison takes no branch: which side of a threshold
// a value is on cannot be foretold.

// As in ../src/predict/forest.ts: the float32 1e-35.
const ZERO: f64 = 1.0000000180025095e-35

export function encodeNumbers(
  out: usize, rows: usize, rowBytes: usize, n: i32, thresholds: usize, nSteps: i32, missing: i32,
  nanCode: i32,
): void {
  for (const end = out + (<usize>n << 1); out < end; out += 2, rows += rowBytes) {
    let x = load<f64>(rows)
    if (missing == 0) {
      if (x != x) x = 0
    } else if (missing == 2) {
      if (x > -ZERO && x <= ZERO) x = NaN
    }
    let at: usize = 0
    for (let step: usize = 1 << (nSteps + 2); step > 4; step >>= 1) {
      at += step & -<usize>(load<f64>(thresholds + at + step - 8) < x)
    }
    const code = <i32>(at >> 3)
    store<u16>(out, x == x ? code : nanCode)
  }
}

export function encodeCategories(
  out: usize, rows: usize, rowBytes: usize, n: i32, nCategories: i32,
): void {
  for (const end = out + (<usize>n << 1); out < end; out += 2, rows += rowBytes) {
    const x = load<f64>(rows)
    const isCode = x >= 0 && x < <f64>nCategories && trunc(x) == x
    store<u16>(out, isCode ? <i32>x : nCategories)
  }
}
