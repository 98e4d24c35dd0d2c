import type { FileSource } from './file-source.js'

/** A file elsewhere, of which ranges can be fetched. */
export interface RangeReader {
  /** For messages. */
  readonly name: string
  readonly byteLength: number
  /** Another one for every state of the file; null where its server tells none. */
  readonly validator: string | null
  /** Bytes [start, end), exactly; start < end. Rejects with CoppiceError 'IO'. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** Reads of fewer bytes fetch as many, for those that follow. */
export const PAGE_BYTES = 1 << 16
/** Ranges that are wanted together are fetched in one when no more than this lies between. */
const GAP_BYTES_MAX = 1 << 17
/** ... until a request has about so many bytes. */
const PIECE_BYTES_MAX = 1 << 24
/** Requests under way at a time. */
const CONCURRENCY = 6
/** Pages that small reads fetched and that are kept. */
const PAGES_MAX = 4

interface Piece {
  readonly start: number
  readonly bytes: Uint8Array
}

/**
 * A source over a reader whose every request costs a round trip: small reads fetch a page, ranges
 * announced by `prefetch` are fetched together and kept until the next call of it.
 *
 * @param head - the first bytes of the file, where they are known already
 */
export function remoteSource(reader: RangeReader, head: Uint8Array): FileSource {
  return new RemoteSource(reader, head)
}

class RemoteSource implements FileSource {
  readonly name: string
  readonly byteLength: number
  readonly #reader: RangeReader
  #pages: Piece[]
  #pieces: Piece[] = []

  constructor(reader: RangeReader, head: Uint8Array) {
    this.name = reader.name
    this.byteLength = reader.byteLength
    this.#reader = reader
    this.#pages = head.length > 0 ? [{ start: 0, bytes: head }] : []
  }

  async slice(start: number, end: number): Promise<Uint8Array> {
    if (start >= end) return new Uint8Array(0)
    const known = this.#find(start, end)
    if (known !== null) return known
    if (end - start >= PAGE_BYTES || end > this.byteLength) return this.#reader.read(start, end)
    const last = Math.max(0, this.byteLength - PAGE_BYTES)
    const pageStart = Math.min(start, last)
    const pageEnd = Math.min(pageStart + PAGE_BYTES, this.byteLength)
    const bytes = await this.#reader.read(pageStart, pageEnd)
    this.#pages = [...this.#pages.slice(1 - PAGES_MAX), { start: pageStart, bytes }]
    return bytes.slice(start - pageStart, end - pageStart)
  }

  async prefetch(ranges: readonly (readonly [start: number, end: number])[]): Promise<void> {
    const kept = this.#pieces.filter(({ start, bytes }) =>
      ranges.some(([from, to]) => from >= start && to <= start + bytes.length),
    )
    this.#pieces = kept
    const missing = ranges.filter(([start, end]) => start < end && this.#find(start, end) === null)
    const wanted = joinRanges(missing)
    const pieces = [...kept]
    const fetchNext = async (): Promise<void> => {
      for (let range = wanted.shift(); range !== undefined; range = wanted.shift()) {
        const [start, end] = range
        pieces.push({ start, bytes: await this.#reader.read(start, end) })
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, fetchNext))
    this.#pieces = pieces
  }

  close(): Promise<void> {
    this.#pages = []
    this.#pieces = []
    return Promise.resolve()
  }

  #find(start: number, end: number): Uint8Array | null {
    for (const piece of [...this.#pieces, ...this.#pages]) {
      if (start < piece.start || end > piece.start + piece.bytes.length) continue
      const bytes = piece.bytes.subarray(start - piece.start, end - piece.start)
      // A small part of a large piece would keep all of it alive, and be sent with it.
      return bytes.length < PAGE_BYTES ? bytes.slice() : bytes
    }
    return null
  }
}

/** Joins ranges that lie close to each other; the result is in ascending order. */
export function joinRanges(
  ranges: readonly (readonly [start: number, end: number])[],
): [start: number, end: number][] {
  const joined: [number, number][] = []
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    const isNear = last !== undefined && start - last[1] <= GAP_BYTES_MAX
    if (isNear && (end <= last[1] || end - last[0] <= PIECE_BYTES_MAX)) {
      last[1] = Math.max(last[1], end)
    } else {
      joined.push([start, end])
    }
  }
  return joined
}
