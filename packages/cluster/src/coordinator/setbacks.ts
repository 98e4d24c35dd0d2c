import type { WireError } from '../protocol/messages.js'

/**
 * Counts how often workers could not go on since the job last got any further, by the reason they
 * gave. A message that no worker can read, or one that each of them breaks of, would otherwise be
 * sent to all who come back, for ever.
 */
export class Setbacks {
  readonly #max: number
  readonly #byReason = new Map<string, { times: number, readonly workers: Set<string> }>()

  /** @param max - so many of one reason are too many */
  constructor(max: number) {
    this.#max = max
  }

  /** The job got further. */
  progress(): void {
    this.#byReason.clear()
  }

  /**
   * @param where - the job is, for the message
   * @returns the error that ends the job, once it happened too often; else null
   */
  add(worker: string, reason: string, where: string): WireError | null {
    const known = this.#byReason.get(reason) ?? { times: 0, workers: new Set() }
    this.#byReason.set(reason, known)
    known.times++
    known.workers.add(worker)
    if (known.times < this.#max) return null
    const names = [...known.workers].sort().join(', ')
    return {
      code: 'INTERNAL',
      message: `${known.times} times in a row a worker could not go on ${where} (${names}), with ` +
        `nothing done in between: ${reason}; the journal keeps what was trained`,
    }
  }
}
