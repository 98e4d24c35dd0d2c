import type { Vigilance } from './vigilance.js'

/** What to do about those who are waited for. */
export type Verdict = 'wait' | 'tell' | 'give-up'

/**
 * How long is waited for workers that are alive, by their beats, and do not do what they are
 * asked: a read that hangs, a thread that does not come back.
 */
export class Patience {
  readonly #warnMs: number
  readonly #timeoutMs: number
  #since = 0
  #nTold = 0

  constructor({ hangWarnMs, hangTimeoutMs }: Pick<Vigilance, 'hangWarnMs' | 'hangTimeoutMs'>) {
    this.#warnMs = hangWarnMs
    this.#timeoutMs = hangTimeoutMs
  }

  /** Something came that was waited for. */
  progress(now: number): void {
    this.#since = now
    this.#nTold = 0
  }

  /** How long nothing has come (ms). */
  waited(now: number): number {
    return now - this.#since
  }

  /** To be asked now and then; 'tell' comes once in `hangWarnMs`. */
  judge(now: number): Verdict {
    const waited = this.waited(now)
    if (waited >= this.#timeoutMs) return 'give-up'
    if (waited < this.#warnMs * (this.#nTold + 1)) return 'wait'
    this.#nTold++
    return 'tell'
  }
}
