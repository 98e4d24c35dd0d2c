import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { ioError } from '@coppice/data/node'
import { CoppiceError } from '@coppice/model'

/** Who holds a lock: what its file says. */
interface Holder {
  readonly pid: number
  readonly host: string
  /** When the process started, where the system tells: process ids are used again. */
  readonly started: string | null
  readonly token: string
}

export interface FileLock {
  /** Removes the lock file, if it is still this lock's. */
  release(): Promise<void>
}

/** Tokens of the locks that this process holds. */
const held = new Set<string>()

/**
 * Takes a lock that is a file, so that processes on all machines that see the folder respect it.
 * A lock whose process is gone from this machine is taken over; of a process on another machine
 * nothing can be known.
 *
 * @param what - what the lock is for, such as 'the journal of job "a"'
 * @throws CoppiceError 'IO' that names the holder and the way out
 */
export async function acquireLock(path: string, what: string): Promise<FileLock> {
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    token: randomBytes(8).toString('hex'),
  }
  try {
    // A lock that is found stale is removed and tried again; others may do the same.
    for (let attempt = 0; attempt < 10; attempt++) {
      if (await createLock(path, holder)) {
        held.add(holder.token)
        return { release: () => releaseLock(path, holder.token) }
      }
      const found = await readFile(path, 'utf8').catch(absent)
      if (found === null) continue
      const other = parseHolder(found)
      if (other === null || !await isGone(other)) throw inUse(path, what, other)
      await removeStale(path, found, other.token)
    }
  } catch (error) {
    throw ioError(`cannot lock ${what} with ${path}`, error)
  }
  throw inUse(path, what, null)
}

function inUse(path: string, what: string, other: Holder | null): CoppiceError {
  const by = other === null ? 'a process that cannot be told'
    : `process ${other.pid} on host ${other.host}`
  return new CoppiceError('IO', `${what} is in use by ${by}; stop that coordinator first, or ` +
    `remove ${path} if it no longer runs`)
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

/** Makes the file, whole at once; false if there is one. */
async function createLock(path: string, holder: Holder): Promise<boolean> {
  const text = `${JSON.stringify(holder)}\n`
  const temporary = `${path}.${holder.token}`
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await link(temporary, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    return createWithoutLinks(path, text)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** For file systems without hard links. */
async function createWithoutLinks(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const { pid, host, started, token } = JSON.parse(text) as Partial<Holder>
    if (!Number.isSafeInteger(pid) || pid! <= 0) return null
    if (typeof host !== 'string' || typeof token !== 'string') return null
    return { pid: pid!, host, started: typeof started === 'string' ? started : null, token }
  } catch {
    return null
  }
}

/** True when the holder certainly does not run any more. */
async function isGone(other: Holder): Promise<boolean> {
  if (other.host !== hostname()) return false
  if (held.has(other.token)) return false
  // A container that is started again has the same host name and often the same process ids.
  const now = await startOf(other.pid)
  if (now !== null && other.started !== null) return now !== other.started
  if (other.pid === process.pid) return true
  try {
    process.kill(other.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** When a process started, as a text to be compared; null where the system does not tell. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold anything; the start is the 20th field after it.
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return start === undefined ? null : `${boot.trim()} ${start}`
  } catch {
    return null
  }
}

/**
 * Removes the lock that was read; one that has taken its place meanwhile is put back. Between the
 * two somebody else may take the lock: too short to wait for, and the journal notices.
 */
async function removeStale(path: string, found: string, token: string): Promise<void> {
  const aside = `${path}.stale-${token}-${randomBytes(4).toString('hex')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = await readFile(aside, 'utf8')
  if (moved !== found) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

async function releaseLock(path: string, token: string): Promise<void> {
  if (!held.delete(token)) return
  const found = await readFile(path, 'utf8').catch(() => '')
  if (parseHolder(found)?.token === token) await rm(path, { force: true })
}
