import { randomUUID } from 'node:crypto'
import { memoryLimitBytes, type SourceOptions } from '@coppice/data/node'
import { type CodeModule, THREADS_MAX } from '@coppice/engine'
import { defaultThreads } from '@coppice/engine/threads'
import { CoppiceError } from '@coppice/model'
import { decodeMessage, encodeMessage } from '../protocol/codec.js'
import type { ToWorker } from '../protocol/messages.js'
import { connectLink } from '../transport/connect-link.js'
import { closeCodes, type Link, type LinkLimits } from '../transport/link.js'
import { Reconnector } from '../transport/reconnector.js'
import type { Token } from '../transport/token.js'
import type { WorkerEffect, WorkerEvent } from '../worker/events.js'
import { WorkerMachine } from '../worker/machine.js'
import { readModules } from './allowed-modules.js'
import { buildId } from './build-id.js'
import { listenToExitRequests } from './exit-requests.js'
import { HeapAllowance } from './heap-allowance.js'
import { WorkerCompute } from './worker-compute.js'
import { type WorkerExit, workerExitCodes } from './worker-exit.js'
import { WorkerFiles } from './worker-files.js'
import { checkWorkerName, defaultWorkerName } from './worker-names.js'
import { WorkerOutbox } from './worker-outbox.js'

/** What a worker is started with. */
export interface WorkerProcessOptions {
  /** ws://host:port or wss://host:port. */
  readonly coordinator: string
  /** Null for a coordinator that needs none. */
  readonly token: Token | null
  /** PEM file of the authorities to trust instead of the usual ones. */
  readonly caFile?: string | null
  /** Unique in the cluster, [A-Za-z0-9._:@-]{1,64}; default: of this machine and process. */
  readonly name?: string
  /** Threads that train (and as many that read); default `defaultThreads()`. */
  readonly threads?: number
  /** Memory that it says it has; default: what this process may use. */
  readonly memoryBytes?: number
  /**
   * Modules with objectives and metrics of users' that trainings may run here, as the files are
   * now. Others are refused.
   */
  readonly allowModules?: readonly string[] | undefined
  /** How files elsewhere are fetched, and where copies of them are kept meanwhile. */
  readonly source?: SourceOptions & { readonly tempFolder?: string | undefined }
  /** How long it looks for a coordinator before it gives up; default 10 min. */
  readonly coordinatorGraceMs?: number
  /** How long leaving in good order may take; default 30 s. */
  readonly drainMs?: number
  /** Signals at the first of which it drains, and at the second ends; SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[]
  /** End when standard input is closed. Default false. */
  readonly exitWithParent?: boolean
  /** Aborting it asks the worker to leave in good order, as SIGTERM does. */
  readonly signal?: AbortSignal
  /** Lines for people: connections, losses, why it leaves. */
  readonly onNotice?: (text: string) => void
  /**
   * Signals are heard from now on. Whoever heard them until then may stop: not before, as one that
   * is under way to the last listener is lost with it.
   */
  readonly onListening?: () => void
  /** A coordinator has let it in. */
  readonly onWelcome?: () => void
  readonly linkLimits?: Partial<LinkLimits>
}

/**
 * Runs a worker: serves a coordinator until it is told to leave, asked to, or has no hope of
 * finding one. It finds a lost coordinator again by itself and keeps what it holds meanwhile.
 *
 * The calling thread only carries messages; reading and training run on threads. When this
 * resolves, threads may still be ending: exit the process.
 *
 * Rejects with CoppiceError 'PARAMETER' or 'IO' for options that are wrong; everything later is
 * an exit.
 */
export async function runWorker(options: WorkerProcessOptions): Promise<WorkerExit> {
  const name = options.name ?? defaultWorkerName()
  checkWorkerName(name)
  const nThreads = options.threads ?? defaultThreads()
  if (!Number.isInteger(nThreads) || nThreads < 1 || nThreads > THREADS_MAX) {
    throw new CoppiceError('PARAMETER', `threads must be an integer from 1 to ${THREADS_MAX}, `
      + `got ${nThreads}`)
  }
  const { coordinator, token, caFile = null, source = {} } = options
  const files = await WorkerFiles.open({
    worker: name, coordinator, token, caFile, source, onNotice: options.onNotice,
  })
  const modules = await readModules(options.allowModules ?? [])
  return new WorkerProcess(options, { name, nThreads, files, modules }).run()
}

