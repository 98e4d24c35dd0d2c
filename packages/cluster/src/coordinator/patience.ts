/** A worker that has been waited for so long (ms) is told of. */
export const TELL_MS = 60_000

/** One that was waited for so long, while others were done, is given up. */
export const GIVE_UP_MS = 600_000

/** What to do about those who are waited for. */
export type Verdict = 'wait' | 'tell' | 'give-up'

/**
 * How long is waited for workers that are alive, by their beats, and do not do what they are
 * asked: a read that hangs, a thread that does not come back.
 */
export class Patience {
  #since = 0
  #nTold = 0

  /** Something came that was waited for. */
  progress(now: number): void {
    this.#since = now
    this.#nTold = 0
  }

  /** How long nothing has come (ms). */
  waited(now: number): number {
    return now - this.#since
  }

  /** To be asked now and then; 'tell' comes once a minute. */
  judge(now: number): Verdict {
    const waited = this.waited(now)
    if (waited >= GIVE_UP_MS) return 'give-up'
    if (waited < TELL_MS * (this.#nTold + 1)) return 'wait'
    this.#nTold++
    return 'tell'
  }
}
