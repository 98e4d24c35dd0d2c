import type { Model } from '../types.js'
import { CoppiceError } from '../errors.js'
import { describe } from '../text.js'

/** A range of 0-based iterations, the end excluded. */
export type IterationRange = readonly [start: number, end: number]

/**
 * The range to use: the one given, else all iterations up to `bestIteration` where there is one,
 * else all.
 * @throws CoppiceError 'PARAMETER' when it is not within the model
 */
export function resolveIterations(model: Model, range: IterationRange | undefined): IterationRange {
  const nIterations = model.trees.length / model.treesPerIteration
  if (range === undefined) return [0, model.bestIteration ?? nIterations]
  const given: unknown = range
  const [start, end] = Array.isArray(given) ? range : [NaN, NaN]
  if (range.length !== 2 || !Number.isInteger(start) || !Number.isInteger(end) ||
    start < 0 || end < start || end > nIterations) {
    throw new CoppiceError('PARAMETER',
      `iterations must be [start, end] with 0 <= start <= end <= ${nIterations} (the iterations ` +
      `of the model), got ${Array.isArray(given) ? `[${given.map(describe).join(', ')}]`
        : describe(given)}`)
  }
  return [start, end]
}
