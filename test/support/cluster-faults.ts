import { setMaxListeners } from 'node:events'
import { appendFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { changeCopy, changeFiles } from './cluster-data-faults.js'
import { describeFault, type Fault } from './cluster-fault-plan.js'
import { BrokenPromise, type Hands } from './cluster-hands.js'
import { alwaysDieLoading, dieLoading, jumpClocks } from './cluster-inside-faults.js'
import { damageJournal } from './cluster-journal-faults.js'
import type { CommandProcess } from './cluster-process.js'
import { bringBackOld, startSecond } from './cluster-rival-faults.js'
import type { ClusterSite, LinkProxy } from './cluster-site.js'
import { sendStrangers, type StrangersKit } from './cluster-strangers.js'

/** A fault that took place. */
export interface Inflicted {
  readonly fault: Fault
  /** Milliseconds of `performance.now()`. */
  readonly at: number
  /** When it was mended; null where the run ended before. */
  endedAt: number | null
  /** How long what its row of the matrix is about took (ms): a refusal, a start; or null. */
  tookMs: number | null
}

export interface FaultMakerOptions {
  readonly site: ClusterSite
  readonly client: CommandProcess
  /** Names of those that the site began with. */
  readonly workers: readonly string[]
  /** The folder of the rows. */
  readonly data: string
  /** Makes strangers; null where no plan has any. */
  readonly strangers: StrangersKit | null
  readonly onNote: (text: string) => void
}

/**
 * Does to a site what a plan says, and mends what was broken: every process that dies is started
 * again. Faults may overlap; each keeps to its own process, pause and link.
 */
export class FaultMaker {
  readonly inflicted: Inflicted[] = []
  readonly #site: ClusterSite
  readonly #client: CommandProcess
  readonly #workers: readonly string[]
  readonly #strangers: StrangersKit | null
  readonly #hands: Hands
  readonly #abort = new AbortController()
  readonly #tell: (text: string) => void
  #coordinatorIsFree: Promise<unknown> = Promise.resolve()
  #nJoined = 0

  constructor({ site, client, workers, data, strangers, onNote }: FaultMakerOptions) {
    this.#site = site
    this.#client = client
    this.#workers = workers
    this.#strangers = strangers
    this.#tell = onNote
    const { signal } = this.#abort
    this.#hands = {
      site, client, workers, data, signal,
      sleep: (ms) => this.#sleep(ms),
      kill: (names, downMs, meanwhile) => this.#killed(names, downMs, meanwhile),
      revive: (name) => this.#revive(name),
      withCoordinator: (work) => this.#withCoordinator(work),
    }
    // every fault that waits is one
    setMaxListeners(0, signal)
  }

  /** Inflicts all faults in their time. Resolves when all are mended, or after `stop`. */
  async run(faults: readonly Fault[]): Promise<void> {
    await Promise.all(faults.map(async (fault) => {
      try {
        await this.#whenDue(fault)
        const inflicted: Inflicted =
          { fault, at: performance.now(), endedAt: null, tookMs: null }
        this.inflicted.push(inflicted)
        this.#tell(`fault: ${describeFault(fault)}`)
        inflicted.tookMs = await this.#inflict(fault) ?? null
        inflicted.endedAt = performance.now()
        this.#tell(`mended: ${fault.kind}`)
      } catch (error) {
        if (error instanceof BrokenPromise || !this.#abort.signal.aborted) throw error
      }
    }))
  }

  /** Inflicts nothing more. What is paused is the site's to end. */
  stop(): void {
    this.#abort.abort()
  }

  async #whenDue({ nCommitted, delayMs }: Fault): Promise<void> {
    if (nCommitted > 0) await this.#told(nCommitted, isCommit)
    else if (nCommitted === 0) await this.#told(1, isEvent)
    await this.#sleep(delayMs)
  }

  /** Resolves when the client wrote so many lines of a kind. */
  async #told(n: number, isKind: (text: string) => boolean): Promise<void> {
    let left = n - this.#client.lines.filter(({ text }) => isKind(text)).length
    if (left <= 0) return
    await new Promise<void>((resolve, reject) => {
      const stop = this.#client.onLine(({ text }) => {
        if (!isKind(text) || --left > 0) return
        stop()
        resolve()
      })
      this.#abort.signal.addEventListener('abort', () => {
        stop()
        reject(new Error('stopped'))
      }, { once: true })
    })
  }

  /** @returns how long took what its row is about, where that is measured */
  async #inflict(fault: Fault): Promise<number | void> {
    const worker = this.#workers[fault.worker]!
    const { lastsMs } = fault
    switch (fault.kind) {
      case 'kill-worker': return this.#killed([worker], lastsMs)
      case 'kill-workers-in-turn':
        for (const name of this.#workers) await this.#killed([name], lastsMs)
        return
      case 'kill-all-but-one':
        return this.#killed(this.#workers.filter((name) =>
          name !== worker || this.#workers.length === 1), lastsMs)
      case 'kill-coordinator': return this.#killed(['coordinator'], lastsMs)
      case 'lose-journal':
        return this.#killed(['coordinator'], lastsMs, () => this.#emptyJournal())
      case 'kill-all': return this.#killed(['coordinator', ...this.#workers], lastsMs)
      case 'stop-worker': return this.#paused(worker, lastsMs)
      case 'stop-coordinator': return this.#paused('coordinator', lastsMs)
      case 'slow-worker': return this.#slowed(worker, lastsMs)
      case 'drain': return this.#drained(worker, lastsMs)
      case 'join':
        await this.#site.startWorker(`w${this.#workers.length + this.#nJoined++}`)
        return
      case 'same-name':
        await this.#site.startTwin(worker)
        return
      case 'disk-full': return this.#filled(lastsMs)
      case 'change-file': return changeFiles(this.#hands, fault)
      case 'change-copy': return changeCopy(this.#hands, fault)
      case 'tear-journal':
      case 'truncate-journal':
      case 'flip-journal': return damageJournal(this.#hands, fault)
      case 'die-loading': return dieLoading(this.#hands, fault)
      case 'always-die-loading': return alwaysDieLoading(this.#hands, fault)
      case 'second-coordinator': return startSecond(this.#hands)
      case 'old-coordinator': return bringBackOld(this.#hands, fault)
      case 'strangers': return sendStrangers(this.#hands, fault, this.#strangers)
      case 'clock-jump': return jumpClocks(this.#hands, fault)
      default: return this.#onLinks(fault, worker)
    }
  }

  async #onLinks({ kind, lastsMs, way }: Fault, worker: string): Promise<void> {
    const proxy = this.#site.proxies.get(worker)
    const all = [...this.#site.proxies.values()]
    if (proxy === undefined) throw new Error(`${kind} needs links through proxies`)
    switch (kind) {
      case 'black-hole':
      case 'black-hole-one-way': return this.#onLink(proxy, lastsMs, () => proxy.blackHole(way))
      case 'delay': return this.#onLink(proxy, lastsMs, () => proxy.delay(200, 50))
      case 'throttle': return this.#onLink(proxy, lastsMs, () => proxy.throttle(200_000))
      case 'corrupt': return proxy.corruptNext('both')
      case 'cut-client': return this.#site.proxies.get('client')?.reset()
      case 'cut-all':
        for (const one of all) {
          one.refuse()
          one.reset()
        }
        await this.#sleep(lastsMs)
        for (const one of all) one.heal()
        return
      case 'reset-links':
        for (const end = performance.now() + lastsMs; performance.now() < end;) {
          for (const one of all) one.reset()
          await this.#sleep(1000)
        }
        return
      default: throw new Error(`${kind} is not a fault of links`)
    }
  }

  async #onLink(proxy: LinkProxy, lastsMs: number, spoil: () => void): Promise<void> {
    spoil()
    await this.#sleep(lastsMs)
    proxy.heal()
  }

  /** kill -9, and started again later. */
  async #killed(
    names: readonly string[], downMs: number, meanwhile: () => Promise<void> = async () => {},
  ): Promise<void> {
    const work = async (): Promise<void> => {
      await Promise.all(names.map(async (name) => this.#site.current(name)?.destroy()))
      await meanwhile()
      await this.#sleep(downMs)
      await Promise.all(names.map((name) => this.#revive(name)))
    }
    await (names.includes('coordinator') ? this.#withCoordinator(work) : work())
  }

  /** One after the other, whatever becomes of each. */
  #withCoordinator<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#coordinatorIsFree.then(() => {
      this.#abort.signal.throwIfAborted()
      return work()
    })
    this.#coordinatorIsFree = done.catch(() => undefined)
    return done
  }

  async #revive(name: string): Promise<void> {
    if (this.#abort.signal.aborted) return
    // Another fault may have killed it again while it started; then that one starts it.
    if (name === 'coordinator') await this.#site.startCoordinator().catch(this.#ifDead(name))
    else await this.#site.startWorker(name)
  }

  #ifDead(name: string): (error: unknown) => void {
    return (error) => {
      if (this.#site.current(name)?.end?.signal !== 'SIGKILL') throw error
    }
  }

  async #paused(name: string, ms: number): Promise<void> {
    const process = this.#site.current(name)
    process?.kill('SIGSTOP')
    try {
      await this.#sleep(ms)
    } finally {
      process?.kill('SIGCONT')
    }
  }

  /** Runs a tenth of the time. */
  async #slowed(name: string, ms: number): Promise<void> {
    const process = this.#site.current(name)
    try {
      for (const end = performance.now() + ms; performance.now() < end;) {
        process?.kill('SIGSTOP')
        await this.#sleep(90)
        process?.kill('SIGCONT')
        await this.#sleep(10)
      }
    } finally {
      process?.kill('SIGCONT')
    }
  }

  async #drained(name: string, downMs: number): Promise<void> {
    const process = this.#site.current(name)
    process?.kill('SIGTERM')
    await process?.ended
    await this.#sleep(downMs)
    await this.#revive(name)
  }

  async #emptyJournal(): Promise<void> {
    await rm(this.#site.journal, { recursive: true, force: true })
  }

  /** Fills the file system of the journal, which is to be a small one. */
  async #filled(ms: number): Promise<void> {
    const ballast = path.join(this.#site.journal, '..', 'ballast')
    try {
      await fillDisk(ballast)
      await this.#sleep(ms)
    } finally {
      await rm(ballast, { force: true })
    }
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#abort.signal })
  }
}

function isEvent(text: string): boolean {
  return text.startsWith('{"event":')
}

function isCommit(text: string): boolean {
  return text.startsWith('{"event":"iteration"')
}

/** Writes until nothing more fits. */
async function fillDisk(file: string): Promise<void> {
  for (let size = 1 << 16; size >= 1;) {
    try {
      await appendFile(file, new Uint8Array(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      size >>>= 1
    }
  }
}
