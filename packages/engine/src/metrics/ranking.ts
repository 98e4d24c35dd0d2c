import type { MetricSpec } from '../execution/protocol.js'
import { ExactSum } from '../numeric/exact-sum.js'
import { bestDcg, countLabels, discounts } from '../objectives/ranking.js'

/** Whole queries, and what is known of their rows. */
export interface RankedQueries {
  /** First row of each query, and behind the last the number of rows. */
  readonly starts: Int32Array
  readonly scores: Float64Array
  /** Whole numbers below the number of gains. */
  readonly labels: Float64Array
  /** Of rows; null where all are 1. */
  readonly weights: Float64Array | null
}

/** Whether a metric, such as 'ndcg' or 'map@5', is of the order of a query's rows. */
export function isRankingMetric(metric: string): boolean {
  return /^(ndcg|map)(@|$)/.test(metric)
}

/** LightGBM's weight of a query: the mean of the weights of its rows. */
export function queryWeight(weights: Float64Array | null, begin: number, end: number): number {
  if (weights === null) return 1
  let sum = 0
  for (let row = begin; row < end; row++) sum += weights[row]!
  return sum / (end - begin)
}

/**
 * Sums over queries of weight x NDCG or average precision, for each of the metrics. Rows of equal
 * scores are in their order, as in LightGBM; each query is a value of its own, whoever has it.
 *
 * @param metrics - of rankings; topK is the rank
 * @returns states of ExactSums
 */
export function rankingParts(
  metrics: readonly MetricSpec[], queries: RankedQueries, labelGain: readonly number[],
): number[][] {
  const { starts, scores, labels, weights } = queries
  const sums = metrics.map(() => new ExactSum())
  let longest = 0
  for (let q = 0; q + 1 < starts.length; q++) {
    longest = Math.max(longest, starts[q + 1]! - starts[q]!)
  }
  const discount = discounts(longest)
  const counts = new Uint32Array(labelGain.length)
  const ranked = new Float64Array(longest)
  for (let q = 0; q + 1 < starts.length; q++) {
    const [begin, end] = [starts[q]!, starts[q + 1]!]
    const order = bestFirst(scores, begin, end)
    for (let rank = 0; rank < order.length; rank++) ranked[rank] = labels[order[rank]!]!
    const query = ranked.subarray(0, order.length)
    countLabels(labels, begin, end, counts)
    const weight = queryWeight(weights, begin, end)
    for (const [m, { name, topK }] of metrics.entries()) {
      const k = Math.min(topK, query.length)
      const value = name.startsWith('ndcg') ? ndcg(query, k, counts, labelGain, discount)
        : averagePrecisionAt(query, k)
      sums[m]!.add(value * weight)
    }
  }
  return sums.map((sum) => sum.parts())
}

/** Rows [begin, end) by descending score, equal ones in their order. */
function bestFirst(scores: Float64Array, begin: number, end: number): Int32Array {
  const rows = Int32Array.from({ length: end - begin }, (_, i) => begin + i)
  return rows.sort((a, b) => scores[b]! - scores[a]! || a - b)
}

/** DCG of the first k by the best there can be; 1 where no row has a gain. */
function ndcg(
  ranked: Float64Array, k: number, counts: Uint32Array, gains: readonly number[],
  discount: Float64Array,
): number {
  const best = bestDcg(k, counts, gains, discount)
  if (!(best > 0)) return 1
  let dcg = 0
  for (let rank = 0; rank < k; rank++) dcg += gains[ranked[rank]!]! * discount[rank]!
  return dcg / best
}

/** Mean precision at the relevant rows (label above 0) of the first k; 1 where none is relevant. */
function averagePrecisionAt(ranked: Float64Array, k: number): number {
  let hits = 0
  let sum = 0
  let nRelevant = 0
  for (let rank = 0; rank < ranked.length; rank++) {
    if (!(ranked[rank]! > 0.5)) continue
    nRelevant++
    if (rank >= k) continue
    hits++
    sum += hits / (rank + 1)
  }
  return nRelevant === 0 ? 1 : sum / Math.min(nRelevant, k)
}
