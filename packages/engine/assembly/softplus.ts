import { exp2 } from './exp'
import { logOfReduced } from './log'

// The twin of `softplus` and of the part of `log1p` that it needs in packages/model/src/math: the
// same operations in the same order, so the same bits. Keep them in step.

/** ln(1 + x) for x in [0, 1]. */
function log1pOfUnit(x: f64): f64 {
  if (x < 1.1102230246251565e-16) return x
  if (x < 0.41421) return logOfReduced(x, 0, 0)
  const u = 1 + x
  const bits = reinterpret<u64>(u)
  const h = <i32>(bits >> 32) + (0x3ff00000 - 0x3fe6a09e)
  const k = (h >> 20) - 1023
  const lost = k >= 2 ? 1 - (u - x) : x - (u - 1)
  const high = (h & 0xfffff) + 0x3fe6a09e
  const m = reinterpret<f64>((<u64>high << 32) | (bits & 0xffffffff))
  return logOfReduced(m - 1, <f64>k, lost / u)
}

/** ln(1 + e^x). */
export function softplus(x: f64): f64 {
  const e = f64x2.extract_lane(exp2(f64x2.splat(x > 0 ? -x : x)), 0)
  return x > 0 ? x + log1pOfUnit(e) : log1pOfUnit(e)
}
