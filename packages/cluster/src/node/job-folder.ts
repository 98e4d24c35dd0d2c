import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ioError, makeFolder, writeFileAtomically } from '@coppice/data/node'
import { CoppiceError } from '@coppice/model'
import { readJournal } from '../journal/reader.js'
import { type RestoredJob, restoreJob } from '../jobs/restored-job.js'
import { acquireLock, type FileLock } from './file-lock.js'

const suffix = '.journal'

/** Journals of so many jobs are kept after their end, the latest ones, ... */
export const ENDED_MAX = 32
/** ... and none for longer than a week. */
export const ENDED_MS = 7 * 24 * 3_600_000

/**
 * Starts of a coordinator are numbered in a circle. A number is a million ids of stores, which
 * engines know as 32-bit integers; it has to differ from those of recent starts, whose stores
 * workers may still have.
 */
const TERMS = 2000

/** A number for a start before which none is known of. @param now - seconds */
export function firstTerm(now: number): number {
  return now % TERMS + 1
}

/** What a folder of journals has of a job. */
export interface FoundJob {
  readonly job: string
  /** When the journal was last written to, in milliseconds since 1970. */
  readonly changedAt: number
  /** null for a journal that cannot be read, ... */
  readonly restored: RestoredJob | null
  /** ... and why, as it was thrown. */
  readonly problem: { readonly cause: unknown } | null
}

/** The folder in which a coordinator keeps the journals of its jobs. */
export class JobFolder {
  readonly path: string
  /** When jobs ended whose journals are still here, in milliseconds since 1970. */
  readonly #ended = new Map<string, number>()

  private constructor(path: string) {
    this.path = path
  }

  /** @throws CoppiceError 'IO' when the folder cannot be made */
  static async open(path: string): Promise<JobFolder> {
    try {
      await makeFolder(path)
    } catch (error) {
      throw ioError(`cannot use the folder for journals ${path}`, error)
    }
    return new JobFolder(path)
  }

  /**
   * Takes the folder for one coordinator: a second one would take up the same jobs.
   *
   * @throws CoppiceError 'IO' that names the process that has it
   */
  lock(): Promise<FileLock> {
    return acquireLock(join(this.path, 'coordinator.lock'), `the folder of journals ${this.path}`)
  }

  /**
   * Counts a start of the coordinator: see `firstTerm`.
   *
   * @param first - in a folder that knows of no start
   * @throws CoppiceError 'IO'
   */
  async nextTerm(first: number): Promise<number> {
    const path = join(this.path, 'term')
    try {
      const last = Number(await readFile(path, 'utf8').catch(absent) ?? NaN)
      const term = Number.isSafeInteger(last) && last > 0 ? last % TERMS + 1 : first
      await writeFileAtomically(path, new TextEncoder().encode(`${term}\n`))
      return term
    } catch (error) {
      throw ioError(`cannot count the starts of this coordinator in ${path}`, error)
    }
  }

  /** All jobs that have a journal here, in the order in which they were submitted. */
  async list(): Promise<FoundJob[]> {
    const found: FoundJob[] = []
    try {
      for (const name of await readdir(this.path)) {
        if (!name.endsWith(suffix)) continue
        found.push(await this.#look(name.slice(0, -suffix.length)))
      }
    } catch (error) {
      throw ioError(`cannot list the journals in ${this.path}`, error)
    }
    const placeOf = ({ restored }: FoundJob): number => restored?.place ?? Infinity
    return found.sort((a, b) => placeOf(a) - placeOf(b) || (a.job < b.job ? -1 : 1))
  }

  /** The job's journal, or null where there is none. @throws CoppiceError 'IO' */
  async read(job: string): Promise<RestoredJob | null> {
    const path = this.#pathOf(job)
    const bytes = await readFile(path).catch(absent).catch((error: unknown) => {
      throw ioError(`cannot read the journal ${path}`, error)
    })
    if (bytes === null) return null
    const { records, damage } = readJournal(bytes, crc32)
    if (damage?.kind === 'foreign') {
      throw new CoppiceError('IO', `${path} is not a journal: ${damage.reason}`)
    }
    if (damage !== null && damage.kind !== 'torn') {
      throw new CoppiceError('IO', `the journal ${path} is damaged at byte ${damage.offset}: ` +
        `${damage.reason}; restore the file, or move it away to give the job up`)
    }
    return restoreJob(records)
  }

  /** A job ended: journals of those that ended too long ago, or before too many, are removed. */
  async ended(job: string, now: number): Promise<void> {
    this.#ended.set(job, now)
    const latest = [...this.#ended].sort((a, b) => b[1] - a[1])
    for (const [i, [old, endedAt]] of latest.entries()) {
      if (i < ENDED_MAX && now - endedAt <= ENDED_MS) continue
      this.#ended.delete(old)
      await rm(this.#pathOf(old), { force: true })
    }
  }

  async #look(job: string): Promise<FoundJob> {
    const { mtimeMs: changedAt } = await stat(this.#pathOf(job))
    try {
      const restored = await this.read(job)
      if (restored?.end != null) this.#ended.set(job, changedAt)
      return { job, changedAt, restored, problem: null }
    } catch (error) {
      return { job, changedAt, restored: null, problem: { cause: error } }
    }
  }

  #pathOf(job: string): string {
    return join(this.path, `${job}${suffix}`)
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
