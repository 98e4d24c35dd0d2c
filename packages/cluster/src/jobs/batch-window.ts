import { assert } from '@coppice/model'
import type { WireError } from '../protocol/messages.js'

export interface BatchWindowOptions {
  readonly nBatches: number
  /** Those before it are not wanted. */
  readonly first: number
  /** Results that are not taken yet, and those in work, stay within so many bytes. */
  readonly bytesMax: number
  /** What a result may take, as far as that is known before there is one. */
  readonly batchBytes: number
}

/**
 * Results that come in any order and are wanted in theirs. Work is dealt in order, and only while
 * there is room: what is done waits here until whoever wants it has taken it.
 *
 * ```
 *   taken      sent, kept for one who comes back      done | in work      not dealt
 *  ------------|--------------------------------------|-------------------|---------->  batches
 *            nTaken                                 next               #nDealt
 * ```
 */
export class BatchWindow<T> {
  readonly nBatches: number
  readonly #bytesMax: number
  readonly #held = new Map<number, { readonly value: T, readonly nBytes: number }>()
  #nTaken: number
  #nSent: number
  #nDealt: number
  #nInWork = 0
  #heldBytes = 0
  /** The largest result so far. */
  #batchBytes: number
  /** The first batch that cannot be had; no later one is dealt. */
  #failure: { readonly batch: number, readonly error: WireError } | null = null

  constructor({ nBatches, first, bytesMax, batchBytes }: BatchWindowOptions) {
    assert(first >= 0 && first <= nBatches, `batch ${first} is one of ${nBatches}, or the end`)
    this.nBatches = nBatches
    this.#bytesMax = bytesMax
    this.#batchBytes = batchBytes
    this.#nTaken = this.#nSent = this.#nDealt = first
  }

  /** Batches that whoever wants them has. */
  get nTaken(): number {
    return this.#nTaken
  }

  /** Bytes of results that are not taken. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  get isTaken(): boolean {
    return this.#nTaken === this.nBatches
  }

  /** The error of the first batch that cannot be had, once all before it are done. */
  get error(): WireError | null {
    if (this.#failure === null) return null
    const { batch, error } = this.#failure
    for (let before = this.#nSent; before < batch; before++) {
      if (!this.#held.has(before)) return null
    }
    return error
  }

  /** The batches to be worked on now, in order. @param inWorkMax - at most so many at a time */
  deal(inWorkMax: number): number[] {
    const dealt: number[] = []
    const end = this.#failure?.batch ?? this.nBatches
    while (this.#nDealt < end && this.#nInWork < inWorkMax && this.#hasRoom()) {
      dealt.push(this.#nDealt++)
      this.#nInWork++
    }
    return dealt
  }

  /** One batch at a time is always possible: the first that is not taken is never held up. */
  #hasRoom(): boolean {
    if (this.#nInWork === 0 && this.#held.size === 0) return true
    return this.#heldBytes + (this.#nInWork + 1) * this.#batchBytes <= this.#bytesMax
  }

  /** A batch that was dealt is done. */
  done(batch: number, value: T, nBytes: number): void {
    this.#nInWork--
    this.#batchBytes = Math.max(this.#batchBytes, nBytes)
    this.#held.set(batch, { value, nBytes })
    this.#heldBytes += nBytes
  }

  /** A batch that was dealt cannot be had. */
  failed(batch: number, error: WireError): void {
    this.#nInWork--
    if (this.#failure === null || batch < this.#failure.batch) this.#failure = { batch, error }
  }

  /** The next result to be sent, or null while it is not done. It is kept until it is taken. */
  next(): { readonly batch: number, readonly value: T } | null {
    const held = this.#held.get(this.#nSent)
    return held === undefined ? null : { batch: this.#nSent++, value: held.value }
  }

  /** All before this batch are taken. */
  taken(nBatches: number): void {
    const end = Math.min(nBatches, this.#nSent)
    for (; this.#nTaken < end; this.#nTaken++) {
      this.#heldBytes -= this.#held.get(this.#nTaken)?.nBytes ?? 0
      this.#held.delete(this.#nTaken)
    }
  }

  /**
   * Somebody comes back who has those before this batch.
   * @returns whether they can go on: what was taken is gone
   */
  resume(nBatches: number): boolean {
    if (nBatches < this.#nTaken || nBatches > this.#nSent) return false
    this.taken(nBatches)
    this.#nSent = nBatches
    return true
  }
}
