/** Blocks of files from elsewhere, on a disk of this machine. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile }
  from 'node:fs/promises'
import { join } from 'node:path'
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
const writerSuffix = '.writer'
const crcBytes = 4

/** The time of use is written down again when it is older. */
const touchMs = 60_000
/** What was being written for so long is left of a process that died. */
const partialMs = 3_600_000
/** Who counted blocks so long ago writes no more. */
const writerMs = 600_000
/** When it is too full, so much of its size is left in use. */
const usedRatio = 0.8
/** However many write, so much is. */
const usedRatioMin = 0.5
/** Of the room that there is, all writers together fill so much before they count blocks again. */
const roomRatio = 1 / 8

/**
 * Makes the folder. To be called once, before it is used.
 *
 * Throws CoppiceError 'IO' naming the folder where it cannot be made or written to, or where others
 * could put blocks into it, which would be taken for what was fetched; 'PARAMETER' for a size that
 * is too small.
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
    await requireOwn(folder)
    await writeFile(probe, '', { mode: 0o600 })
    await rm(probe)
  } catch (error) {
    throw ioError(`cannot use the folder ${folder} as a cache`, error)
  }
}

/** Whoever may write to a folder may change what is trained on; Windows has no such bits. */
async function requireOwn(folder: string): Promise<void> {
  const uid = process.getuid?.()
  if (uid === undefined) return
  const found = await stat(folder)
  const mode = (found.mode & 0o777).toString(8)
  const fault = found.uid !== uid
    ? `it belongs to user ${found.uid}, and this process runs as user ${uid}`
    : (found.mode & 0o022) !== 0 ? `others may write to it (mode ${mode})` : null
  if (fault === null) return
  throw new Error(`${fault}, and could change what is trained on; name a folder that is not ` +
    `there yet, such as ${join(folder, 'coppice')}, or make it your own with mode 700`)
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
  /** Tells that this one writes, to the others. */
  readonly #writerPath: string
  /** May be written until the blocks are counted again. */
  #room = 0
  #counting: Promise<void> | null = null

  constructor({ folder, bytesMax }: CacheSettings) {
    this.#folder = folder
    this.#bytesMax = bytesMax
    this.#writerPath = join(folder, ownId() + writerSuffix)
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

  /**
   * Finds out how much room there is, and makes some where there is little. Each writer says that
   * there is one more before it looks, and takes its part of the room: the n-th to look finds n of
   * them, so together they stay below what there is, however many begin at the same time.
   */
  async #count(): Promise<void> {
    try {
      await writeFile(this.#writerPath, '.', { mode: 0o600 })
      const names = await readdir(this.#folder)
      const ending = (end: string): string[] => names.filter((name) => name.endsWith(end))
      await this.#removeOlder(ending(partialSuffix), partialMs)
      const nWriters = await this.#removeOlder(ending(writerSuffix), writerMs)
      const blocks = ending(suffix)
      // a look at names is enough while there are few
      let nBytes = blocks.length * (BLOCK_BYTES + crcBytes)
      const bounds = boundsOf(this.#bytesMax, nWriters)
      if (nBytes > bounds.most) nBytes = await this.#trim(blocks, bounds)
      const part = (this.#bytesMax - nBytes) * roomRatio / nWriters
      this.#room = Math.max(BLOCK_BYTES, part)
    } finally {
      this.#counting = null
    }
  }

  /** Removes what was not used for longest. @returns bytes that are left */
  async #trim(
    names: readonly string[], { most, target }: ReturnType<typeof boundsOf>,
  ): Promise<number> {
    const blocks: { path: string, size: number, mtimeMs: number }[] = []
    for (const name of names) {
      const path = join(this.#folder, name)
      const found = await stat(path).catch(() => null)
      if (found !== null) blocks.push({ path, size: found.size, mtimeMs: found.mtimeMs })
    }
    let nBytes = blocks.reduce((sum, { size }) => sum + size, 0)
    if (nBytes <= most) return nBytes
    blocks.sort((a, b) => a.mtimeMs - b.mtimeMs)
    for (const { path, size } of blocks) {
      if (nBytes <= target) break
      // whoever reads it goes on reading; another process may have removed it
      await rm(path, { force: true }).catch(() => undefined)
      nBytes -= size
    }
    return nBytes
  }

  /** Removes files that are older. @returns how many are left, at least this writer */
  async #removeOlder(names: readonly string[], ageMs: number): Promise<number> {
    let nLeft = 0
    for (const name of names) {
      const path = join(this.#folder, name)
      const found = await stat(path).catch(() => null)
      if (found === null) continue
      if (Date.now() - found.mtimeMs < ageMs) nLeft++
      else await rm(path, { force: true }).catch(() => undefined)
    }
    return Math.max(1, nLeft)
  }

  #pathOf(name: string): string {
    return join(this.#folder, name + suffix)
  }
}

/**
 * Bytes of blocks of which some are removed when there are more than `most`, and how many are left
 * then: each writer may write a block, however little room there is, before it looks again.
 */
function boundsOf(bytesMax: number, nWriters: number): { most: number, target: number } {
  // and its own file of a byte
  const spare = nWriters * (BLOCK_BYTES + crcBytes + 1)
  const least = usedRatioMin * bytesMax
  return {
    most: Math.max(least, bytesMax - spare),
    target: Math.max(least, Math.min(usedRatio * bytesMax, bytesMax - 2 * spare)),
  }
}

/** What no other thread or process has: in containers, numbers of processes are the same. */
const processId = randomBytes(8).toString('hex')
let nIds = 0

function ownId(): string {
  return `${processId}-${nIds++}`
}

/** A name that no other thread or process writes to. */
function ownName(name: string): string {
  return `${name}-${ownId()}${partialSuffix}`
}

function crcOf(name: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(name))
}

function readCrc(file: Uint8Array): number {
  if (file.length < crcBytes) return -1
  const { buffer, byteOffset, length } = file
  return new DataView(buffer, byteOffset, length).getUint32(length - crcBytes, true)
}
