/** Blocks of files from elsewhere, on a disk of this machine. */
import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile }
  from 'node:fs/promises'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { CoppiceError } from '@coppice/model'
import { ioError } from './file-source.js'

/** Where blocks are kept. Plain data: threads get it too. */
export interface CacheSettings {
  /** Several processes may share it; it must hold nothing else. */
  readonly folder: string
  /** Blocks that were not used for longest are removed when there are more bytes; about. */
  readonly bytesMax: number
}

/** Blocks have so many bytes, but for the last of a file. */
export const BLOCK_BYTES = 1 << 18

/** A cache of less would be of no use: readers ask for up to 16 MiB at a time. */
export const CACHE_BYTES_MIN = 1 << 26

const suffix = '.block'
const partialSuffix = '.partial'
const crcBytes = 4

/** The time of use is written down again when it is older. */
const touchMs = 60_000
/** What was being written for so long is left of a process that died. */
const partialMs = 3_600_000
/** When it is too full, so much of its size is left in use. */
const usedRatio = 0.8
/** Of the room that there is, so much is filled before others' blocks are counted again. */
const roomRatio = 1 / 16

/**
 * Makes the folder. To be called once, before it is used.
 *
 * Throws CoppiceError 'IO' naming the folder where it cannot be made or written to, 'PARAMETER'
 * for a size that is too small.
 */
export async function prepareCache({ folder, bytesMax }: CacheSettings): Promise<void> {
  if (!Number.isSafeInteger(bytesMax) || bytesMax < CACHE_BYTES_MIN) {
    throw new CoppiceError('PARAMETER', `the cache in ${folder} must have an integer of at least ` +
      `${CACHE_BYTES_MIN} bytes (${CACHE_BYTES_MIN >> 20} MiB), got ${bytesMax}`)
  }
  const probe = join(folder, ownName('probe'))
  try {
    // What was fetched with a secret is nobody else's.
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(probe, '', { mode: 0o600 })
    await rm(probe)
  } catch (error) {
    throw ioError(`cannot use the folder ${folder} as a cache`, error)
  }
}

/** The cache in a folder: one for all that this thread reads. */
export function blockCache(settings: CacheSettings): BlockCache {
  const known = caches.get(settings.folder)
  if (known !== undefined) return known
  const cache = new BlockCache(settings)
  caches.set(settings.folder, cache)
  return cache
}

const caches = new Map<string, BlockCache>()

/**
 * Named blocks of bytes in a folder that several threads and processes may use at a time. Each is
 * a file that appears when it is whole and carries a checksum of its name and bytes, so that what
 * a crash or a bad disk left is known for what it is.
 */
export class BlockCache {
  readonly #folder: string
  readonly #bytesMax: number
  /** May be written until the blocks are counted again. */
  #room = 0
  #counting: Promise<void> | null = null

  constructor({ folder, bytesMax }: CacheSettings) {
    this.#folder = folder
    this.#bytesMax = bytesMax
  }

  /** A block of so many bytes; null where it is not there, or damaged. */
  async get(name: string, nBytes: number): Promise<Uint8Array | null> {
    const path = this.#pathOf(name)
    let bytes: Uint8Array
    try {
      const handle = await open(path, 'r')
      try {
        bytes = await handle.readFile()
        const { mtimeMs } = await handle.stat()
        const now = Date.now()
        if (Math.abs(now - mtimeMs) > touchMs) await utimes(path, now / 1000, now / 1000)
      } finally {
        await handle.close()
      }
    } catch {
      return null
    }
    const nContent = Math.max(0, bytes.length - crcBytes)
    const content = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, nContent)
    if (content.length === nBytes && readCrc(bytes) === crcOf(name, content)) return content
    await rm(path, { force: true }).catch(() => undefined)
    return null
  }

  /** Keeps a block. Rejects with CoppiceError 'IO' where the disk does not take it. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    const partial = join(this.#folder, ownName(name))
    try {
      while (this.#room < bytes.length) await (this.#counting ??= this.#count())
      this.#room -= bytes.length
      const file = new Uint8Array(bytes.length + crcBytes)
      file.set(bytes)
      new DataView(file.buffer).setUint32(bytes.length, crcOf(name, bytes), true)
      await writeFile(partial, file, { flag: 'wx', mode: 0o600 })
      await rename(partial, this.#pathOf(name))
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined)
      throw ioError(`cannot write to the cache ${this.#folder}`, error)
    }
  }

  /** Finds out how much room there is, and makes some where there is little. */
  async #count(): Promise<void> {
    try {
      const names = await readdir(this.#folder)
      await this.#removePartials(names.filter((name) => name.endsWith(partialSuffix)))
      const blocks = names.filter((name) => name.endsWith(suffix))
      // a look at names is enough while there are few
      let nBytes = blocks.length * (BLOCK_BYTES + crcBytes)
      if (nBytes > usedRatio * this.#bytesMax) nBytes = await this.#trim(blocks)
      this.#room = Math.max(BLOCK_BYTES, (this.#bytesMax - nBytes) * roomRatio)
    } finally {
      this.#counting = null
    }
  }

  /** Removes what was not used for longest. @returns bytes that are left */
  async #trim(names: readonly string[]): Promise<number> {
    const blocks: { path: string, size: number, mtimeMs: number }[] = []
    for (const name of names) {
      const path = join(this.#folder, name)
      const found = await stat(path).catch(() => null)
      if (found !== null) blocks.push({ path, size: found.size, mtimeMs: found.mtimeMs })
    }
    let nBytes = blocks.reduce((sum, { size }) => sum + size, 0)
    if (nBytes <= this.#bytesMax - BLOCK_BYTES) return nBytes
    blocks.sort((a, b) => a.mtimeMs - b.mtimeMs)
    for (const { path, size } of blocks) {
      if (nBytes <= usedRatio * this.#bytesMax) break
      // whoever reads it goes on reading; another process may have removed it
      await rm(path, { force: true }).catch(() => undefined)
      nBytes -= size
    }
    return nBytes
  }

  async #removePartials(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const path = join(this.#folder, name)
      const found = await stat(path).catch(() => null)
      if (found === null || Date.now() - found.mtimeMs < partialMs) continue
      await rm(path, { force: true }).catch(() => undefined)
    }
  }

  #pathOf(name: string): string {
    return join(this.#folder, name + suffix)
  }
}

let nWritten = 0

/** A name that no other thread or process writes to. */
function ownName(name: string): string {
  return `${name}-${process.pid}-${threadId}-${nWritten++}${partialSuffix}`
}

function crcOf(name: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(name))
}

function readCrc(file: Uint8Array): number {
  if (file.length < crcBytes) return -1
  const { buffer, byteOffset, length } = file
  return new DataView(buffer, byteOffset, length).getUint32(length - crcBytes, true)
}
