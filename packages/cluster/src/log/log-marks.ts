import { Sha256, toHex } from '@coppice/model'

/** Letters of a mark: 64 bits, against accidents. */
const MARK_LETTERS = 16

/**
 * Marks of the places in the log of an iteration: after so many requests, of those requests and of
 * all trees before them. Equal logs have equal marks. A log may differ from another of the same
 * length: an iteration that began again asks otherwise where a wrong answer was taken before, and
 * whoever goes on with trees that were rescaled has other commits for the same iterations.
 */
export class LogMarks {
  /** After 0, 1, ... requests. */
  #marks: string[]

  /** @param digest - of the trees before */
  constructor(digest: string) {
    this.#marks = [digest]
  }

  /** After all requests. */
  get last(): string {
    return this.#marks.at(-1)!
  }

  /** After the first n requests, or null when there are fewer. */
  after(n: number): string | null {
    return this.#marks[n] ?? null
  }

  /** @param body - the request, encoded */
  add(body: Uint8Array): void {
    const hash = new Sha256().update(new TextEncoder().encode(this.last)).update(body)
    this.#marks.push(toHex(hash.digest()).slice(0, MARK_LETTERS))
  }

  /** Keeps the first n requests. */
  truncate(n: number): void {
    this.#marks = this.#marks.slice(0, n + 1)
  }
}
