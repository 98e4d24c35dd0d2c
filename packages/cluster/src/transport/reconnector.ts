import { CoppiceError } from '@coppice/model'
import { ConnectError } from './connect-error.js'
import type { Link } from './link.js'

/** A clock and a way to wait; replaced in tests. */
export interface WaitClock {
  /** Milliseconds; only differences count. */
  now(): number
  /** Resolves after so many milliseconds, or early when the signal aborts. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>
}

/** How to keep coming back to a coordinator. */
export interface ReconnectorOptions {
  /** Tries once; `connectLink` with everything but the signal. */
  readonly connect: (signal: AbortSignal | undefined) => Promise<Link>
  /** Numbers in [0, 1) that spread the attempts of many workers. */
  readonly random: () => number
  /** How long to try before giving up. */
  readonly graceMs: number
  readonly signal?: AbortSignal
  /** For the log: an attempt failed, the next one is in so many milliseconds. */
  readonly onFailure?: (error: Error, waitMs: number) => void
  readonly clock?: WaitClock
}

const waitMsMin = 200
const waitMsMax = 5000
/** A connection that held so long was a good one: the next failure starts from the least wait. */
const goodMs = 10_000

/**
 * The wait before attempt `attempt` (1 for the first one that waits): 0.2 s doubled each time up to
 * 5 s, of which a random half is cut off, so that workers that lost one coordinator at the same
 * moment do not all come back at the same moment.
 */
export function backoffMs(attempt: number, random: () => number): number {
  let waitMs = waitMsMin
  for (let i = 1; i < attempt && waitMs < waitMsMax; i++) waitMs *= 2
  return Math.round(Math.min(waitMs, waitMsMax) * (1 - random() / 2))
}

/** Connects, and connects again after a loss, for as long as there is hope. */
export class Reconnector {
  readonly #options: ReconnectorOptions
  readonly #clock: WaitClock
  #nFailures = 0
  #connectedAt: number | null = null

  constructor(options: ReconnectorOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /**
   * The next link. The first attempt is made at once, unless the link before ended soon: a
   * coordinator that accepts and then closes must not be called in a tight loop.
   *
   * Rejects with the error of an attempt that another one cannot mend; with CoppiceError 'IO'
   * after `graceMs`, naming the first and the last cause; with 'ABORTED' by the signal.
   */
  async next(): Promise<Link> {
    const { signal, graceMs, random, onFailure } = this.#options
    const start = this.#clock.now()
    let first: Error | null = null
    if (this.#connectedAt !== null) {
      if (start - this.#connectedAt >= goodMs) this.#nFailures = 0
      else this.#nFailures++
    }
    let waitMs = this.#nFailures === 0 ? 0 : backoffMs(this.#nFailures, random)
    for (;;) {
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
      if (signal?.aborted === true) throw aborted(first)
      try {
        const link = await this.#options.connect(signal)
        this.#connectedAt = this.#clock.now()
        return link
      } catch (error) {
        if (!(error instanceof ConnectError) || !this.#mayMend(error)) throw error
        first ??= error
        this.#nFailures++
        waitMs = backoffMs(this.#nFailures, random)
        const passedMs = this.#clock.now() - start
        if (passedMs >= graceMs) throw givenUp(passedMs, first, error)
        // the last attempt is made when the time is over, not before
        waitMs = Math.min(waitMs, Math.ceil(graceMs - passedMs))
        onFailure?.(error, waitMs)
      }
    }
  }

  /**
   * What was a coordinator once and is "something else" now is a proxy without its coordinator:
   * that passes. On the first connection it is a wrong address: that does not.
   */
  #mayMend(error: ConnectError): boolean {
    return error.mayRetry || (error.problem === 'not-coordinator' && this.#connectedAt !== null)
  }
}

function givenUp(passedMs: number, first: Error, last: Error): CoppiceError {
  const seconds = passedMs < 10_000 ? Math.round(passedMs / 100) / 10 : Math.round(passedMs / 1000)
  const other = first.message === last.message ? '' : `; at first: ${first.message}`
  return new CoppiceError('IO', `no connection for ${seconds} s, so this is given up: `
    + `${last.message}${other}`, { cause: last })
}

function aborted(first: Error | null): CoppiceError {
  return new CoppiceError('ABORTED', 'connecting was given up because the caller asked for it',
    first === null ? undefined : { cause: first })
}

const systemClock: WaitClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal?.aborted === true) done()
    else signal?.addEventListener('abort', done, { once: true })
  }),
}
