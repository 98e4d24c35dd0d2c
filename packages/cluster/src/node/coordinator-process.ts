import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ioError, makeFolder } from '@coppice/data/node'
import { wireError } from '../protocol/wire-error.js'
import type { CoordinatorEffect } from '../coordinator/events.js'
import { CoordinatorMachine } from '../coordinator/machine.js'
import { UploadUse } from '../jobs/upload-use.js'
import { StarReducer } from '../reduce/star-reducer.js'
import {
  CoordinatorServer, readToken, type ServerEvent, Token,
} from '../transport/index.js'
import { buildId } from './build-id.js'
import { CoordinatorClients } from './coordinator-clients.js'
import {
  type CoordinatorProcessOptions, parseListen, type SettledOptions, settleOptions,
} from './coordinator-options.js'
import { CoordinatorShell } from './coordinator-shell.js'
import type { FileLock } from './file-lock.js'
import { firstTerm, JobFolder } from './job-folder.js'
import { JobQueue } from './job-queue.js'
import { clusterStatus, type ClusterStatus, type TimedNotice } from './status.js'

/** A coordinator that runs. */
export interface CoordinatorHandle {
  /** What workers and clients are given, such as ws://127.0.0.1:7077. */
  readonly url: string
  status(): ClusterStatus
  /** Stops it. Jobs that are not done go on when one starts again on the same journals. */
  close(): Promise<void>
}

const tickMs = 100
const noticesMax = 100
/** How often is looked for uploads of no more use. */
const sweepMs = 60_000

/**
 * Starts a coordinator: workers and clients may connect when this resolves, and jobs that an
 * earlier coordinator left in the journals' folder go on as soon as there are workers.
 *
 * @throws CoppiceError 'PARAMETER' or 'IO' for options that cannot be used
 */
export async function runCoordinator(
  options: CoordinatorProcessOptions = {},
): Promise<CoordinatorHandle> {
  const settled = settleOptions(options)
  const coordinator = new Coordinator(options, settled)
  await coordinator.start()
  return coordinator
}

class Coordinator implements CoordinatorHandle {
  readonly #options: CoordinatorProcessOptions
  readonly #settled: SettledOptions
  readonly #notices: TimedNotice[] = []
  #term = 0
  #url = ''
  #server!: CoordinatorServer
  #machine!: CoordinatorMachine
  #shell!: CoordinatorShell
  #queue!: JobQueue
  /** Of the journals' folder, for as long as this coordinator runs. */
  #lock: FileLock | null = null
  /** Uploads are kept here, for as long as this coordinator runs. */
  #ownSpool: string | null = null
  readonly #uploads = new UploadUse()
  #sweptAt = -Infinity
  #sweeping: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | null = null
  #closed: Promise<void> | null = null

  constructor(options: CoordinatorProcessOptions, settled: SettledOptions) {
    this.#options = options
    this.#settled = settled
  }

  get url(): string {
    return this.#url
  }