const defaultSignals = ['SIGTERM', 'SIGINT'] as const
const defaultGraceMs = 600_000
const defaultDrainMs = 30_000
/** Share of memory for rows as they were read, which engines have too: rebuilding is faster. */
const KEPT_SHARE = 0.125
/** Ticks of the machine's clock within a heartbeat. */
const ticksPerBeat = 5
/** How long the last words to a coordinator may take, and how long they may be. */
const farewellMs = 1000
const complaintMax = 2000

/** The shell of a WorkerMachine: sockets, threads, clock, signals. */
class WorkerProcess {
  readonly #options: WorkerProcessOptions
  readonly #name: string
  readonly #machine: WorkerMachine
  readonly #compute: WorkerCompute
  readonly #outbox = new WorkerOutbox()
  readonly #reconnector: Reconnector
  /** Ends dialling. */
  readonly #abort = new AbortController()
  #link: Link | null = null
  #heartbeatMs = 500
  #timer: NodeJS.Timeout | null = null
  #nTicks = 0
  #drainTimer: NodeJS.Timeout | null = null
  #stopListening: () => void = () => undefined
  #isOver = false
  #isDraining = false
  #lastTold = ''
  /** Events that came while one was being taken. */
  readonly #events: WorkerEvent[] = []
  readonly #heap = new HeapAllowance()
  #isStepping = false
  #resolve: (exit: WorkerExit) => void = () => undefined
  /** The last connection is closed. */
  #onClosed: () => void = () => undefined

