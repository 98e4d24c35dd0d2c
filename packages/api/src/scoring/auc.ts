import { ExactSum } from '@coppice/engine'

/** Rows with one raw score each; labels are 0 or 1. */
export interface ScoredRows {
  readonly scores: Float64Array
  readonly labels: Float64Array
  readonly weights: Float64Array | null
}

/**
 * Area under the ROC curve: the share of (positive, negative) pairs in the right order, ties
 * counted half (Mann and Whitney 1947), weighted by the product of the weights. O(n log n).
 *
 * @returns 1 when a class has no rows or no weight, as LightGBM
 */
export function areaUnderRoc(batches: readonly ScoredRows[]): number {
  const nRows = batches.reduce((sum, { labels }) => sum + labels.length, 0)
  const isWeighted = batches.some(({ weights }) => weights !== null)
  const scores = new Float64Array(nRows)
  const positive = new Uint8Array(nRows)
  const weights = new Float64Array(isWeighted ? nRows : 0)
  let at = 0
  for (const batch of batches) {
    scores.set(batch.scores, at)
    for (let row = 0; row < batch.labels.length; row++) {
      positive[at + row] = Number(batch.labels[row]! > 0.5)
      if (isWeighted) weights[at + row] = batch.weights?.[row] ?? 1
    }
    at += batch.labels.length
  }
  const order = Uint32Array.from({ length: nRows }, (_, row) => row)
  order.sort((a, b) => scores[a]! - scores[b]!)
  return isWeighted ? weightedArea(order, scores, positive, weights)
    : unweightedArea(order, scores, positive)
}

/** Twice the area is a whole number; big integers hold it. */
function unweightedArea(order: Uint32Array, scores: Float64Array, positive: Uint8Array): number {
  let total = 0n
  let nNegative = 0
  let nPositive = 0
  for (let i = 0; i < order.length;) {
    const end = endOfTies(order, scores, i)
    let ties = 0
    for (let k = i; k < end; k++) ties += positive[order[k]!]!
    const negatives = end - i - ties
    if (ties > 0) total += BigInt(ties) * BigInt(2 * nNegative + negatives)
    nNegative += negatives
    nPositive += ties
    i = end
  }
  const pairs = nPositive * nNegative
  return pairs === 0 ? 1 : Number(total) / (2 * pairs)
}

function weightedArea(
  order: Uint32Array, scores: Float64Array, positive: Uint8Array, weights: Float64Array,
): number {
  let area = 0
  let negativeSum = 0
  let positiveSum = 0
  for (let i = 0; i < order.length;) {
    const end = endOfTies(order, scores, i)
    const ofClass = (wanted: number): number => {
      const sum = new ExactSum()
      for (let k = i; k < end; k++) if (positive[order[k]!] === wanted) sum.add(weights[order[k]!]!)
      return sum.value()
    }
    const isSingle = end - i === 1
    const single = isSingle ? weights[order[i]!]! : 0
    const isPositive = positive[order[i]!] === 1
    const negatives = isSingle ? (isPositive ? 0 : single) : ofClass(0)
    const positives = isSingle ? (isPositive ? single : 0) : ofClass(1)
    area += positives * (negativeSum + negatives / 2)
    negativeSum += negatives
    positiveSum += positives
    i = end
  }
  return negativeSum > 0 && positiveSum > 0 ? area / (negativeSum * positiveSum) : 1
}

function endOfTies(order: Uint32Array, scores: Float64Array, start: number): number {
  let end = start + 1
  while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++
  return end
}
