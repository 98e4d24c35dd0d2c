import { exp, log } from '@coppice/model'
import { orderRows, type TimedScores } from './timed-rows.js'

/**
 * The negative logarithm of the partial likelihood by Breslow, a mean over the events; weights do
 * not count (XGBoost's `cox-nloglik`). 0 without an event. O(n log n).
 */
export function coxLikelihood({ scores, lower, upper }: TimedScores): number {
  const order = orderRows(scores.length, lower, scores)
  const risk = new LogSum()
  let total = 0
  let nEvents = 0
  for (let end = order.length; end > 0;) {
    const time = lower[order[end - 1]!]!
    let start = end
    while (start > 0 && lower[order[start - 1]!] === time) risk.add(scores[order[--start]!]!)
    const there = risk.value
    for (; end > start; end--) {
      const row = order[end - 1]!
      if (upper[row] !== time) continue
      total += there - scores[row]!
      nEvents++
    }
  }
  return nEvents === 0 ? 0 : total / nEvents
}

/** The logarithm of a sum of powers of e, which neither overflows nor vanishes. */
class LogSum {
  #largest = -Infinity
  #sum = 0

  add(exponent: number): void {
    if (exponent <= this.#largest) {
      this.#sum += exp(exponent - this.#largest)
      return
    }
    this.#sum = this.#largest === -Infinity ? 1 : this.#sum * exp(this.#largest - exponent) + 1
    this.#largest = exponent
  }

  get value(): number {
    return this.#largest + log(this.#sum)
  }
}
