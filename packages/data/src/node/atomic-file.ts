import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CoppiceError } from '@coppice/model'
import type { ByteSink } from '../writers/writer.js'
import { ioError } from './file-source.js'
import { makeFolder } from './make-folder.js'

/** A file that appears under its name only when it is whole. */
export interface AtomicFile extends ByteSink {
  /** Bytes written so far. */
  readonly byteLength: number
  /** Flushes to the disk and gives the file its name, replacing an older one. */
  commit(): Promise<void>
  /** Removes what was written. Does nothing after `commit`. */
  discard(): Promise<void>
}

const bufferBytes = 1 << 20

/**
 * Opens `.NAME.partial` beside the path for writing; folders are made as needed.
 *
 * Throws CoppiceError 'IO' naming the path and what to do, also for a full disk.
 */
export async function openAtomicFile(path: string): Promise<AtomicFile> {
  await requireRegularFile(path)
  const partial = join(dirname(path), `.${basename(path)}.partial`)
  let handle: FileHandle
  try {
    await makeFolder(dirname(path))
    handle = await open(partial, 'w')
  } catch (error) {
    throw ioError(`cannot write ${path}`, error)
  }
  return new PartialFile(path, partial, handle)
}

/** A whole file takes the place of what is there: a folder or a device must not be replaced. */
async function requireRegularFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw ioError(`cannot write ${path}`, error)
  })
  if (found === null || found.isFile()) return
  const what = found.isDirectory() ? 'a folder' : 'no regular file'
  throw new CoppiceError('IO', `cannot write ${path}: it is ${what}; name a file`)
}

class PartialFile implements AtomicFile {
  byteLength = 0
  readonly #path: string
  readonly #partial: string
  #handle: FileHandle | null
  #buffered: Uint8Array[] = []
  #nBuffered = 0

  constructor(path: string, partial: string, handle: FileHandle) {
    this.#path = path
    this.#partial = partial
    this.#handle = handle
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#buffered.push(bytes)
    this.#nBuffered += bytes.length
    this.byteLength += bytes.length
    if (this.#nBuffered >= bufferBytes) await this.#flush()
  }

  async commit(): Promise<void> {
    await this.#flush()
    await this.#attempt(async (handle) => {
      await handle.sync()
      await handle.close()
      await rename(this.#partial, this.#path)
      this.#handle = null
    })
  }

  async discard(): Promise<void> {
    const handle = this.#handle
    if (handle === null) return
    this.#handle = null
    await handle.close().catch(() => undefined)
    await rm(this.#partial, { force: true }).catch(() => undefined)
  }

  async #flush(): Promise<void> {
    const parts = this.#buffered
    this.#buffered = []
    this.#nBuffered = 0
    if (parts.length === 0) return
    await this.#attempt(async (handle) => {
      const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      for (let offset = 0; offset < bytes.length;) {
        offset += (await handle.write(bytes, offset, bytes.length - offset)).bytesWritten
      }
    })
  }

  async #attempt(action: (handle: FileHandle) => Promise<void>): Promise<void> {
    const handle = this.#handle
    if (handle === null) throw ioError(`cannot write ${this.#path}`, new Error('it is closed'))
    try {
      await action(handle)
    } catch (error) {
      await this.discard()
      throw ioError(`cannot write ${this.#path}`, error)
    }
  }
}

/** Writes a small file whole or not at all. */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const file = await openAtomicFile(path)
  await file.write(typeof content === 'string' ? new TextEncoder().encode(content) : content)
  await file.commit()
}
