import type { WireError } from '../protocol/messages.js'

/** What a job looks like that may wait for workers. */
export interface Waiting {
  readonly waits: boolean
  /** Workers that are there, and that must be. */
  readonly present: number
  readonly need: number
  /** Something was trained, or may have been. */
  readonly isTraining: boolean
}

/** What to say, and what ends the job. */
export interface StallVerdict {
  readonly notice: string | null
  readonly error: WireError | null
}

/** Watches a job that waits for workers: tells of it once, and gives it up in the end. */
export class StallWatch {
  readonly #stallMs: number
  readonly #lastCallMs: number
  #since: number | null = null
  #isTold = false

  /** @param options - after how long a job is given up, and told of */
  constructor({ stallMs, lastCallMs }: { readonly stallMs: number, readonly lastCallMs: number }) {
    this.#stallMs = stallMs
    this.#lastCallMs = lastCallMs
  }

  /** It does not wait, or another job begins. */
  forget(): void {
    this.#since = null
    this.#isTold = false
  }

  judge(now: number, { waits, present, need, isTraining }: Waiting): StallVerdict {
    if (!waits) {
      this.forget()
      return { notice: null, error: null }
    }
    this.#since ??= now
    const waited = now - this.#since
    const tells = !this.#isTold && waited > this.#lastCallMs && present < need
    this.#isTold ||= tells
    const notice = tells ? `waiting for workers: ${present} of at least ${need} are there` : null
    if (waited < this.#stallMs) return { notice, error: null }
    const message = `${present} of at least ${need} workers were there for ` +
      `${Math.round(waited / 1000)} s; start more, or give the ` +
      'coordinator a longer --start-timeout' +
      (!isTraining ? '' : '; what was trained is in the journal')
    return { notice, error: { code: 'ABORTED', message } }
  }
}
