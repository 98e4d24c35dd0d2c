/**
 * How fast workers answer, for giving slow ones less. Only ratios count: times of the same rounds,
 * each from the request to the worker's last chunk.
 */

/** A worker is slow when it is so over so many iterations in a row. */
const SLOW_ITERATIONS = 3

/** Iterations that take less (ms) tell more of the network than of the workers. */
const MEANINGFUL_MS = 50

/** Iterations until the next judgement, once something was moved. */
const REST_ITERATIONS = 10

export class Pace {
  readonly #slowRatio: number
  /** Time that each worker took in this iteration. */
  readonly #times = new Map<string, number>()
  readonly #askedAt = { time: 0 }
  readonly #lastAnswer = new Map<string, number>()
  #nSlow = 0
  #rest = 0

  /** @param slowRatio - of a slow worker's time and the median worker's; 0: none is slow */
  constructor(slowRatio: number) {
    this.#slowRatio = slowRatio
  }

  /** A request that is to be answered goes out. */
  asked(now: number): void {
    this.#close()
    this.#askedAt.time = now
  }

  /** A chunk of a worker's answer came. */
  answered(worker: string, now: number): void {
    this.#lastAnswer.set(worker, now)
  }

  #close(): void {
    for (const [worker, at] of this.#lastAnswer) {
      const time = Math.max(0, at - this.#askedAt.time)
      this.#times.set(worker, (this.#times.get(worker) ?? 0) + time)
    }
    this.#lastAnswer.clear()
  }

  /** Time that each worker took in the iteration so far (ms), slowest first. */
  times(): [string, number][] {
    return [...this.#times].sort((a, b) => b[1] - a[1])
  }

  /**
   * Ends an iteration.
   *
   * @param loads - weight that each worker holds
   * @returns speed (weight per ms) of each worker when one has been slow for some time, else null
   */
  endIteration(loads: ReadonlyMap<string, number>): Map<string, number> | null {
    this.#close()
    const times = this.times().filter(([worker]) => loads.has(worker))
    this.#times.clear()
    const slowest = times[0]
    if (this.#rest > 0) this.#rest--
    if (slowest === undefined || times.length < 2 || times.length !== loads.size) return null
    // of two the faster one is the measure
    const median = times[Math.floor((times.length + 1) / 2)]![1]
    const isSlow = this.#slowRatio > 0 && slowest[1] > MEANINGFUL_MS &&
      slowest[1] > this.#slowRatio * median
    this.#nSlow = isSlow ? this.#nSlow + 1 : 0
    if (this.#nSlow < SLOW_ITERATIONS || this.#rest > 0) return null
    this.#nSlow = 0
    this.#rest = REST_ITERATIONS
    return new Map(times.map(([worker, time]) => [worker, loads.get(worker)! / Math.max(time, 1)]))
  }

  /** Who holds what has changed: what was measured is of no more use. */
  forget(): void {
    this.#times.clear()
    this.#lastAnswer.clear()
    this.#nSlow = 0
  }
}