  constructor(
    options: WorkerProcessOptions,
    { name, nThreads, files, modules }: {
      name: string, nThreads: number, files: WorkerFiles, modules: readonly CodeModule[],
    },
  ) {
    this.#options = options
    this.#name = name
    this.#machine = new WorkerMachine({
      name, nThreads, incarnation: randomUUID(), build: buildId(),
      memoryBytes: options.memoryBytes ?? memoryLimitBytes(),
    })
    this.#compute = new WorkerCompute({
      keptBytesMax: KEPT_SHARE * (options.memoryBytes ?? memoryLimitBytes()),
      nThreads, files, modules, emit: (event) => this.#step(event),
    })
    const { coordinator, token, caFile = null, linkLimits = {} } = options
    this.#reconnector = new Reconnector({
      connect: (signal) => connectLink(coordinator, {
        role: 'worker', token, caFile, linkLimits, ...(signal === undefined ? {} : { signal }),
      }),
      random: Math.random,
      graceMs: options.coordinatorGraceMs ?? defaultGraceMs,
      signal: this.#abort.signal,
      onFailure: (error) => this.#tellOnce(`${error.message}; trying again`),
    })
  }

  async run(): Promise<WorkerExit> {
    const { signals = defaultSignals, exitWithParent = false, signal } = this.#options
    const exit = new Promise<WorkerExit>((resolve) => {
      this.#resolve = resolve
    })
    this.#stopListening = listenToExitRequests({
      signals, exitWithParent, signal,
      onDrain: (why) => this.#drain(why),
      onExit: (why) => this.#finish({ exitCode: workerExitCodes.interrupted, reason: why }, false),
    })
    this.#options.onListening?.()
    void this.#dial()
    this.#tickLater()
    return exit
  }

  // ---- the link

  async #dial(): Promise<void> {
    let link: Link
    try {
      link = await this.#reconnector.next()
    } catch (error) {
      if (!this.#isOver) this.#finish(exitOf(error), false)
      return
    }
    if (this.#isOver) return link.destroy('the worker ends')
    this.#link = link
    this.#outbox.attach(link)
    link.listen({
      onPayload: (payload) => this.#hear(link, payload),
      onClose: ({ reason }) => this.#lost(link, reason),
      onDrain: () => this.#guard(() => this.#outbox.flush()),
    })
    this.#lastTold = ''
    this.#notice(`worker ${this.#name} is connected to ${this.#options.coordinator}`)
    this.#step({ kind: 'connected' })
  }

  #hear(link: Link, payload: Uint8Array): void {
    if (link !== this.#link) return
    this.#heap.keep()
    let message: ToWorker
    try {
      message = decodeMessage(payload, 'to-worker')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#notice(`what the coordinator sent cannot be understood: ${reason}`)
      this.#complain(link, `it cannot understand what the coordinator sent: ${reason}`)
      link.close(closeCodes.protocol, reason)
      return
    }
    if (message.type === 'welcome') {
      this.#heartbeatMs = message.heartbeatMs
      this.#options.onWelcome?.()
    }
    this.#step({ kind: 'message', message })
    if (message.type === 'finished') this.#compute.forget(message.job)
  }

  #lost(link: Link, reason: string): void {
    if (link !== this.#link) return
    this.#link = null
    this.#outbox.attach(null)
    if (this.#isOver) return this.#onClosed()
    this.#tellOnce(`the connection to the coordinator is lost: ${reason}; dialling again`)
    this.#step({ kind: 'disconnected', reason })
    if (this.#isDraining) this.#leaveNobody()
    else void this.#dial()
  }

  // ---- the machine

  #step(event: WorkerEvent): void {
    this.#events.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    this.#guard(() => {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        if (this.#isOver) continue
        for (const effect of this.#machine.step(next, performance.now())) this.#perform(effect)
      }
    })
    this.#isStepping = false
  }

  /** An error that nobody expected ends the worker, and says so: the coordinator too is told. */
  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const trace = error instanceof Error ? error.stack ?? message : message
      const link = this.#link
      if (link !== null) this.#complain(link, `internal error: ${message}`)
      this.#finish({ exitCode: workerExitCodes.internal, reason: `internal error: ${trace}` },
        link !== null)
    }
  }

  /** Tells the coordinator why this connection ends. */
  #complain(link: Link, reason: string): void {
    link.send(encodeMessage({ type: 'broken', reason: reason.slice(0, complaintMax) }))
  }

  #perform(effect: WorkerEffect): void {
    if (this.#isOver) return
    switch (effect.kind) {
      case 'send': return this.#outbox.send(effect.message)
      case 'reconnect':
        this.#notice(`leaving this connection: ${effect.reason}`)
        return this.#link?.destroy(effect.reason)
      case 'exit':
        return this.#finish({ exitCode: effect.code, reason: effect.reason }, true)
      case 'notice': return this.#notice(effect.text)
      default: return this.#compute.perform(effect)
    }
  }

  // ---- the clock

  #tickLater(): void {
    this.#timer = setTimeout(() => {
      // What has arrived is taken first: a process that was stopped must not think that it was
      // its coordinator that kept silent.
      setImmediate(() => {
        if (this.#isOver) return
        // a look into the system's files: not at every tick
        if (this.#nTicks++ % ticksPerBeat === 0) {
          this.#step({ kind: 'memory', rssBytes: process.memoryUsage.rss() })
        }
        this.#step({ kind: 'tick' })
        this.#tickLater()
      })
    }, this.#heartbeatMs / ticksPerBeat)
  }

  // ---- the end

  #drain(why: string): void {
    if (this.#isOver) return
    this.#isDraining = true
    const drainMs = this.#options.drainMs ?? defaultDrainMs
    this.#notice(`asked to leave (${why}): handing over, for ${drainMs / 1000} s at most`)
    this.#drainTimer = setTimeout(() => {
      this.#finish({
        exitCode: workerExitCodes.interrupted,
        reason: `it was not let go within ${drainMs / 1000} s`,
      }, false)
    }, drainMs)
    this.#step({ kind: 'drain' })
    if (this.#link === null) this.#leaveNobody()
  }

  /**
   * A coordinator that comes back misses whoever is not there, and loses but time; often enough
   * it was asked to end as well.
   */
  #leaveNobody(): void {
    const reason = 'there is no coordinator to hand over to'
    this.#finish({ exitCode: workerExitCodes.done, reason }, false)
  }

  /** @param isPolite - waits until the link is closed in order */
  #finish(exit: WorkerExit, isPolite: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#drainTimer !== null) clearTimeout(this.#drainTimer)
    this.#stopListening()
    this.#abort.abort()
    this.#notice(`worker ${this.#name} ends: ${exit.reason}`)
    const ended = this.#compute.close()
    const link = this.#link
    if (!isPolite || link === null) {
      link?.destroy(exit.reason)
      return this.#resolve(exit)
    }
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve
    })
    link.close(closeCodes.normal, exit.reason)
    const farewell = new Promise((resolve) => setTimeout(resolve, farewellMs).unref())
    void Promise.race([Promise.all([ended, closed]), farewell]).then(() => this.#resolve(exit))
  }

  #notice(text: string): void {
    this.#options.onNotice?.(text)
  }

  /** Repeats nothing: attempts fail every few seconds, for minutes. */
  #tellOnce(text: string): void {
    if (text === this.#lastTold) return
    this.#lastTold = text
    this.#notice(text)
  }
}

function exitOf(error: unknown): WorkerExit {
  const reason = error instanceof Error ? error.message : String(error)
  if (!(error instanceof CoppiceError)) return { exitCode: workerExitCodes.internal, reason }
  const exitCode = error.code === 'PARAMETER' ? workerExitCodes.usage : workerExitCodes.interrupted
  return { exitCode, reason }
}
