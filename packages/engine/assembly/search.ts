// Values to bins. The cell of a value says how many bounds are below all values of that cell; the
// few bounds within it are compared. What a search is in memory: SearchLayout, search-api.ts.

const CELLS: usize = 2112
const BOUNDS: usize = 32
// 1.5 * 2^52: what is added to it is rounded to a whole number in its low bits.
const TO_WHOLE: f64 = 6755399441055744

// The ways to search.
const SHORT: i32 = 0
const LONG: i32 = 1
const CURVED: i32 = 2

// x to sign(x) h(1 + unit |x|), where h is the upper half of a double as an integer, less that of
// 1: nearly linear up to 1 / unit, from there on a logarithm in straight pieces. NaN remains.
// @ts-ignore: decorator
@inline
function curved(values: v128, unit: v128): v128 {
  const size = f64x2.add(f64x2.mul(f64x2.abs(values), unit), f64x2.splat(1))
  const high = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(size, size, 1, 3, 1, 3))
  const sign = v128.and(values, i64x2.splat(0x8000000000000000))
  const isNaN = f64x2.ne(values, values)
  return v128.or(v128.or(f64x2.sub(high, f64x2.splat(1072693248)), sign), isNaN)
}

// The places of the cells of two values. NaN, which no comparison below is true of, gets the cell
// behind the last.
// @ts-ignore: decorator
@inline
function cellsOf(values: v128, low: v128, scale: v128, last: v128, behind: v128): v128 {
  const place = f64x2.mul(f64x2.sub(values, low), scale)
  const atLeast = f64x2.pmax(place, f64x2.splat(0))
  const atMost = f64x2.pmin(atLeast, last)
  return f64x2.add(f64x2.pmin(behind, atMost), f64x2.splat(TO_WHOLE))
}

// @ts-ignore: decorator
@inline
function countBelow(search: usize, bin: i32, value: v128, isLong: bool): i32 {
  const at = search + (<usize>bin << 3)
  const first = i64x2.bitmask(f64x2.lt(v128.load(at, BOUNDS), value))
  if (!isLong) return bin + ((first + 1) >> 1)
  const second = i64x2.bitmask(f64x2.lt(v128.load(at, BOUNDS + 16), value))
  return bin + ((first + 1) >> 1) + ((second + 1) >> 1)
}

// @ts-ignore: decorator
@inline
function putTwo(
  out: usize, stride: usize, search: usize, values: v128, cells: v128, isLong: bool,
): void {
  const a = <i32>load<u8>(search + <usize><u32>i64x2.extract_lane(cells, 0), CELLS)
  const b = <i32>load<u8>(search + <usize><u32>i64x2.extract_lane(cells, 1), CELLS)
  const first = v128.shuffle<f64>(values, values, 0, 0)
  const second = v128.shuffle<f64>(values, values, 1, 1)
  store<u8>(out, countBelow(search, a, first, isLong))
  store<u8>(out + stride, countBelow(search, b, second, isLong))
}

// @ts-ignore: decorator
@inline
function searchAll(
  out: usize, stride: usize, values: usize, step: usize, n: i32, search: usize, isFloat: bool,
  way: i32,
): void {
  const isLong = way != SHORT
  const low = v128.load64_splat(search)
  const scale = v128.load64_splat(search, 8)
  const last = v128.load64_splat(search, 16)
  const unit = v128.load64_splat(search, 24)
  const behind = f64x2.add(last, f64x2.splat(1))
  for (let i = 1; i < n; i += 2) {
    const both = isFloat
      ? f64x2.promote_low_f32x4(v128.load32_lane(values + step, v128.load32_zero(values), 1))
      : v128.load64_lane(values + step, v128.load64_zero(values), 1)
    const place = way == CURVED ? curved(both, unit) : both
    putTwo(out, stride, search, both, cellsOf(place, low, scale, last, behind), isLong)
    values += step << 1
    out += stride << 1
  }
  if ((n & 1) == 0) return
  const one = isFloat ? f64x2.promote_low_f32x4(v128.load32_zero(values))
    : v128.load64_zero(values)
  const place = way == CURVED ? curved(one, unit) : one
  const cells = cellsOf(place, low, scale, last, behind)
  putTwo(out, 0, search, v128.shuffle<f64>(one, one, 0, 0), v128.shuffle<f64>(cells, cells, 0, 0),
    isLong)
}

export function searchDoubles(
  out: usize, stride: usize, values: usize, step: usize, n: i32, search: usize,
): void {
  searchAll(out, stride, values, step, n, search, false, SHORT)
}

export function searchDoublesLong(
  out: usize, stride: usize, values: usize, step: usize, n: i32, search: usize,
): void {
  searchAll(out, stride, values, step, n, search, false, LONG)
}

export function searchDoublesCurved(
  out: usize, stride: usize, values: usize, step: usize, n: i32, search: usize,
): void {
  searchAll(out, stride, values, step, n, search, false, CURVED)
}

export function searchFloats(
  out: usize, stride: usize, values: usize, step: usize, n: i32, search: usize,
): void {
  searchAll(out, stride, values, step, n, search, true, SHORT)
}

export function searchFloatsLong(
  out: usize, stride: usize, values: usize, step: usize, n: i32, search: usize,
): void {
  searchAll(out, stride, values, step, n, search, true, LONG)
}

export function searchFloatsCurved(
  out: usize, stride: usize, values: usize, step: usize, n: i32, search: usize,
): void {
  searchAll(out, stride, values, step, n, search, true, CURVED)
}

export function lookUpCodes(
  out: usize, stride: usize, codes: usize, n: i32, bins: usize, nCodes: i32, otherBin: i32,
): void {
  for (const end = codes + (<usize>n << 2); codes < end; codes += 4, out += stride) {
    const code = load<u32>(codes)
    // A negative code is a large unsigned number.
    store<u8>(out, code < <u32>nCodes ? <i32>load<u8>(bins + <usize>code) : otherBin)
  }
}
