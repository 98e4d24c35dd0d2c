/**
 * How the compute threads of one training meet: a few shared words. Waiting is a bounded spin,
 * since most waits are shorter than a wake-up costs (38-86 us), then a sleep.
 */

/** Looks at a word, of some 11 ns, before a thread sleeps. */
export const Spins = {
  /** Where others want the processor, and at least. */
  few: 4000,
  /**
   * Where each thread has a processor, as far as one training knows, at most. Who sleeps costs who
   * wakes it a system call, and may wake up on the processor of the other: half a millisecond, on
   * average, where a compiler of V8's or the calling thread had one of them for so long that the
   * other thread slept.
   */
  many: 200_000,
} as const

/**
 * How often to look in the next wait: an eighth more after one that ended by itself, at most `max`;
 * half as often after one that did not, at least `Spins.few`. Where other programs want the
 * processors most waits are for them: two trainings of two threads each on two processors took
 * 1.5 s side by side so, 2.8 s where threads always looked 40,000 times, 8.3 s 200,000 times, and
 * one alone 0.95 s in any case.
 */
export function nextSpins(spins: number, max: number, hasEnded: boolean): number {
  return hasEnded ? Math.min(max, spins * 1.125) : Math.max(Spins.few, spins / 2)
}

/** Words of the shared control block. */
export const Word = {
  /** Number of requests posted. */
  posted: 0,
  /** Threads that arrived at the barrier, and how often it opened. */
  arrived: 1,
  opened: 2,
  /** Followers that finished the request. */
  finished: 3,
  /** 1: some thread failed; everybody leaves. */
  failed: 4,
  /** 1: the caller wants to stop. */
  aborted: 5,
  /** Bytes of the request in the mailbox. */
  length: 6,
  /** 1: some thread could not do its part of the request. */
  faulty: 7,
  /** Messages that threads have sent about the request. */
  reports: 8,
  /** The iteration that requests are of, and one: 0 before the first. */
  iteration: 9,
} as const

export const CONTROL_BYTES = 64
/** A sleeper looks for failures of others this often, should a wake-up be lost with its thread. */
const SLEEP_MS = 200

/** Thrown in a thread whose peers failed: the first failure has been reported already. */
export class PeerFailed extends Error {
  constructor() {
    super('another compute thread failed')
    this.name = 'PeerFailed'
  }
}

/** One thread's view of the control block. */
export class Gate {
  readonly #words: Int32Array
  readonly #nThreads: number
  readonly #nFollowers: number
  /** Looks before a sleep: at most, and now. */
  readonly #spinsMax: number
  #spins: number

  /**
   * @param nFollowers - threads that `finish`: all but a leader, where one of them leads
   * @param spinsMax - looks at a word before sleeping
   */
  constructor(
    control: SharedArrayBuffer, nThreads: number, nFollowers = nThreads - 1,
    spinsMax: number = Spins.few,
  ) {
    this.#words = new Int32Array(control)
    this.#nThreads = nThreads
    this.#nFollowers = nFollowers
    this.#spinsMax = spinsMax
    this.#spins = spinsMax
  }

  get isAborted(): boolean {
    return Atomics.load(this.#words, Word.aborted) === 1
  }

  /** Whether some thread failed. */
  get isFailed(): boolean {
    return Atomics.load(this.#words, Word.failed) === 1
  }

  get posted(): number {
    return Atomics.load(this.#words, Word.posted)
  }

  get length(): number {
    return Atomics.load(this.#words, Word.length)
  }

  /** Which iteration requests are of; null before the first. */
  get iteration(): number | null {
    const iteration = Atomics.load(this.#words, Word.iteration)
    return iteration === 0 ? null : iteration - 1
  }

  /** Leader, between two requests: the next ones are of this iteration. */
  set iteration(iteration: number) {
    Atomics.store(this.#words, Word.iteration, iteration + 1)
  }

  /** Whether a thread could not do its part of the request. */
  get isFaulty(): boolean {
    return Atomics.load(this.#words, Word.faulty) === 1
  }

  /** Messages that threads have sent about the request. */
  get nReports(): number {
    return Atomics.load(this.#words, Word.reports)
  }

  /** Leader: the mailbox holds a request of this many bytes. */
  post(length: number): void {
    Atomics.store(this.#words, Word.finished, 0)
    Atomics.store(this.#words, Word.faulty, 0)
    Atomics.store(this.#words, Word.reports, 0)
    Atomics.store(this.#words, Word.length, length)
    Atomics.add(this.#words, Word.posted, 1)
    Atomics.notify(this.#words, Word.posted)
  }

  /** Follower: waits until more than `seen` requests were posted. */
  awaitPost(seen: number): void {
    this.#awaitChange(Word.posted, seen)
  }

  /**
   * Follower: done with the request.
   * @returns whether all are
   */
  finish(): boolean {
    const finished = Atomics.add(this.#words, Word.finished, 1) + 1
    if (finished < this.#nFollowers) return false
    Atomics.notify(this.#words, Word.finished)
    return true
  }

  /** Follower: could not do its part; seen by all behind the next barrier. */
  markFaulty(): void {
    Atomics.store(this.#words, Word.faulty, 1)
  }

  /** Follower: is about to send a message about the request. */
  countReport(): void {
    Atomics.add(this.#words, Word.reports, 1)
  }

  /** Leader: waits until all followers are done. */
  awaitFinished(): void {
    for (;;) {
      const finished = Atomics.load(this.#words, Word.finished)
      if (finished >= this.#nFollowers) return
      this.#awaitChange(Word.finished, finished)
    }
  }

  /** Waits until all threads have arrived. */
  barrier(): void {
    const opened = Atomics.load(this.#words, Word.opened)
    if (Atomics.add(this.#words, Word.arrived, 1) + 1 === this.#nThreads) {
      Atomics.store(this.#words, Word.arrived, 0)
      Atomics.add(this.#words, Word.opened, 1)
      Atomics.notify(this.#words, Word.opened)
    } else this.#awaitChange(Word.opened, opened)
  }

  #awaitChange(word: number, from: number): void {
    const words = this.#words
    const hasEnded = changesSoon(words, word, from, this.#spins)
    this.#spins = nextSpins(this.#spins, this.#spinsMax, hasEnded)
    if (hasEnded) return
    while (Atomics.load(words, word) === from) {
      if (Atomics.load(words, Word.failed) === 1) throw new PeerFailed()
      Atomics.wait(words, word, from, SLEEP_MS)
    }
  }

  abort(): void {
    Atomics.store(this.#words, Word.aborted, 1)
  }

  /** Makes every waiting thread leave with PeerFailed. */
  fail(): void {
    Atomics.store(this.#words, Word.failed, 1)
    for (const word of [Word.posted, Word.opened, Word.finished]) {
      Atomics.notify(this.#words, word)
    }
  }
}

/**
 * Looks at a word so often. A function of its own: V8 compiles it in the middle of a wait, for the
 * ends that it has seen, and what it has not seen costs a return to the interpreter each time.
 */
function changesSoon(words: Int32Array, word: number, from: number, nLooks: number): boolean {
  for (let look = 0; look < nLooks; look++) if (Atomics.load(words, word) !== from) return true
  return false
}
