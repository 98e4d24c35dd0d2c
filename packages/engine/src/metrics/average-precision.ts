import type { RankedScores } from '../execution/protocol.js'
import { sumRange } from './auc.js'

/**
 * Average precision: the mean, over the weight of the positive rows, of the precision among all
 * rows with at least their score, as LightGBM's and scikit-learn's. Rows of equal scores count
 * together, so that no order among them is needed.
 *
 * @returns 1 when a class has no rows or no weight, as LightGBM
 */
export function averagePrecision(ranked: RankedScores): number {
  const { negatives, positives, negativeWeights, positiveWeights } = ranked
  const weigh = (weights: Float64Array | null, start: number, end: number): number =>
    weights === null ? end - start : sumRange(weights, start, end)
  // from the highest score down: the arrays ascend, so ranges are taken from their ends
  let area = 0
  let positiveSum = 0
  let negativeSum = 0
  let i = positives.length
  let j = negatives.length
  while (i > 0 || j > 0) {
    const score = Math.max(positives[i - 1] ?? -Infinity, negatives[j - 1] ?? -Infinity)
    const nextI = startOfTies(positives, i, score)
    const nextJ = startOfTies(negatives, j, score)
    const positive = weigh(positiveWeights, nextI, i)
    positiveSum += positive
    negativeSum += weigh(negativeWeights, nextJ, j)
    if (positive > 0) area += positive * (positiveSum / (positiveSum + negativeSum))
    i = nextI
    j = nextJ
  }
  return positiveSum > 0 && negativeSum > 0 ? area / positiveSum : 1
}

/** Index of the first of the scores that end at `end` and are equal to `score`. */
function startOfTies(scores: Float64Array, end: number, score: number): number {
  let start = end
  while (start > 0 && scores[start - 1] === score) start--
  return start
}
