import type { ByteSource } from '../reader.js'

type ByteRange = readonly [start: number, end: number]

/** Reads as long as this are not joined with others: nothing is gained, and memory is lost. */
const joinedBytesMax = 4 << 20

/** Ranges that follow each other in a file, given in any order, are read in one go. */
export class JoinedReads {
  readonly #source: Pick<ByteSource, 'slice'>
  readonly #runs: readonly ByteRange[]
  #start = 0
  #bytes = new Uint8Array(0)

  /** @param ranges - what will be sliced */
  constructor(source: Pick<ByteSource, 'slice'>, ranges: readonly ByteRange[]) {
    this.#source = source
    this.#runs = joinRanges(ranges)
  }

  /** Bytes [start, end) of one of the ranges; rejects as the source does. */
  async slice(start: number, end: number): Promise<Uint8Array> {
    if (!(start >= this.#start && end <= this.#start + this.#bytes.length)) {
      const run = this.#runs.find(([from, to]) => from <= start && end <= to) ?? [start, end]
      this.#bytes = new Uint8Array(0)
      this.#bytes = (await this.#source.slice(run[0], run[1])) as Uint8Array<ArrayBuffer>
      this.#start = run[0]
    }
    return this.#bytes.subarray(start - this.#start, end - this.#start)
  }
}

/** Joins neighbours up to `joinedBytesMax`. */
export function joinRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = []
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = joined.at(-1)
    if (last !== undefined && start === last[1] && end - last[0] <= joinedBytesMax) {
      joined[joined.length - 1] = [last[0], end]
    } else {
      joined.push([start, end])
    }
  }
  return joined
}