  async start(): Promise<void> {
    const { host, port } = parseListen(this.#options.listen ?? '127.0.0.1:7077')
    const token = await this.#token()
    const { journalDir, tls, internal, durability } = this.#options
    const folder = journalDir == null ? null : await JobFolder.open(journalDir)
    this.#lock = await folder?.lock() ?? null
    const first = firstTerm(Math.floor(Date.now() / 1000))
    try {
      this.#term = await folder?.nextTerm(first) ?? first
    } catch (error) {
      await this.#lock?.release()
      throw error
    }
    this.#machine = new CoordinatorMachine({
      ...this.#settled, build: buildId(), term: this.#term, vigilance: this.#settled,
      makeReducer: internal?.makeReducer ?? ((setup) => new StarReducer(setup)),
    })
    this.#queue = new JobQueue({
      folder,
      isStrict: durability === 'strict',
      disk: internal?.disk,
      uploads: this.#uploads,
      onNotice: (text) => this.#notice(text),
      wallClock: () => Date.now(),
      port: {
        step: (event) => this.#shell.step(event),
        nThreads: () => this.#machine.members.reduce((sum, member) => sum + member.nThreads, 0),
        now,
        build: buildId(),
        clientGraceMs: this.#settled.clientGraceMs,
      },
    })
    this.#shell = new CoordinatorShell({
      machine: this.#machine,
      now,
      onEffect: (effect) => this.#effect(effect),
      onBroken: (error) => this.#broken(error),
      onNotice: (text) => this.#notice(text),
    })
    const clients = new CoordinatorClients(this.#queue, (text) => this.#notice(text))
    try {
      await this.#queue.restore()
      this.#server = await CoordinatorServer.listen({
        host, port, token, tls: tls ?? null,
        spoolFolder: await this.#spoolFolder(),
        status: () => this.status(),
        onLink: (link, role) => {
          if (role === 'worker') this.#shell.accept(link)
          else clients.accept(link)
        },
        onEvent: (event) => this.#serverEvent(event),
      })
    } catch (error) {
      await this.#leave()
      throw error
    }
    this.#url = this.#server.url
    if (folder === null) {
      this.#notice('no journal is kept (--journal DIR): jobs end with this coordinator')
    }
    this.#sweepUploads()
    this.#tickLater()
  }

  status(): ClusterStatus {
    return clusterStatus({
      url: this.url, term: this.#term, build: buildId(), minWorkers: this.#settled.minWorkers,
      machine: this.#machine, traffic: this.#shell.traffic, queue: this.#queue,
      notices: this.#notices,
    }, now())
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#shell.stop()
    await this.#server.close()
    await this.#sweeping
    await this.#leave()
  }

  async #leave(): Promise<void> {
    this.#shell.stop()
    await this.#queue.close()
    await this.#lock?.release()
    if (this.#ownSpool !== null) await rm(this.#ownSpool, { recursive: true, force: true })
  }

  async #token(): Promise<Token | null> {
    const { token = null, tokenFile = null } = this.#options
    if (token !== null) return new Token(token, 'the option "token"')
    if (tokenFile === null) return null
    return readToken(tokenFile, (message) => this.#notice(message))
  }

  async #spoolFolder(): Promise<string> {
    const { spoolDir, journalDir } = this.#options
    const folder = spoolDir ?? (journalDir == null ? null : join(journalDir, 'uploads'))
    if (folder !== null) {
      try {
        await makeFolder(folder)
      } catch (error) {
        throw ioError(`cannot use the folder for uploads ${folder}`, error)
      }
      return folder
    }
    this.#ownSpool = await mkdtemp(join(tmpdir(), 'coppice-uploads-'))
    return this.#ownSpool
  }

  #effect(effect: CoordinatorEffect): void {
    if (effect.kind === 'notice') this.#notice(effect.text)
    if (effect.kind === 'announce') this.#shell.traffic.nTrees += effect.request.record.trees.length
    this.#queue.effect(effect)
  }

  /** What was not foreseen ends the job, not the coordinator. */
  #broken(error: unknown): void {
    const { current } = this.#queue
    if (current === null) this.#notice(`internal error: ${wireError(error).message}`)
    current?.fail(wireError(error))
  }

  #serverEvent(event: ServerEvent): void {
    switch (event.kind) {
      case 'warning': return this.#notice(event.message)
      case 'wanted': return this.#uploads.brought(event.sha256, Date.now())
      case 'uploaded':
        return this.#notice(`${event.byteLength} bytes were uploaded as ${event.sha256}`)
      case 'refused': {
        const { address, status, reason, nThisMinute } = event
        const times = nThisMinute > 1 ? ` (${nThisMinute} times within a minute)` : ''
        const answered = status === 0 ? '' : `${status} `
        return this.#notice(`refused ${address}: ${answered}${reason}${times}`)
      }
    }
  }

  #notice(text: string): void {
    this.#notices.push({ time: new Date().toISOString(), text })
    if (this.#notices.length > noticesMax) this.#notices.shift()
    this.#options.onNotice?.(text)
  }

  #tickLater(): void {
    this.#timer = setTimeout(() => {
      // What has arrived is taken first: if this process was stopped for a while, it was not its
      // workers that kept silent.
      setImmediate(() => {
        if (this.#timer === null) return
        this.#shell.step({ kind: 'tick' })
        this.#tellBinned()
        this.#queue.tick()
        if (now() - this.#sweptAt >= sweepMs) this.#sweepUploads()
        this.#tickLater()
      })
    }, tickMs)
  }

  /** Removes uploads that no job needs any more. */
  #sweepUploads(): void {
    this.#sweptAt = now()
    const uploads = this.#uploads
    this.#sweeping = this.#server.sweepUploads((sha256, changedAt) => {
      const isUnused = uploads.isUnused(sha256, changedAt, Date.now())
      // at once: whoever brings it while it is removed counts on it
      if (isUnused) uploads.removed(sha256)
      return isUnused
    }).then((removed) => {
      if (removed.length > 0) this.#notice(`${removed.length} uploads were of no more use`)
    }).catch((error: unknown) => {
      this.#notice(`uploads cannot be removed: ${wireError(error).message}`)
    })
  }

  #tellBinned(): void {
    const { training } = this.#machine
    if (training === null || training.driver !== null) return
    const { current } = this.#queue
    if (current?.kind !== 'training') return
    current.tellBinned((partition) => training.board.info(partition) !== null)
  }
}

function now(): number {
  return performance.now()
}
