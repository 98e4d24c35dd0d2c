/** T(G): the magnitude less lambda_l1, not below 0, with the sign of G. */
export function threshold(g: number, l1: number): number {
  const magnitude = Math.max(Math.abs(g) - l1, 0)
  return g < 0 ? -magnitude : magnitude
}

/** Gain of one leaf; with max_delta_step that of the clamped output. */
export function leafGain(g: number, h: number, l1: number, l2: number, maxDelta: number): number {
  const t = threshold(g, l1)
  const d = h + l2
  if (d <= 0) return 0
  if (maxDelta <= 0) return t * t / d
  const w = Math.max(-maxDelta, Math.min(maxDelta, -t / d))
  return -(2 * t * w + d * w * w)
}
