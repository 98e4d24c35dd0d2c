// Gains, the one code path of every executor: plain f64, no fused operation.

// @ts-ignore: decorator
@inline export function softThreshold(g: f64, l1: f64): f64 {
  const magnitude = Math.max(Math.abs(g) - l1, 0)
  return g < 0 ? -magnitude : magnitude
}

/** Gain of one leaf: T(G)^2 / (H + l2), or with a clamped output w -(2 T(G) w + (H + l2) w^2). */
export function leafGain(g: f64, h: f64, l1: f64, l2: f64, maxDelta: f64): f64 {
  const t = softThreshold(g, l1)
  const d = h + l2
  if (d <= 0) return 0
  if (maxDelta <= 0) return (t * t) / d
  const w = Math.max(-maxDelta, Math.min(maxDelta, -t / d))
  return -((2 * t) * w + (d * w) * w)
}
