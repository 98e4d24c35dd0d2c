/** Puts a thread's counts to their place: behind those of the threads before it. */
export function putTally(
  tallies: SharedArrayBuffer, thread: number, counts: Float64Array,
): void {
  new Float64Array(tallies, thread * counts.byteLength, counts.length).set(counts)
}

/**
 * Counts of all threads: whole numbers, so the order does not matter.
 *
 * @param nCounts - of each thread
 */
export function addTallies(
  tallies: SharedArrayBuffer, nThreads: number, nCounts: number,
): Float64Array {
  const all = new Float64Array(tallies, 0, nThreads * nCounts)
  const sums = all.slice(0, nCounts)
  for (let thread = 1; thread < nThreads; thread++) {
    const at = thread * nCounts
    for (let i = 0; i < nCounts; i++) sums[i]! += all[at + i]!
  }
  return sums
}
