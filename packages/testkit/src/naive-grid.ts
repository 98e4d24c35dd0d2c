import { nearestEven, powerAbove } from './naive-numbers.js'

/** 2^-900: magnitudes below it are not told from 0. */
const SMALLEST = powerAbove(1.18e-271)

/** Multiples of scale * 2^-40; a leaf has at most 1024 scales or half of what is left of 4096. */
export class NaiveGrid {
  readonly #scale: number
  #left: number

  constructor(magnitude: number) {
    this.#scale = powerAbove(Math.max(magnitude, SMALLEST))
    this.#left = this.#scale * 4096
  }

  get quantum(): number {
    return this.#scale / 1099511627776 // 2^40
  }

  round(value: number): number {
    const limit = Math.min(this.#scale * 1024, this.#left / 2)
    return this.rounded(Math.max(-limit, Math.min(limit, value)))
  }

  rounded(value: number): number {
    const { quantum } = this
    return nearestEven(value / quantum) * quantum + 0
  }

  spend(magnitude: number): void {
    this.#left -= magnitude
  }
}
