import type { GainRange } from './running-ahead.js'

/** By output, what its trees say of the gains of the next one. */
export class ExpectedGains {
  readonly #ranges: (GainRange | null)[]

  constructor(nOutputs: number) {
    this.#ranges = new Array<GainRange | null>(nOutputs).fill(null)
  }

  /** Null before the output's first tree. */
  of(output: number): GainRange | null {
    return this.#ranges[output]!
  }

  /**
   * Takes a tree in. Gains go up and down from tree to tree (by 13 to 20 % in those looked at,
   * mostly up after down), beside a slow fall: so half of it counts. Where they fall fast, trees
   * find out (`RunningAhead.reach`). Shares of the root's gain say less: that falls faster.
   *
   * @param gains - null: the tree said nothing
   */
  take(output: number, gains: GainRange | null): void {
    if (gains === null) return
    const before = this.#ranges[output]!
    this.#ranges[output] = before === null ? gains : {
      least: between(before.least, gains.least), left: between(before.left, gains.left),
    }
  }
}

/** Of numbers of any magnitude; what was or is 0 says nothing of the other. */
function between(a: number, b: number): number {
  return a > 0 && b > 0 ? Math.sqrt(a) * Math.sqrt(b) : b
}
