/** A seeded generator for tests (mulberry32, public domain): the same numbers on every run. */
export class TestRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** An unsigned 32-bit integer. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** A number in [0, 1) with 53 random bits. */
  unit(): number {
    return ((this.word() >>> 5) * 0x4000000 + (this.word() >>> 6)) / 0x20000000000000
  }

  /** A number in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.unit()
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.unit() * n)
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)]
    if (value === undefined) throw new Error('pick needs at least one value')
    return value
  }
}
