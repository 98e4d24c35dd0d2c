// The twin of `log` in packages/model/src/math/log.ts and of the part that `softplus` needs of
// `log1p`: the same operations in the same order, so the same bits. Keep them in step.

const LN2_HI: f64 = 6.93147180369123816490e-1
const LN2_LO: f64 = 1.90821492927058770002e-10

// @ts-ignore: decorator
@inline export function logOfReduced(f: f64, k: f64, correction: f64): f64 {
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const a = w * (3.999999999940941908e-1 +
    w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1))
  const b = z * (6.666666666666735130e-1 + w * (2.857142874366239149e-1 +
    w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)))
  const r = b + a
  const q = 0.5 * f * f
  return s * (q + r) + (k * LN2_LO + correction) - q + f + k * LN2_HI
}

/** ln x of a finite x that is no smaller than 2^-1022. */
export function log(x: f64): f64 {
  const bits = reinterpret<u64>(x)
  const h = <i32>(bits >> 32) + (0x3ff00000 - 0x3fe6a09e)
  const high = (h & 0xfffff) + 0x3fe6a09e
  const m = reinterpret<f64>((<u64>high << 32) | (bits & 0xffffffff))
  return logOfReduced(m - 1, <f64>((h >> 20) - 1023), 0)
}
