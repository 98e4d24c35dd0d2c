import { setTimeout as sleep } from 'node:timers/promises'

/** A failure that may pass. */
export class PassingError extends Error {
  /** What the server asks to wait, or null. */
  readonly waitMs: number | null
  constructor(message: string, waitMs: number | null = null, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PassingError'
    this.waitMs = waitMs
  }
}

/** Never wait longer than this, whatever the server asks for. */
const waitMsMax = 10_000

/**
 * Tries again after a PassingError, waiting longer each time (with some randomness, so that many
 * who were refused together do not come back together). Rejects with the last error.
 */
export async function withRetries<T>(
  nAttempts: number,
  firstWaitMs: number,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let i = 1; ; i++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof PassingError) || i >= nAttempts) throw error
      const backoff = firstWaitMs * (1 << (i - 1)) * (0.5 + Math.random() / 2)
      await sleep(Math.min(waitMsMax, error.waitMs ?? backoff))
    }
  }
}
