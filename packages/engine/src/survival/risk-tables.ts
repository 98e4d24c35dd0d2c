/**
 * What Cox regression has to know of other rows: for each event the sum of the hazards of the rows
 * that were there.
 */
import { assert } from '../errors.js'
import type { EventTimes } from './event-times.js'
import { riskSums } from './hazard-sums.js'

/** Sums over events, from which each row's gradient follows. Plain data. */
export interface RiskTables {
  /** The score whose hazard is 1. */
  readonly origin: number
  /** By event: the sum, over it and all before it, of 1 / (hazards of the rows there). */
  readonly rates: Float64Array
  /** By event: the sum of the squares of these. */
  readonly squares: Float64Array
}

/**
 * Breslow's estimate of the cumulative hazard, and the same of squares: events at one time have
 * one risk set. O(events).
 */
export function riskTables(
  { counts }: EventTimes, sums: Float64Array, origin: number,
): RiskTables {
  const risks = riskSums(sums)
  const [rates, squares] = [new Float64Array(risks.length), new Float64Array(risks.length)]
  let [rate, square] = [0, 0]
  for (const [event, risk] of risks.entries()) {
    assert(risk > 0, 'a row was there when its event happened')
    rate += counts[event]! / risk
    square += counts[event]! / (risk * risk)
    rates[event] = rate
    squares[event] = square
  }
  return { origin, rates, squares }
}

/** A number above 0 that grows with the score: the largest of some is found as maxima are. */
export function scoreKey(score: number): number {
  return score >= 0 ? 1 + score : 1 / (1 - score)
}

/** A whole number that is at least the score of a key, but for rounding, and less than 1 more. */
export function originOf(key: number): number {
  assert(key > 0, 'some row has a score')
  return Math.ceil(key >= 1 ? key - 1 : 1 - 1 / key)
}
