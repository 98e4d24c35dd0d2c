// e^x of two lanes: the twin of packages/model/src/math/exp.ts, the same operations in the same
// order, so the same bits. Keep the two in step; test/kernels compares them.

const ROUND: f64 = 6755399441055744

/** e^y of y in [-746, 710], or if it is not wide in [-700, 700]. */
// @ts-ignore: decorator
@inline function expOf(y: v128, isWide: bool): v128 {
  const round = f64x2.splat(ROUND)
  const t = f64x2.add(f64x2.mul(y, f64x2.splat(1.44269504088896338700)), round)
  const n = f64x2.sub(t, round)
  const hi = f64x2.sub(y, f64x2.mul(n, f64x2.splat(6.93147180369123816490e-1)))
  const lo = f64x2.mul(n, f64x2.splat(1.90821492927058770002e-10))
  const r = f64x2.sub(hi, lo)
  const s = f64x2.mul(r, r)
  let q = f64x2.splat(4.13813679705723846039e-8)
  q = f64x2.add(f64x2.splat(-1.65339022054652515390e-6), f64x2.mul(s, q))
  q = f64x2.add(f64x2.splat(6.61375632143793436117e-5), f64x2.mul(s, q))
  q = f64x2.add(f64x2.splat(-2.77777777770155933842e-3), f64x2.mul(s, q))
  q = f64x2.add(f64x2.splat(1.66666666666666019037e-1), f64x2.mul(s, q))
  const c = f64x2.sub(r, f64x2.mul(s, q))
  const quotient = f64x2.div(f64x2.mul(r, c), f64x2.sub(f64x2.splat(2), c))
  const v = f64x2.sub(f64x2.splat(1), f64x2.sub(f64x2.sub(lo, quotient), hi))
  // t = ROUND + n exactly, and the last place of ROUND is 1: the difference of the bits is n
  const k = i64x2.sub(t, round)
  const bias = i64x2.splat(1023)
  // where results are neither subnormal nor too large one multiplication gives the same bits
  if (!isWide) return f64x2.mul(v, i64x2.shl(i64x2.add(bias, k), 52))
  const a = i64x2.shr_s(k, 1)
  const b = i64x2.sub(k, a)
  const first = f64x2.mul(v, i64x2.shl(i64x2.add(bias, a), 52))
  return f64x2.mul(first, i64x2.shl(i64x2.add(bias, b), 52))
}

function expWide(x: v128): v128 {
  return expOf(f64x2.pmax(f64x2.pmin(x, f64x2.splat(710)), f64x2.splat(-746)), true)
}

// @ts-ignore: decorator
@inline export function exp2(x: v128): v128 {
  // returned from within the condition, the compiler would compute the wide one for every pair
  let e = expOf(x, false)
  if (v128.any_true(isWide(x))) e = expWide(x)
  return e
}

// @ts-ignore: decorator
@inline function isWide(x: v128): v128 {
  return f64x2.gt(f64x2.abs(x), f64x2.splat(700))
}

/** Whether `expNarrow` cannot take one of four. Asked once for all, they overlap. */
// @ts-ignore: decorator
@inline export function areWide(a: v128, b: v128): bool {
  return v128.any_true(v128.or(isWide(a), isWide(b)))
}

/** `exp2` of numbers in [-700, 700]. */
// @ts-ignore: decorator
@inline export function expNarrow(x: v128): v128 {
  return expOf(x, false)
}

/** For the test of the twin: n doubles (n even) from src to dst. */
export function expLanes(dst: usize, src: usize, n: i32): void {
  for (const end = src + (<usize>n << 3); src < end; src += 16, dst += 16) {
    v128.store(dst, exp2(v128.load(src)))
  }
}
