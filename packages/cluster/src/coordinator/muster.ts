import type { Member, Members } from './members.js'

/**
 * How long workers that were all lost are waited for from when the first is back: longer than a
 * worker waits before it dials again (5 s at most), and for the dialling.
 */
export const RETURN_MS = 5500

/**
 * When work is given out: once enough workers are there and no more come for a moment, the *last
 * call*. A job needs its least number of workers to begin only; the last call applies again when
 * nobody was left. Workers that were all cut off, with all their rows, come back one after the
 * other: given out to the first of them, the rows would all be read again. So it is not over then
 * before all are back that had rows, or as long after the first as they wait between two attempts.
 */
export class Muster {
  readonly #members: Members
  readonly #minWorkers: number
  readonly #lastCallMs: number
  readonly #returnMs: number
  readonly #leaseMs: number
  /** When workers that had rows were lost, by name: the last ones, as far as one cut may go. */
  readonly #lostAt = new Map<string, number>()
  /** When the first came after nobody was left, or null. */
  #callSince: number | null = null
  #lastHello = -Infinity
  /** Enough workers were there: from then on whoever is left does the work. */
  #hasBegun = false
  /** Whoever comes now finds work under way. */
  #isCallOver = false

  /** @param options - a last call of 0 waits for nobody */
  constructor(
    members: Members,
    options: {
      readonly minWorkers: number, readonly lastCallMs: number, readonly leaseMs: number,
    },
  ) {
    this.#members = members
    this.#minWorkers = Math.max(1, options.minWorkers)
    this.#lastCallMs = options.lastCallMs
    this.#returnMs = options.lastCallMs === 0 ? 0 : RETURN_MS
    this.#leaseMs = options.leaseMs
  }

  /** A job begins. */
  begin(): void {
    this.#hasBegun = false
    this.#isCallOver = false
    this.#callSince = null
    this.#lostAt.clear()
  }

  /**
   * A worker is gone that had rows, and may come back with them. What cuts all off shows within a
   * lease: rows of those who were lost before were given to others, unless a call is on.
   */
  lost({ name }: Member, now: number): void {
    for (const [other, at] of this.#lostAt) {
      if (this.#isCallOver && now - at > this.#leaseMs) this.#lostAt.delete(other)
    }
    this.#lostAt.set(name, now)
  }

  /** A worker was let in, or came back. To be told before anything is given to anybody. */
  came({ name }: Member, now: number): void {
    this.#lastHello = now
    if (!this.#members.all().some((member) => member.name !== name && isUsable(member))) {
      // who comes and goes does not begin the call anew each time
      if (this.#isCallOver) this.#callSince = null
      this.#callSince ??= now
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
    this.#isCallOver ||= now - this.#lastHello >= this.#lastCallMs && this.#haveReturned(now)
    this.#hasBegun ||= this.#isCallOver
    return this.#isCallOver
  }

  /** Whether those who were lost with their rows are back, or had the time. */
  #haveReturned(now: number): boolean {
    if (this.#callSince === null || now - this.#callSince >= this.#returnMs) return true
    const isHere = (name: string): boolean => (this.#members.get(name)?.link ?? null) !== null
    return [...this.#lostAt.keys()].every(isHere)
  }
}

function isUsable({ link, state }: Member): boolean {
  return link !== null && !state.isDraining
}
