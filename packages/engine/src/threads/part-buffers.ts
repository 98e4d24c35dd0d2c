import type { MetricPart } from '../execution/protocol.js'

/** The buffers of metric parts, to be moved out of a thread instead of copied. */
export function partBuffers(parts: readonly MetricPart[]): ArrayBuffer[] {
  return parts.flatMap(({ ranked }) => ranked === null ? [] : [
    ranked.negatives, ranked.positives,
    ...(ranked.negativeWeights === null ? [] : [ranked.negativeWeights]),
    ...(ranked.positiveWeights === null ? [] : [ranked.positiveWeights]),
  ].map((array) => array.buffer as ArrayBuffer))
}
