import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ioError, openFileSource, writeFileAtomically } from '@coppice/data/node'
import { CoppiceError } from '@coppice/model'
import { journalLine } from '../journal/format.js'
import { type JournalContents, type JournalDamage, readJournal } from '../journal/reader.js'
import type { JournalRecord } from '../journal/record.js'
import { JournalWriter } from '../journal/writer.js'
import { acquireLock, type FileLock } from './file-lock.js'
import { type JournalDisk, type JournalHandle, nodeDisk } from './journal-disk.js'

export interface JournalFileOptions {
  readonly folder: string
  /** Letters, digits, '.', '_' and '-'; the file is `<job>.journal`. */
  readonly job: string
  /** `append` waits until the record is on the disk, not only with the system. Default false. */
  readonly isStrict?: boolean
  readonly disk?: JournalDisk
}

/** What was cut off a journal's end when it was opened. */
export interface JournalCut {
  readonly offset: number
  readonly lostBytes: number
  readonly reason: string
  /** Where the bytes are now; null for a record that was never whole. */
  readonly copy: string | null
}

/**
 * The journal of a job, as a file of its own. One process at a time has it open; it appends
 * records, and a record that could not be written leaves nothing behind.
 */
export class JournalFile {
  readonly path: string
  /** What was in it when it was opened. */
  readonly contents: JournalContents
  readonly cut: JournalCut | null
  readonly #isStrict: boolean
  readonly #disk: JournalDisk
  readonly #lock: FileLock
  readonly #writer: JournalWriter
  #handle: JournalHandle | null
  #size: number
  /** Bytes of a failed write may follow the last record. */
  #hasRest = false
  #isClosed = false
  #queue: Promise<void> = Promise.resolve()
  #syncing: Promise<void> | null = null
  #syncsAgain = false
  #syncError: unknown = null

  private constructor(options: JournalFileOptions, opened: Opened) {
    this.path = opened.path
    this.contents = opened.contents
    this.cut = opened.cut
    this.#isStrict = options.isStrict ?? false
    this.#disk = options.disk ?? nodeDisk
    this.#lock = opened.lock
    this.#writer = new JournalWriter(crc32, opened.contents)
    this.#handle = opened.handle
    this.#size = opened.size
  }

  /**
   * Opens the journal of a job, or gets ready to begin it: the file appears with its first record.
   *
   * What follows the last sound record is cut off. A record that was being written when its
   * writer stopped is dropped: nobody waits for it. Anything else is copied beside first, since
   * whole iterations may be in it and whoever looks for the cause will want to see it.
   *
   * @throws CoppiceError 'IO' when another process has it open, when it is no journal, or when it
   *   cannot be read or written; 'INTERNAL' when it holds two results of one iteration
   */
  static async open(options: JournalFileOptions): Promise<JournalFile> {
    const { folder, job, disk = nodeDisk } = options
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(job)) {
      throw new CoppiceError('IO', `a journal cannot be named after the job "${job}"; name jobs ` +
        'with up to 128 letters, digits, ".", "_" or "-", the first not "."')
    }
    const path = join(folder, `${job}.journal`)
    const lock = await lockJournal(disk, path, job)
    try {
      return new JournalFile(options, { path, lock, ...await openSound(disk, path) })
    } catch (error) {
      await lock.release()
      throw ioError(`cannot open the journal ${path}`, error)
    }
  }

  /** Iterations that are in the journal. */
  get nIterations(): number {
    return this.#writer.nIterations
  }

  /**
   * Appends a record; appends are carried out one after the other. A record that is there already
   * is ignored. Resolves when the record is written (strict: when it is on the disk); if it could
   * not be, the journal is as before and the record can be appended again.
   *
   * @throws CoppiceError 'IO' naming the file, for a full disk and the like; 'INTERNAL' for an
   *   iteration that is there and differs
   */
  append(record: JournalRecord): Promise<void> {
    if (this.#isClosed) {
      return Promise.reject(new CoppiceError('IO', `the journal ${this.path} is closed`))
    }
    const done = this.#queue.then(() => this.#append(record))
    this.#queue = done.catch(() => undefined)
    return done
  }

  /** Resolves when all that was appended is on the disk. */
  async flush(): Promise<void> {
    await this.#queue
    await this.#syncing
    this.#throwSyncError()
  }

  /** Waits for what was appended, closes the file and gives the lock back. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      await this.flush()
    } finally {
      await this.#handle?.close().catch(() => undefined)
      await this.#lock.release()
    }
  }

  async #append(record: JournalRecord): Promise<void> {
    this.#throwSyncError()
    const bytes = this.#writer.stage(record)
    if (bytes === null) return
    try {
      await this.#write(bytes)
    } catch (error) {
      throw ioError(`cannot write to the journal ${this.path}`, error)
    }
    this.#writer.confirm()
    if (!this.#isStrict) this.#syncSoon()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#handle === null) {
      this.#handle = await this.#begin(bytes)
      this.#size = bytes.length
      return
    }
    const handle = this.#handle
    if (this.#hasRest) await this.#cutRest(handle)
    await this.#requireAlone(handle)
    try {
      await writeAll(handle, bytes, this.#size)
      if (this.#isStrict) await handle.sync()
    } catch (error) {
      this.#hasRest = true
      // If this fails too, it is done before the next record is written.
      await this.#cutRest(handle).catch(() => undefined)
      throw error
    }
    this.#size += bytes.length
  }

  /** Writes the first record to a new file, which gets its name when it is whole. */
  async #begin(bytes: Uint8Array): Promise<JournalHandle> {
    const partial = `${this.path}.partial`
    let handle: JournalHandle | null = null
    try {
      handle = await this.#disk.create(partial)
      await writeAll(handle, bytes, 0)
      await handle.sync()
      await this.#disk.rename(partial, this.path)
      return handle
    } catch (error) {
      await handle?.close().catch(() => undefined)
      await this.#disk.remove(partial).catch(() => undefined)
      throw error
    }
  }

  async #cutRest(handle: JournalHandle): Promise<void> {
    await handle.truncate(this.#size)
    this.#hasRest = false
  }

  /** The lock may have been removed by hand, wrongly. */
  async #requireAlone(handle: JournalHandle): Promise<void> {
    const size = await handle.size()
    if (size === this.#size) return
    throw new CoppiceError('IO', `the journal ${this.path} has ${size} bytes but this ` +
      `coordinator left it with ${this.#size}: another process writes to it; stop one of the two`)
  }

  /** Has what was written brought to the disk; several records share one sync. */
  #syncSoon(): void {
    this.#syncsAgain = true
    this.#syncing ??= this.#syncAll()
  }

  async #syncAll(): Promise<void> {
    while (this.#syncsAgain) {
      this.#syncsAgain = false
      try {
        await this.#handle?.sync()
      } catch (error) {
        this.#syncError = error
      }
    }
    this.#syncing = null
  }

  /** Of a sync that nobody waited for. The next one tries all again. */
  #throwSyncError(): void {
    const error = this.#syncError
    if (error === null) return
    this.#syncError = null
    this.#syncSoon()
    throw ioError(`the journal ${this.path} may not be on the disk`, error)
  }
}

