import { orderRows, type TimedScores } from './timed-rows.js'

/**
 * Harrell's index of concordance: of the pairs of rows of which it is known whose time is shorter,
 * the share in which scores say so too; equal scores count half. It is known where one ended before
 * the other was last seen, or at the time when that was last seen without an event. Pairs weigh the
 * product of their weights. 0.5 where no pair is known. O(n log n).
 *
 * @param rows - larger scores say longer times
 */
export function concordance({ scores, lower, upper, weights }: TimedScores): number {
  const nRows = scores.length
  // by when they were last seen, those that went on after it behind those that did not
  const isOpen = lower.map((bound, row) => upper[row]! > bound ? 1 : 0)
  const later = orderRows(nRows, lower, isOpen, scores, weights)
  const ended = orderRows(nRows, upper, scores, weights)
  const ranks = ranksOf(scores)
  const seen = new PrefixSums(nRows)
  let all = 0
  let concordant = 0
  let next = nRows - 1
  for (let e = nRows - 1; e >= 0; e--) {
    const row = ended[e]!
    const end = upper[row]!
    if (end === Infinity) continue
    for (; next >= 0; next--) {
      const other = later[next]!
      if (lower[other]! < end || (lower[other] === end && isOpen[other] === 0)) break
      seen.add(ranks[other]!, weights?.[other] ?? 1)
    }
    const weight = weights?.[row] ?? 1
    const below = seen.below(ranks[row]!)
    const upTo = seen.below(ranks[row]! + 1)
    all += weight * seen.total
    concordant += weight * (seen.total - upTo + (upTo - below) / 2)
  }
  return all > 0 ? concordant / all : 0.5
}

/** Of each value how many distinct ones are below it. */
function ranksOf(values: Float64Array): Int32Array {
  const order = orderRows(values.length, values)
  const ranks = new Int32Array(values.length)
  let rank = -1
  order.forEach((row, i) => {
    if (i === 0 || values[order[i - 1]!] !== values[row]) rank++
    ranks[row] = rank
  })
  return ranks
}

/** Sums of weights by rank (Fenwick 1994). */
class PrefixSums {
  total = 0
  readonly #sums: Float64Array

  constructor(nRanks: number) {
    this.#sums = new Float64Array(nRanks + 1)
  }

  add(rank: number, weight: number): void {
    this.total += weight
    for (let i = rank + 1; i < this.#sums.length; i += i & -i) this.#sums[i]! += weight
  }

  /** The sum of what was added below a rank. */
  below(rank: number): number {
    let sum = 0
    for (let i = rank; i > 0; i -= i & -i) sum += this.#sums[i]!
    return sum
  }
}
