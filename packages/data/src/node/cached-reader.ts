import { createHash } from 'node:crypto'
import { BLOCK_BYTES, type BlockCache, blockCache, type CacheSettings } from './block-cache.js'
import type { RangeReader } from './remote-source.js'

/** Something about the cache that people should know. */
export interface CacheNotice {
  /** Told once for each: it is about the machine or the server, not about one file. */
  readonly topic: 'no-validator' | 'not-written'
  readonly text: string
}

/** Bytes that are in work at a time. */
const WINDOW_BYTES = 1 << 24
/** Blocks that are read from the disk at a time. */
const CONCURRENCY = 8

/**
 * A reader that keeps what it reads on the disk, and fetches only what is not there. A file is
 * known by its address, what tells its states apart, and its length; one whose server does not
 * tell states apart is fetched every time. So is everything once the disk takes no more: a cache
 * fails nobody.
 */
export function cachedReader(
  uri: string,
  reader: RangeReader,
  settings: CacheSettings,
  onNotice: (notice: CacheNotice) => void,
): RangeReader {
  if (reader.validator !== null) {
    return new CachedReader(uri, reader, blockCache(settings), onNotice)
  }
  onNotice({
    topic: 'no-validator',
    text: `${reader.name} is not kept in the cache: its server sends neither an ETag nor a ` +
      `Last-Modified that would tell a changed file; the same goes for all such files`,
  })
  return reader
}

/** A block that is being read; who wants it meanwhile waits for it. */
interface Pending {
  readonly bytes: Promise<Uint8Array>
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

class CachedReader implements RangeReader {
  readonly name: string
  readonly byteLength: number
  readonly validator: string | null
  readonly #reader: RangeReader
  readonly #cache: BlockCache
  readonly #onNotice: (notice: CacheNotice) => void
  /** First part of the names of its blocks. */
  readonly #key: string
  readonly #pending = new Map<number, Pending>()
  #isWritable = true

  constructor(
    uri: string,
    reader: RangeReader,
    cache: BlockCache,
    onNotice: (notice: CacheNotice) => void,
  ) {
    this.name = reader.name
    this.byteLength = reader.byteLength
    this.validator = reader.validator
    this.#reader = reader
    this.#cache = cache
    this.#onNotice = onNotice
    // Addresses may hold secrets: a hash tells none.
    this.#key = createHash('sha256')
      .update(JSON.stringify([uri, reader.validator, reader.byteLength]))
      .digest('hex').slice(0, 40)
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    // The reader has words for what is beyond the end.
    if (end > this.byteLength) return this.#reader.read(start, end)
    const bytes = new Uint8Array(end - start)
    const firstBlock = Math.floor(start / BLOCK_BYTES)
    const endBlock = Math.ceil(end / BLOCK_BYTES)
    const nBlocks = WINDOW_BYTES / BLOCK_BYTES
    for (let from = firstBlock; from < endBlock; from += nBlocks) {
      const blocks = await this.#blocks(from, Math.min(from + nBlocks, endBlock))
      for (const [i, block] of blocks.entries()) {
        const blockStart = (from + i) * BLOCK_BYTES
        const skipped = Math.max(0, start - blockStart)
        const wanted = block.subarray(skipped, Math.max(0, end - blockStart))
        bytes.set(wanted, blockStart + skipped - start)
      }
    }
    return bytes
  }

  /** Blocks [from, to), from the disk or from where the file is. */
  async #blocks(from: number, to: number): Promise<Uint8Array[]> {
    const all: Promise<Uint8Array>[] = []
    const own: number[] = []
    for (let block = from; block < to; block++) {
      let pending = this.#pending.get(block)
      if (pending === undefined) {
        pending = deferred()
        this.#pending.set(block, pending)
        own.push(block)
      }
      all.push(pending.bytes)
    }
    const done = Promise.all(all)
    // what is wrong with others' blocks is told when its own are settled: then nothing is under way
    done.catch(() => undefined)
    await this.#readOwn(own)
    return done
  }

  /** Settles all of these blocks. */
  async #readOwn(blocks: readonly number[]): Promise<void> {
    try {
      const missing = await this.#readKept(blocks)
      for (const [from, to] of runsOf(missing)) await this.#fetch(from, to)
    } catch (error) {
      for (const block of blocks) this.#settle(block, (pending) => pending.reject(error))
    }
  }

  /** Settles those that are on the disk. @returns the others, ascending */
  async #readKept(blocks: readonly number[]): Promise<number[]> {
    const missing: number[] = []
    const left = [...blocks]
    const readNext = async (): Promise<void> => {
      for (let block = left.shift(); block !== undefined; block = left.shift()) {
        const kept = await this.#cache.get(this.#nameOf(block), this.#lengthOf(block))
        if (kept === null) missing.push(block)
        else this.#settle(block, (pending) => pending.resolve(kept))
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, readNext))
    return missing.sort((a, b) => a - b)
  }

  /** Settles blocks [from, to), and keeps them. */
  async #fetch(from: number, to: number): Promise<void> {
    const start = from * BLOCK_BYTES
    const bytes = await this.#reader.read(start, Math.min(to * BLOCK_BYTES, this.byteLength))
    for (let block = from; block < to; block++) {
      const offset = block * BLOCK_BYTES - start
      const own = bytes.subarray(offset, offset + this.#lengthOf(block))
      this.#settle(block, (pending) => pending.resolve(own))
      await this.#keep(block, own)
    }
  }

  async #keep(block: number, bytes: Uint8Array): Promise<void> {
    if (!this.#isWritable) return
    try {
      await this.#cache.put(this.#nameOf(block), bytes)
    } catch (error) {
      this.#isWritable = false
      this.#onNotice({
        topic: 'not-written',
        text: `${(error as Error).message}; files from elsewhere are fetched again whenever they ` +
          `are read`,
      })
    }
  }

  #settle(block: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(block)
    if (pending === undefined) return
    this.#pending.delete(block)
    settle(pending)
  }

  #nameOf(block: number): string {
    return `${this.#key}-${block}`
  }

  #lengthOf(block: number): number {
    return Math.min(BLOCK_BYTES, this.byteLength - block * BLOCK_BYTES)
  }
}

/** Ranges of numbers that follow each other; the end is exclusive. */
function runsOf(ascending: readonly number[]): [from: number, to: number][] {
  const runs: [number, number][] = []
  for (const n of ascending) {
    const last = runs.at(-1)
    if (last?.[1] === n) last[1]++
    else runs.push([n, n + 1])
  }
  return runs
}

function deferred(): Pending {
  let resolve!: Pending['resolve']
  let reject!: Pending['reject']
  const bytes = new Promise<Uint8Array>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { bytes, resolve, reject }
}
