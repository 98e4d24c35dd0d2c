import { CoppiceError } from '@coppice/model'

/**
 * The answers to one request, counted: every chunk once from every partition (contract: what
 * protects the bytes is exactly-once coverage).
 *
 * An answer is about all partitions of a store, so it is taken or dropped as a whole. For this to
 * come to an end, of every active store each chunk must count all partitions or none. Who gives
 * partitions away (by `signature`), takes a store up again (`isPartial`) or lets a former holder
 * answer sees to that.
 */
export class Round {
  readonly iteration: number
  readonly seq: number
  readonly #nPartitions: number
  readonly #isNeeded: (partition: number) => boolean
  readonly #nNeeded: number
  readonly #covered: Uint8Array[]
  readonly #missing: number[]
  #nOpenChunks: number
  /** Answers that were late, double or of another request. */
  nDropped = 0

  constructor(
    place: { readonly iteration: number, readonly seq: number }, nChunks: number,
    nPartitions: number, isNeeded: (partition: number) => boolean,
  ) {
    this.iteration = place.iteration
    this.seq = place.seq
    this.#nPartitions = nPartitions
    this.#isNeeded = isNeeded
    let needed = 0
    for (let p = 0; p < nPartitions; p++) needed += Number(isNeeded(p))
    this.#nNeeded = needed
    this.#covered = Array.from({ length: nChunks }, () => new Uint8Array(nPartitions))
    this.#missing = Array.from({ length: nChunks }, () => needed)
    this.#nOpenChunks = needed === 0 ? 0 : nChunks
  }

  /** Whether a chunk counts all that it should. */
  isWhole(chunk: number): boolean {
    return this.#missing[chunk] === 0
  }

  get isComplete(): boolean {
    return this.#nOpenChunks === 0
  }

  /**
   * Whether a chunk of a store's answer counts; if so it is counted, and the caller adds it.
   * @throws CoppiceError 'INTERNAL' where its partitions are counted in part: a broken invariant
   */
  admit(
    answer: { readonly iteration: number, readonly seq: number, readonly chunk: number },
    partitions: readonly number[],
  ): boolean {
    const isThis = answer.iteration === this.iteration && answer.seq === this.seq
    const covered = this.#covered[answer.chunk]
    const counted = partitions.filter((p) => p < this.#nPartitions && this.#isNeeded(p))
    if (!isThis || covered === undefined || counted.some((p) => covered[p] === 1)) {
      this.nDropped++
      return false
    }
    for (const p of counted) covered[p] = 1
    const missing = this.#missing[answer.chunk]! - counted.length
    if (missing < 0) throw new CoppiceError('INTERNAL', 'a partition was counted twice')
    this.#missing[answer.chunk] = missing
    if (counted.length > 0 && missing === 0) this.#nOpenChunks--
    return counted.length > 0
  }

  /** Takes back what `admit` has just counted: it could not be added. */
  retract(answer: { readonly chunk: number }, partitions: readonly number[]): void {
    const covered = this.#covered[answer.chunk]!
    const counted = partitions.filter((p) => p < this.#nPartitions && this.#isNeeded(p))
    if (this.#missing[answer.chunk] === 0) this.#nOpenChunks++
    for (const p of counted) covered[p] = 0
    this.#missing[answer.chunk]! += counted.length
    this.nDropped++
  }

  /** Whether something is missing that a store with these partitions should have sent. */
  waitsFor(partitions: readonly number[]): boolean {
    const counted = partitions.filter((p) => this.#isNeeded(p))
    return this.#covered.some((covered) => counted.some((p) => covered[p] === 0))
  }

  /** Whether something of these partitions is counted. */
  hasSome(partitions: readonly number[]): boolean {
    return this.#covered.some((covered) =>
      partitions.some((p) => p < this.#nPartitions && covered[p] === 1))
  }

  /** Whether some chunk has some of these partitions and lacks others. */
  isPartial(partitions: readonly number[]): boolean {
    const counted = partitions.filter((p) => this.#isNeeded(p))
    return this.#covered.some((covered) => {
      const n = counted.filter((p) => covered[p] === 1).length
      return n > 0 && n < counted.length
    })
  }

  /** Which chunks count a partition: equal for partitions that may be put into one store. */
  signature(partition: number): string {
    if (!this.#isNeeded(partition)) return ''
    return this.#covered.map((covered) => covered[partition]).join('')
  }

  /** Partitions of which something is missing. */
  missing(): number[] {
    if (this.#nNeeded === 0) return []
    const partitions = Array.from({ length: this.#nPartitions }, (_, p) => p)
    return partitions.filter((p) => this.waitsFor([p]))
  }
}
