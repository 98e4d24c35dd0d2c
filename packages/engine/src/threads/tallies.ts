import { TALLY_COUNTS } from '../execution/protocol.js'

/** Puts a thread's counts to their place: TALLY_COUNTS doubles per thread. */
export function putTally(
  tallies: SharedArrayBuffer, thread: number, counts: Float64Array,
): void {
  new Float64Array(tallies, thread * TALLY_COUNTS * 8, TALLY_COUNTS).set(counts)
}

/** Counts of all threads: whole numbers, so the order does not matter. */
export function addTallies(tallies: SharedArrayBuffer): Float64Array {
  const all = new Float64Array(tallies)
  const sums = new Float64Array(TALLY_COUNTS)
  all.forEach((count, i) => { sums[i % TALLY_COUNTS]! += count })
  return sums
}
