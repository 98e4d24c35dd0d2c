import { deferred } from './deferred.js'

/** The answer of a client that a training waits for, one at a time. */
export class ClientAnswer {
  readonly #now: () => number
  #pending: {
    readonly iteration: number
    readonly resolve: (answer: 'go' | 'stop' | 'aborted') => void
  } | null = null
  #aloneSince: number | null = null
  #isReleased = false

  /** @param now - milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The iteration that has to be answered, or null. */
  get iteration(): number | null {
    return this.#pending?.iteration ?? null
  }

  /** Waits for the answer to an iteration; 'aborted' once the training is to end anyway. */
  async wait(iteration: number): Promise<'go' | 'stop' | 'aborted'> {
    if (this.#isReleased) return 'aborted'
    const { promise, resolve } = deferred<'go' | 'stop' | 'aborted'>()
    this.#pending = { iteration, resolve }
    try {
      return await promise
    } finally {
      this.#pending = null
      this.#aloneSince = null
    }
  }

  /** The client's answer; of another iteration it is late, or a repeat. */
  give(iteration: number, answer: 'go' | 'stop'): void {
    if (this.#pending?.iteration === iteration) this.#pending.resolve(answer)
  }

  /** Nothing is waited for any more. */
  release(): void {
    this.#isReleased = true
    this.#pending?.resolve('aborted')
  }

  /** To be called now and then. @returns for how long nobody was there who could answer, in ms */
  aloneMs(isHeard: boolean): number {
    if (this.#pending === null || isHeard) {
      this.#aloneSince = null
      return 0
    }
    this.#aloneSince ??= this.#now()
    return this.#now() - this.#aloneSince
  }
}
