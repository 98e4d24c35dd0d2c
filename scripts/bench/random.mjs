/**
 * Seeded numbers that are the same on every machine: only integer arithmetic, additions and
 * multiplications.
 */
export class BenchRandom {
  #state

  /** @param {number} seed - any integer */
  constructor(seed) {
    this.#state = seed | 0
  }

  /** A 32-bit integer without sign (mulberry32, Tommy Ettinger, public domain). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** Uniform in [0, 1). */
  uniform() {
    return this.next() / 0x1_0000_0000
  }

  /** Nearly normal, mean 0 and variance 1: the sum of four 16-bit uniforms, within +-3.5. */
  normal() {
    const a = this.next()
    const b = this.next()
    const sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16)
    return (sum / 0x1_0000 - 2) * 1.7320508075688772
  }

  /** The integers [0, n) in a random order (Fisher and Yates). */
  permutation(n) {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1))
      const x = order[i]
      order[i] = order[j]
      order[j] = x
    }
    return order
  }
}
