// Numbers as binary files store them, as doubles. Contracts are in
// ../src/formats/stored-kernels.ts.

/** -0 becomes +0, NaN of any bits the canonical one. */
// @ts-ignore: decorator
@inline
function canonical(values: v128): v128 {
  const sums = f64x2.add(values, f64x2.splat(0))
  const nan = i64x2.splat(0x7ff8000000000000)
  return v128.bitselect(sums, nan, f64x2.eq(values, values))
}

export function promoteSingles(out: usize, singles: usize, n: i32): void {
  // One value more than there are may be read and written.
  for (let i = 0; i < n; i += 2, singles += 8, out += 16) {
    v128.store(out, canonical(f64x2.promote_low_f32x4(v128.load64_zero(singles))))
  }
}

export function copyDoubles(out: usize, doubles: usize, n: i32): void {
  for (let i = 0; i < n; i += 2, doubles += 16, out += 16) {
    v128.store(out, canonical(v128.load(doubles)))
  }
}

export function convertLongs(
  out: usize, longs: usize, n: i32, isUnsigned: bool, limit: f64,
): i32 {
  for (let i = 0; i < n; i++) {
    const at = <usize>i << 3
    const value = isUnsigned ? <f64>load<u64>(longs + at) : <f64>load<i64>(longs + at)
    if (abs(value) > limit) return i
    store<f64>(out + at, value)
  }
  return n
}
