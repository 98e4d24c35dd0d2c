import { CoppiceError } from '@coppice/model'
import type { JournalRecord } from '../journal/record.js'
import type { JournalDisk } from './journal-disk.js'
import { JournalFile } from './journal-file.js'

export interface JobJournalOptions {
  readonly folder: string
  readonly job: string
  readonly isStrict: boolean
  readonly disk: JournalDisk | undefined
  /** A write failed, or is possible again. */
  readonly onNotice: (text: string) => void
}

/** Where the records of a job go. */
export interface RecordKeeper {
  /** A coordinator that starts again will find them. */
  readonly isKept: boolean
  /**
   * Writes a record after those before it; resolves when it is written, however long that takes.
   *
   * @throws CoppiceError 'INTERNAL' for an iteration that is there and differs, 'MEMORY' for one
   *   that is too large, 'ABORTED' when it is closed first
   */
  write(record: JournalRecord): Promise<void>
  close(): Promise<void>
}

/** For a coordinator without a journal. */
export const noJournal: RecordKeeper = {
  isKept: false, write: () => Promise.resolve(), close: () => Promise.resolve(),
}

const waitMsMin = 200
const waitMsMax = 5000
/** A disk that stays full is complained about this often. */
const complainMs = 60_000

/**
 * The journal of a job that outlasts a full disk: a record that cannot be written is tried again
 * until it can, in order, and the training waits for it meanwhile.
 */
export class JobJournal implements RecordKeeper {
  readonly isKept = true
  readonly file: JournalFile
  readonly #options: JobJournalOptions
  readonly #closing = new AbortController()
  #queue: Promise<void> = Promise.resolve()

  private constructor(options: JobJournalOptions, file: JournalFile) {
    this.#options = options
    this.file = file
  }

  /** @throws CoppiceError as `JournalFile.open` */
  static async open(options: JobJournalOptions): Promise<JobJournal> {
    const { folder, job, isStrict, disk, onNotice } = options
    const file = await JournalFile.open({
      folder, job, isStrict, ...(disk === undefined ? {} : { disk }),
    })
    if (file.cut !== null) {
      const { lostBytes, reason, copy } = file.cut
      onNotice(`the journal ${file.path} was cut by ${lostBytes} bytes: ${reason}` +
        (copy === null ? '' : `; they are kept in ${copy}`))
    }
    return new JobJournal(options, file)
  }

  write(record: JournalRecord): Promise<void> {
    const written = this.#queue.then(() => this.#write(record))
    // one that can never be written must not hold up whoever closes
    this.#queue = written.catch(() => undefined)
    return written
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#queue
    await this.file.close()
  }

  async #write(record: JournalRecord): Promise<void> {
    let waitMs = waitMsMin
    let complainAt = 0
    for (;;) {
      try {
        await this.file.append(record)
        if (complainAt > 0) this.#options.onNotice(`${this.file.path} can be written again`)
        return
      } catch (error) {
        if (!(error instanceof CoppiceError) || error.code !== 'IO') throw error
        if (this.#closing.signal.aborted) {
          throw new CoppiceError('ABORTED', `${this.file.path} was closed`, { cause: error })
        }
        if (performance.now() >= complainAt) {
          complainAt = performance.now() + complainMs
          this.#options.onNotice(`${error.message}; the training waits until it can go on: make ` +
            'room, or stop it')
        }
      }
      await this.#sleep(waitMs)
      waitMs = Math.min(waitMsMax, waitMs * 2)
    }
  }

  #sleep(ms: number): Promise<void> {
    const { signal } = this.#closing
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      if (signal.aborted) done()
      else signal.addEventListener('abort', done, { once: true })
    })
  }
}
