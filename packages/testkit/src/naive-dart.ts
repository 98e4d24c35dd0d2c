import { finish, mixNumber, Purpose, startHash, type ResolvedParams } from '@coppice/engine'

/** Which iterations are left out when, and with what factors trees are added: see dart.hpp. */
export class NaiveDart {
  readonly #params: ResolvedParams
  readonly #weights: number[] = []

  constructor(params: ResolvedParams) {
    this.#params = params
  }

  step(iteration: number): { dropped: number[], shrinkage: number, factor: number } {
    const { boosting, learningRate, learningRateSchedule, xgboostDartMode } = this.#params
    const rate = learningRateSchedule[iteration] ?? learningRate
    if (boosting !== 'dart') return { dropped: [], shrinkage: rate, factor: 1 }
    const dropped = this.#drop(iteration)
    const k = dropped.length
    const shrinkage = !xgboostDartMode ? rate / (k + 1) : k === 0 ? rate : rate / (k + rate)
    const factor = xgboostDartMode ? k / (k + rate) : k / (k + 1)
    for (const i of dropped) this.#weights[i]! *= factor
    this.#weights.push(shrinkage)
    return { dropped, shrinkage, factor }
  }

  #drop(n: number): number[] {
    const { dropRate, maxDrop, skipDrop, uniformDrop, dropSeed } = this.#params
    const draw = (purpose: number, ...words: number[]): number => finish(
      words.reduce(mixNumber, startHash(dropSeed, purpose as 42))) / 4294967296
    if (n === 0 || draw(Purpose.dartSkip, n) < skipDrop) return []
    const most = maxDrop <= 0 ? Infinity : maxDrop
    const sum = this.#weights.reduce((a, b) => a + b, 0)
    const dropped = this.#weights.flatMap((weight, i) => {
      const inverse = n / sum
      const rate = uniformDrop ? Math.min(dropRate, most / n)
        : Math.min(dropRate, most * inverse / sum) * weight * inverse
      return draw(Purpose.dartDrop, n, i) < rate ? [i] : []
    })
    return dropped.slice(0, most)
  }
}
