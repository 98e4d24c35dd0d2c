/** The plan of a successive halving: fewer and fewer trials get more and more. */

/** Trials that are left get so much. */
export interface Rung {
  /** Trials that begin the rung. */
  readonly nTrials: number
  /** Of the resource: iterations, or rows. */
  readonly amount: number
}

/**
 * Rungs for so many trials: the last has the whole resource, each one before a factor less, and of
 * its trials 1 / factor (rounded up) go on. The first has what that leaves, at least `min`.
 */
export function planRungs(
  nTrials: number, { factor, min, max }: {
    readonly factor: number, readonly min: number, readonly max: number,
  },
): Rung[] {
  const rungs: Rung[] = []
  let nRungs = 1
  for (let n = nTrials; n > 1; n = Math.ceil(n / factor)) nRungs++
  while (nRungs > 1 && amountOf(max, factor, nRungs - 1) < min) nRungs--
  for (let n = nTrials, rung = 0; rung < nRungs; rung++, n = Math.ceil(n / factor)) {
    rungs.push({ nTrials: n, amount: amountOf(max, factor, nRungs - 1 - rung) })
  }
  return rungs
}

function amountOf(max: number, factor: number, nAfter: number): number {
  let amount = max
  for (let i = 0; i < nAfter; i++) amount /= factor
  return Math.max(1, Math.floor(amount))
}
