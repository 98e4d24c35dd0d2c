import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { CoppiceError } from '@coppice/model'
import { errorCode, errorText } from './error-text.js'

/** How an upload ended. */
export type UploadResult =
  | { readonly kind: 'stored', readonly byteLength: number }
  /** The content has another hash. */
  | { readonly kind: 'mismatch', readonly sha256: string }
  /** It is longer than `fileBytesMax`. */
  | { readonly kind: 'tooBig' }
  /** No room: in the folder's budget, or on the disk. */
  | { readonly kind: 'full', readonly reason: string }
  /** The sender stopped before the end. */
  | { readonly kind: 'broken', readonly reason: string }

/** Bounds of a spool, in bytes. */
export interface SpoolLimits {
  readonly fileBytesMax: number
  /** All files together, those being written included. */
  readonly totalBytesMax: number
}

const gibibyte = 1024 * 1024 * 1024

export const defaultSpoolLimits: SpoolLimits = {
  fileBytesMax: 16 * gibibyte,
  totalBytesMax: 256 * gibibyte,
}

const suffix = '.partial'

/**
 * A folder of files named by the SHA-256 of their content. A file is written beside and renamed
 * when it is whole and its hash is right, so a name is a promise. The folder belongs to one
 * coordinator.
 */
export class Spool {
  readonly folder: string
  readonly #limits: SpoolLimits
  /** Of the files and of those being written. */
  #nBytes = 0
  readonly #names = new Set<string>()
  /** Files that are being removed: for everybody else they are gone. */
  readonly #removals = new Map<string, Promise<void>>()

  private constructor(folder: string, limits: SpoolLimits) {
    this.folder = folder
    this.#limits = limits
  }

  /**
   * Opens or makes the folder and removes what an earlier run left unfinished.
   *
   * Throws CoppiceError 'IO' naming the folder.
   */
  static async open(folder: string, limits: SpoolLimits): Promise<Spool> {
    try {
      await mkdir(folder, { recursive: true })
      const spool = new Spool(folder, limits)
      for (const name of await readdir(folder)) {
        if (name.endsWith(suffix)) {
          await rm(join(folder, name), { force: true })
        } else {
          spool.#names.add(name)
          spool.#nBytes += (await stat(join(folder, name))).size
        }
      }
      return spool
    } catch (error) {
      throw new CoppiceError('IO', `cannot use the folder for uploads ${folder}: `
        + errorText(error), { cause: error })
    }
  }

  get fileBytesMax(): number {
    return this.#limits.fileBytesMax
  }

  /** Where a file is or would be. */
  pathOf(sha256: string): string {
    return join(this.folder, sha256)
  }

  /** Length of a file, or null if it is not there. */
  async byteLength(sha256: string): Promise<number | null> {
    if (!this.#names.has(sha256)) return null
    try {
      return (await stat(this.pathOf(sha256))).size
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null
      throw error
    }
  }

  /**
   * Removes a file; does nothing if it is not there. From the call on nobody is told that it is:
   * who asks while the disk is at it brings it again.
   */
  async remove(sha256: string): Promise<void> {
    if (this.#names.delete(sha256)) {
      this.#removals.set(sha256, this.#removeFile(sha256).finally(() => {
        this.#removals.delete(sha256)
      }))
    }
    await this.#removals.get(sha256)
  }

  async #removeFile(sha256: string): Promise<void> {
    try {
      const { size } = await stat(this.pathOf(sha256))
      await rm(this.pathOf(sha256))
      this.#nBytes -= size
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return
      this.#names.add(sha256)
      throw error
    }
  }

  /**
   * Removes the files of which `isUnused` says so.
   *
   * @param isUnused - is given the hash, and when the file was written in milliseconds since 1970.
   *   When it says yes the file is gone for everybody before anything else happens
   * @returns hashes of those that were removed
   */
  async sweep(isUnused: (sha256: string, changedAt: number) => boolean): Promise<string[]> {
    const removed: string[] = []
    for (const sha256 of [...this.#names].filter((name) => /^[0-9a-f]{64}$/.test(name))) {
      const found = await stat(this.pathOf(sha256)).catch(() => null)
      if (!isUnused(sha256, found?.mtimeMs ?? 0)) continue
      await this.remove(sha256)
      removed.push(sha256)
    }
    return removed
  }

  /** The bytes from `first` to `last`, both included. */
  read(sha256: string, first: number, last: number): Readable {
    return createReadStream(this.pathOf(sha256), { start: first, end: last })
  }

  /**
   * Takes an upload. Several of one content may run at once; each ends with the same file.
   * Rejects with what the disk says, except for a full one.
   */
  async write(sha256: string, body: AsyncIterator<Uint8Array>): Promise<UploadResult> {
    const partial = join(this.folder, `.${sha256}.${randomBytes(6).toString('hex')}${suffix}`)
    const progress = { nBytes: 0 }
    // True where its bytes stay: of several uploads of one content, only one's do.
    let isStored = false
    try {
      const file = await open(partial, 'wx')
      let result: UploadResult
      try {
        result = await this.#receive(file, sha256, body, progress)
      } finally {
        await file.close()
      }
      if (result.kind === 'stored') {
        // or the removal would take the new file for the old one
        await this.#removals.get(sha256)?.catch(() => undefined)
        await rename(partial, this.pathOf(sha256))
        isStored = !this.#names.has(sha256)
        this.#names.add(sha256)
      }
      return result
    } catch (error) {
      if (errorCode(error) !== 'ENOSPC' && errorCode(error) !== 'EDQUOT') throw error
      return { kind: 'full', reason: `the disk of the coordinator is full: ${errorText(error)}` }
    } finally {
      if (!isStored) {
        this.#nBytes -= progress.nBytes
        await rm(partial, { force: true }).catch(() => undefined)
      }
    }
  }

  async #receive(
    file: FileHandle,
    sha256: string,
    body: AsyncIterator<Uint8Array>,
    progress: { nBytes: number },
  ): Promise<UploadResult> {
    const hash = createHash('sha256')
    for (;;) {
      let next: IteratorResult<Uint8Array>
      try {
        next = await body.next()
      } catch (error) {
        return { kind: 'broken', reason: errorText(error) }
      }
      if (next.done === true) break
      const bytes = next.value
      if (progress.nBytes + bytes.length > this.#limits.fileBytesMax) return { kind: 'tooBig' }
      if (this.#nBytes + bytes.length > this.#limits.totalBytesMax) {
        return { kind: 'full', reason: `uploads fill the ${this.#limits.totalBytesMax} bytes that `
          + `${this.folder} may take` }
      }
      progress.nBytes += bytes.length
      this.#nBytes += bytes.length
      hash.update(bytes)
      for (let offset = 0; offset < bytes.length;) {
        offset += (await file.write(bytes, offset)).bytesWritten
      }
    }
    const found = hash.digest('hex')
    if (found !== sha256) return { kind: 'mismatch', sha256: found }
    await file.sync()
    return { kind: 'stored', byteLength: progress.nBytes }
  }
}
