// Values to keys. The order of doubles is that of their bits as integers, once those of negative
// ones are turned around, so a key takes a few operations, whatever the number of thresholds.

// As in ../src/predict/forest.ts: the float32 1e-35.
const ZERO: f64 = 1.0000000180025095e-35

// Beyond all keys of numbers: below -Infinity, and above Infinity.
const LEFT: i64 = i64.MIN_VALUE
const RIGHT: i64 = 0x7ff8_0000_0000_0000

// Of `missing`, as in ../src/predict/block-kernels.ts.
const NONE: i32 = 0
const ZEROS: i32 = 2

// @ts-ignore: decorator
@inline function keysOf(x: v128, asMissing: v128, low: v128, high: v128): v128 {
  const isZero = v128.and(f64x2.gt(x, low), f64x2.le(x, high))
  const isMissing = v128.or(f64x2.ne(x, x), isZero)
  // -0 becomes 0.
  const bits = f64x2.add(x, f64x2.splat(0))
  const isNegative = i64x2.lt_s(bits, i64x2.splat(0))
  const keys = v128.xor(bits, i64x2.shr_u(isNegative, 1))
  return v128.bitselect(asMissing, keys, isMissing)
}

// @ts-ignore: decorator
@inline function encode<T>(
  out: usize, rows: usize, rowBytes: usize, n: i32, missing: i32, goesLeft: i32,
): void {
  const asMissing = i64x2.splat(missing == NONE ? 0 : goesLeft ? LEFT : RIGHT)
  // Without them no value is between the two.
  const low = f64x2.splat(missing == ZEROS ? -ZERO : Infinity)
  const high = f64x2.splat(missing == ZEROS ? ZERO : Infinity)
  for (const end = out + (<usize>n << 3); out < end; out += 16, rows += rowBytes << 1) {
    let x: v128
    if (sizeof<T>() == 4) {
      x = f64x2.promote_low_f32x4(v128.load32_lane(rows + rowBytes, v128.load32_zero(rows), 1))
    } else {
      x = v128.load64_lane(rows + rowBytes, v128.load64_zero(rows), 1)
    }
    v128.store(out, keysOf(x, asMissing, low, high))
  }
}

export function keysOfDoubles(
  out: usize, rows: usize, rowBytes: usize, n: i32, missing: i32, goesLeft: i32,
): void {
  encode<f64>(out, rows, rowBytes, n, missing, goesLeft)
}

export function keysOfFloats(
  out: usize, rows: usize, rowBytes: usize, n: i32, missing: i32, goesLeft: i32,
): void {
  encode<f32>(out, rows, rowBytes, n, missing, goesLeft)
}

// @ts-ignore: decorator
@inline export function keyOfNumber(x: f64, missing: i32, goesLeft: i32): i64 {
  if (x != x || (missing == ZEROS && x > -ZERO && x <= ZERO)) {
    return missing == NONE ? 0 : goesLeft ? LEFT : RIGHT
  }
  const bits = reinterpret<i64>(x + 0)
  return bits ^ <i64>(<u64>(bits >> 63) >> 1)
}

// @ts-ignore: decorator
@inline export function keyOfCategory(x: f64, nCategories: i32): i64 {
  const isCode = x >= 0 && x < <f64>nCategories && trunc(x) == x
  return isCode ? <i64>x : <i64>nCategories
}

export function keysOfCategories(
  out: usize, rows: usize, rowBytes: usize, n: i32, nCategories: i32,
): void {
  for (const end = out + (<usize>n << 3); out < end; out += 8, rows += rowBytes) {
    store<i64>(out, keyOfCategory(load<f64>(rows), nCategories))
  }
}
