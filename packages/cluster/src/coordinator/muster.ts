import type { Member, Members } from './members.js'

/**
 * When work is given out: once enough workers are there and no more come for a moment, the *last
 * call*. A job needs its least number of workers to begin only; the last call applies again when
 * nobody was left. Workers that were all cut off, with all their rows, come back one after the
 * other: given out to the first of them, the rows would all be read again.
 */
export class Muster {
  readonly #members: Members
  readonly #minWorkers: number
  readonly #lastCallMs: number
  #lastHello = -Infinity
  /** Enough workers were there: from then on whoever is left does the work. */
  #hasBegun = false
  /** Whoever comes now finds work under way. */
  #isCallOver = false

  constructor(
    members: Members, options: { readonly minWorkers: number, readonly lastCallMs: number },
  ) {
    this.#members = members
    this.#minWorkers = Math.max(1, options.minWorkers)
    this.#lastCallMs = options.lastCallMs
  }

  /** A job begins. */
  begin(): void {
    this.#hasBegun = false
    this.#isCallOver = false
  }

  /** A worker was let in, or came back. To be told before anything is given to anybody. */
  came({ name }: Member, now: number): void {
    this.#lastHello = now
    if (!this.#members.all().some((member) => member.name !== name && isUsable(member))) {
      this.#isCallOver = false
    }
  }

  /** Workers that must be there for the job to begin; once it has, for it to go on. */
  get nNeeded(): number {
    return this.#hasBegun ? 1 : this.#minWorkers
  }

  /** Whether there are workers enough to begin or go on, and all that come soon have come. */
  isReady(now: number): boolean {
    const staying = this.#members.all().filter(({ state }) => !state.isDraining)
    // who may come back to what it holds, but is not here, is given nothing while nobody is
    if (staying.length < this.nNeeded || !staying.some(isUsable)) return false
    this.#isCallOver ||= now - this.#lastHello >= this.#lastCallMs
    this.#hasBegun ||= this.#isCallOver
    return this.#isCallOver
  }
}

function isUsable({ link, state }: Member): boolean {
  return link !== null && !state.isDraining
}
