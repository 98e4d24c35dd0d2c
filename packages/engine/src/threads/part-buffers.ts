import type { MetricPart } from '../execution/protocol.js'

/** The buffers of metric parts, to be moved out of a thread instead of copied. */
export function partBuffers(parts: readonly MetricPart[]): ArrayBuffer[] {
  const arrays = parts.flatMap(({ ranked, timed }) => [
    ranked?.negatives, ranked?.positives, ranked?.negativeWeights, ranked?.positiveWeights,
    timed?.scores, timed?.lower, timed?.upper, timed?.weights,
  ])
  return arrays.flatMap((array) => array == null ? [] : [array.buffer as ArrayBuffer])
}
