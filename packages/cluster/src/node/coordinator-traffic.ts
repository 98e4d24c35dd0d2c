import type { FromWorker, ToWorker } from '../protocol/messages.js'
import type { Round } from '../coordinator/round.js'

/** Bytes of one worker's connections. */
export interface WorkerTraffic {
  bytesIn: number
  bytesOut: number
}

type PendingRound = Pick<Round, 'nDropped'>

/** Counts what passes between the coordinator and its workers, for whoever asks how it goes. */
export class CoordinatorTraffic {
  readonly #byWorker = new Map<string, WorkerTraffic>()
  readonly #workerOfLink = new Map<number, string>()
  readonly #audits = new Map<number, string>()
  #bytesAtStart = 0
  #lastRequest = ''
  #round: PendingRound | null = null
  #nDroppedBefore = 0
  /** Requests of the current job. */
  nRounds = 0
  /** Audits of the current job in which both sides agreed. */
  nAuditsPassed = 0
  /** Trees committed for the current job since this coordinator began with it. */
  nTrees = 0
  #lastAnswerer: string | null = null
  readonly #timesLast = new Map<string, number>()

  /** A job begins. */
  startJob(): void {
    this.#lastAnswerer = null
    this.#timesLast.clear()
    this.nTrees = 0
    this.#audits.clear()
    this.#bytesAtStart = this.#totalIn()
    this.#lastRequest = ''
    this.#round = null
    this.#nDroppedBefore = 0
    this.nRounds = 0
    this.nAuditsPassed = 0
  }

  /** Answers of the current job that were late, double or of another request. */
  get nAnswersDropped(): number {
    return this.#nDroppedBefore + (this.#round?.nDropped ?? 0)
  }

  /** Bytes that came from workers for the current job. */
  get bytesReceived(): number {
    return this.#totalIn() - this.#bytesAtStart
  }

  /** Who was waited for most often, and in which share of the rounds; null before any. */
  get slowest(): { readonly name: string, readonly lastRatio: number } | null {
    let slowest: { name: string, n: number } | null = null
    let nAll = 0
    for (const [name, n] of this.#timesLast) {
      nAll += n
      if (slowest === null || n > slowest.n) slowest = { name, n }
    }
    return slowest === null ? null : { name: slowest.name, lastRatio: slowest.n / nAll }
  }

  of(worker: string): WorkerTraffic {
    return this.#byWorker.get(worker) ?? { bytesIn: 0, bytesOut: 0 }
  }

  heard(link: number, message: FromWorker, nBytes: number): void {
    if (message.type === 'hello') {
      this.#workerOfLink.set(link, message.worker)
      if (!this.#byWorker.has(message.worker)) {
        this.#byWorker.set(message.worker, { bytesIn: 0, bytesOut: 0 })
      }
    }
    const counts = this.#countsOf(link)
    if (counts !== undefined) counts.bytesIn += nBytes
    if (message.type === 'answer') this.#lastAnswerer = this.#workerOfLink.get(link) ?? null
    if (message.type === 'audited' && message.digest !== null) {
      if (this.#audits.get(message.audit) === message.digest) this.nAuditsPassed++
      this.#audits.set(message.audit, message.digest)
    }
  }

  sent(link: number, message: ToWorker, nBytes: number): void {
    const counts = this.#countsOf(link)
    if (counts !== undefined) counts.bytesOut += nBytes
    if (message.type !== 'request') return
    const place = `${message.iteration} ${message.seq}`
    if (place !== this.#lastRequest) this.nRounds++
    this.#lastRequest = place
  }

  closed(link: number): void {
    this.#workerOfLink.delete(link)
  }

  /** To be called with the pending round after every step. */
  watch(round: PendingRound | null): void {
    if (round === this.#round) return
    if (this.#round !== null) {
      this.#nDroppedBefore += this.#round.nDropped
      const last = this.#lastAnswerer
      if (last !== null) this.#timesLast.set(last, (this.#timesLast.get(last) ?? 0) + 1)
    }
    this.#round = round
  }

  #countsOf(link: number): WorkerTraffic | undefined {
    const worker = this.#workerOfLink.get(link)
    return worker === undefined ? undefined : this.#byWorker.get(worker)
  }

  #totalIn(): number {
    let sum = 0
    for (const { bytesIn } of this.#byWorker.values()) sum += bytesIn
    return sum
  }
}