interface Opened {
  readonly path: string
  readonly lock: FileLock
  readonly contents: JournalContents
  readonly cut: JournalCut | null
  readonly handle: JournalHandle | null
  readonly size: number
}

async function lockJournal(disk: JournalDisk, path: string, job: string): Promise<FileLock> {
  try {
    await disk.makeFolder(dirname(path))
  } catch (error) {
    throw ioError(`cannot write the journal ${path}`, error)
  }
  return acquireLock(`${path}.lock`, `the journal of job "${job}"`)
}

/** Reads a journal, if there is one, and cuts off what is not sound. */
async function openSound(
  disk: JournalDisk, path: string,
): Promise<Omit<Opened, 'path' | 'lock'>> {
  const handle = await disk.open(path)
  if (handle === null) {
    return { contents: readJournal(journalLine(), crc32), cut: null, handle, size: 0 }
  }
  try {
    const bytes = await readAll(path)
    const contents = readJournal(bytes, crc32)
    const { damage, nRecords, validBytes } = contents
    // The first line is written with the first record.
    const size = nRecords === 0 ? 0 : validBytes
    const cut = damage === null ? null : await copyCut(path, damage, bytes)
    if (size < bytes.length) {
      await handle.truncate(size)
      await handle.sync()
    }
    return { contents, cut, handle, size }
  } catch (error) {
    await handle.close().catch(() => undefined)
    throw error
  }
}

async function readAll(path: string): Promise<Uint8Array> {
  const source = await openFileSource(path)
  return source.slice(0, source.byteLength).finally(() => source.close())
}

/** Keeps what is about to be cut off, unless it is of no use to anybody. */
async function copyCut(
  path: string, damage: JournalDamage, bytes: Uint8Array,
): Promise<JournalCut> {
  const { kind, offset, lostBytes, reason } = damage
  if (kind === 'foreign') throw new CoppiceError('IO', `${path} is not a journal: ${reason}`)
  if (kind === 'contradiction') {
    throw new CoppiceError('INTERNAL', `${path}, byte ${offset}: ${reason}; keep the file for ` +
      'whoever looks for the cause, and train again in another folder')
  }
  if (kind === 'torn') return { offset, lostBytes, reason, copy: null }
  const lost = bytes.subarray(offset)
  const name = createHash('sha256').update(lost).digest('hex').slice(0, 8)
  const copy = `${path}.cut-${offset}-${name}`
  await writeFileAtomically(copy, lost)
  return { offset, lostBytes, reason, copy }
}

async function writeAll(
  handle: JournalHandle, bytes: Uint8Array, position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await handle.write(bytes.subarray(done), position + done)
  }
}
