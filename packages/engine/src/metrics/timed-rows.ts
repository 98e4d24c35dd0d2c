/** Rows with what is known of their times, for metrics that compare them with each other. */
import type { Objective } from '@coppice/model'

/** Scores of rows, in any order, and what is known of their times. */
export interface TimedScores {
  readonly scores: Float64Array
  /** Bounds of the time of each row: equal where it is known. */
  readonly lower: Float64Array
  /** Infinity where the row was only last seen at `lower`. */
  readonly upper: Float64Array
  /** Null where all weights are 1. */
  readonly weights: Float64Array | null
}

/**
 * Copies of a thread's rows.
 *
 * @param labels - of aft the lower bounds, and behind them the upper ones; of cox times, below 0
 *   those of censored rows
 * @param ordersTimes - scores are turned so that larger ones say longer times
 */
export function timedScores(
  objective: Objective, scores: Float64Array, labels: Float64Array,
  weights: Float64Array | null, ordersTimes: boolean,
): TimedScores {
  const n = scores.length
  const isCox = objective.name === 'cox'
  return {
    scores: isCox && ordersTimes ? scores.map((score) => -score) : scores.slice(),
    lower: isCox ? labels.map((label) => Math.abs(label)) : labels.slice(0, n),
    upper: isCox ? labels.map((label) => label > 0 ? label : Infinity) : labels.slice(n),
    weights: weights?.slice() ?? null,
  }
}

/** The rows of all parts. */
export function joinTimed(parts: readonly TimedScores[]): TimedScores {
  const join = (of: (part: TimedScores) => Float64Array): Float64Array => {
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.scores.length, 0))
    let at = 0
    for (const part of parts) {
      all.set(of(part), at)
      at += part.scores.length
    }
    return all
  }
  const hasWeights = parts.some(({ weights }) => weights !== null)
  return {
    scores: join(({ scores }) => scores),
    lower: join(({ lower }) => lower),
    upper: join(({ upper }) => upper),
    weights: hasWeights
      ? join(({ weights, scores }) => weights ?? new Float64Array(scores.length).fill(1)) : null,
  }
}

/**
 * Row indices by some numbers of each: by the first, where that is equal by the second, and so on.
 * Rows of which all are equal are the same to whoever asks, so the order says nothing of where
 * they came from.
 */
export function orderRows(nRows: number, ...keys: readonly (Float64Array | null)[]): Int32Array {
  const given = keys.filter((key) => key !== null)
  return Int32Array.from({ length: nRows }, (_, row) => row).sort((i, j) => {
    for (const key of given) {
      const [a, b] = [key[i]!, key[j]!]
      if (a !== b) return a < b ? -1 : 1
    }
    return 0
  })
}
