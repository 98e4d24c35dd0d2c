/**
 * A seeded stream of numbers for tests (mulberry32). Not for the product, whose draws are hashes
 * (contract rule 4).
 */
export class TestRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** The next unsigned 32-bit number. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.word() / 0x1_0000_0000
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** Roughly normal, mean 0, deviation 1: the sum of twelve uniforms. */
  normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.uniform()
    return sum
  }

  /** Heavy-tailed and symmetric: Cauchy-like quotients, cut at +-1e6. */
  heavyTailed(): number {
    const quotient = this.normal() / (this.uniform() + 1e-6)
    return Math.max(-1e6, Math.min(1e6, quotient))
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }
}
