import { ExactSum } from '../numeric/exact-sum.js'
import { sortDoubles } from '../numeric/sort-doubles.js'
import type { RankedScores } from '../execution/protocol.js'

/** Sorts the scores of each class; `labels` are 0 or 1. O(n log n). */
export function rankScores(
  scores: Float64Array, labels: Float64Array, weights: Float64Array | null,
): RankedScores {
  let nPositive = 0
  for (let i = 0; i < labels.length; i++) if (labels[i]! > 0.5) nPositive++
  const positives = new Int32Array(nPositive)
  const negatives = new Int32Array(labels.length - nPositive)
  let p = 0
  let n = 0
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]! > 0.5) positives[p++] = i
    else negatives[n++] = i
  }
  const [positiveScores, positiveWeights] = sortRows(positives, scores, weights)
  const [negativeScores, negativeWeights] = sortRows(negatives, scores, weights)
  return {
    negatives: negativeScores, positives: positiveScores, negativeWeights, positiveWeights,
  }
}

function sortRows(
  rows: Int32Array, scores: Float64Array, weights: Float64Array | null,
): [Float64Array, Float64Array | null] {
  if (weights !== null) {
    // ties in any order: their weights are summed exactly
    rows.sort((a, b) => scores[a]! - scores[b]!)
    return [gather(rows, scores), gather(rows, weights)]
  }
  return [sortDoubles(gather(rows, scores)), null]
}

function gather(rows: Int32Array, values: Float64Array): Float64Array<ArrayBuffer> {
  const out = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!
  return out
}

/** Merges neighbours until one is left: O(n log k) for k parts. */
export function mergeAll(parts: readonly RankedScores[]): RankedScores {
  let rest = parts
  while (rest.length > 1) {
    const merged: RankedScores[] = []
    for (let i = 0; i < rest.length; i += 2) {
      const [a, b] = [rest[i]!, rest[i + 1]]
      merged.push(b === undefined ? a : mergeRanked(a, b))
    }
    rest = merged
  }
  return rest[0]!
}

/** Merges sorted rows of two engines. */
export function mergeRanked(a: RankedScores, b: RankedScores): RankedScores {
  const [negatives, negativeWeights] =
    mergeSorted(a.negatives, a.negativeWeights, b.negatives, b.negativeWeights)
  const [positives, positiveWeights] =
    mergeSorted(a.positives, a.positiveWeights, b.positives, b.positiveWeights)
  return { negatives, positives, negativeWeights, positiveWeights }
}

function mergeSorted(
  a: Float64Array, aWeights: Float64Array | null, b: Float64Array, bWeights: Float64Array | null,
): [Float64Array, Float64Array | null] {
  const n = a.length + b.length
  const out = new Float64Array(n)
  const weights = aWeights === null || bWeights === null ? null : new Float64Array(n)
  let i = 0
  let j = 0
  for (let k = 0; k < n; k++) {
    const takeA = j >= b.length || (i < a.length && a[i]! <= b[j]!)
    out[k] = takeA ? a[i]! : b[j]!
    if (weights !== null) weights[k] = takeA ? aWeights![i]! : bWeights![j]!
    if (takeA) i++
    else j++
  }
  return [out, weights]
}

/**
 * Area under the ROC curve: the share of (positive, negative) pairs in the right order, ties
 * counted half (Mann and Whitney 1947), weighted by the product of the weights. Exact before its
 * one rounding where no weights are given; the same for any grouping of the rows where they are.
 *
 * @returns 1 when a class has no rows or no weight, as LightGBM
 */
export function areaUnderRoc(ranked: RankedScores): number {
  return ranked.negativeWeights === null || ranked.positiveWeights === null
    ? unweightedArea(ranked.negatives, ranked.positives)
    : weightedArea(ranked, ranked.negativeWeights, ranked.positiveWeights)
}

function unweightedArea(negatives: Float64Array, positives: Float64Array): number {
  const pairs = positives.length * negatives.length
  if (pairs === 0) return 1
  // twice the area in whole numbers; a chunk stays below 2^53
  let total = 0n
  let chunk = 0
  let below = 0
  let through = 0
  const flushAt = 4503599627370496 // 2^52
  for (let i = 0; i < positives.length; i++) {
    const score = positives[i]!
    while (below < negatives.length && negatives[below]! < score) below++
    if (through < below) through = below
    while (through < negatives.length && negatives[through]! <= score) through++
    chunk += below + through
    if (chunk >= flushAt) {
      total += BigInt(chunk)
      chunk = 0
    }
  }
  total += BigInt(chunk)
  return Number(total) / (2 * pairs)
}

function weightedArea(
  { negatives, positives }: RankedScores, negativeWeights: Float64Array,
  positiveWeights: Float64Array,
): number {
  let area = 0
  let negativeSum = 0
  let positiveSum = 0
  let i = 0
  let j = 0
  while (i < negatives.length || j < positives.length) {
    const score = Math.min(negatives[i] ?? Infinity, positives[j] ?? Infinity)
    const endI = endOfTies(negatives, i, score)
    const endJ = endOfTies(positives, j, score)
    const negative = sumRange(negativeWeights, i, endI)
    const positive = sumRange(positiveWeights, j, endJ)
    area += positive * (negativeSum + negative / 2)
    negativeSum += negative
    positiveSum += positive
    i = endI
    j = endJ
  }
  return negativeSum > 0 && positiveSum > 0 ? area / (negativeSum * positiveSum) : 1
}

function endOfTies(scores: Float64Array, start: number, score: number): number {
  let end = start
  while (end < scores.length && scores[end] === score) end++
  return end
}

/** The exact sum of a few weights, rounded once: ties have no order of their own. */
export function sumRange(weights: Float64Array, start: number, end: number): number {
  if (end - start <= 1) return end > start ? weights[start]! : 0
  const sum = new ExactSum()
  for (let i = start; i < end; i++) sum.add(weights[i]!)
  return sum.value()
}
