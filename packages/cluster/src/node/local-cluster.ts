import { randomBytes } from 'node:crypto'
import { memoryLimitBytes } from '@coppice/data/node'
import { THREADS_MAX } from '@coppice/engine'
import { defaultThreads } from '@coppice/engine/threads'
import { CoppiceError } from '@coppice/model'
import type { Vigilance } from '../coordinator/vigilance.js'
import { LOCAL_WORKERS_MAX } from '../protocol/limits.js'
import { settleOptions } from './coordinator-options.js'
import type { LocalCoordinatorOptions } from './local-coordinator-main.js'
import type { LocalWorkerOptions } from './local-worker-main.js'
import { SupervisedChild } from './supervised-child.js'
import { workerExitCodes } from './worker-exit.js'

/** A cluster on this machine. */
export interface LocalClusterOptions {
  /** Processes of workers, 1 to 1024. */
  readonly workers: number
  /** Threads that train, of each, 1 to 1024; default: the cores, shared by the workers. */
  readonly threadsPerWorker?: number
  /** Modules with objectives and metrics of users' that trainings may run. */
  readonly allowModules?: readonly string[]
  /** Where jobs are journaled; null (the default): nowhere, they end with the coordinator. */
  readonly journalDir?: string | null
  /** How often each process is started again when it dies; default 3. */
  readonly restartsMax?: number
  /** How long starting may take; default 60 s. */
  readonly startMs?: number
  /** Times of the protocol, see CoordinatorMachine; the defaults are for one machine. */
  readonly times?: Partial<LocalTimes>
  /** How closely workers are watched; what is left out is as by default. */
  readonly vigilance?: { readonly [K in keyof Vigilance]?: Vigilance[K] | undefined }
  /** Lines for people: who came, who was lost, what was started again. */
  readonly onNotice?: (text: string) => void
}

/** Milliseconds. */
export interface LocalTimes {
  readonly heartbeatMs: number
  readonly leaseMs: number
  readonly graceMs: number
  readonly stallMs: number
}

/**
 * A killed process is known by its closed connection. Leases are for those that hang, and long:
 * on one machine the processes compete for cores.
 */
const defaultTimes: LocalTimes =
  { heartbeatMs: 500, leaseMs: 10_000, graceMs: 300, stallMs: 60_000 }

/** How long a coordinator that was started again waits for one more worker to come back. */
const lastCallMs = 2000

/** A coordinator that was started again is there within seconds, or not at all. */
const coordinatorGraceMs = 60_000

/**
 * A coordinator and workers in processes of their own on this machine, as a real cluster has
 * them: what trains here trains there. They listen on loopback only, know each other by a random
 * token, are started again when they die, and end with this process, however it ends.
 *
 * It is there when all workers are. From then on work is done by those that are left: what a
 * worker held that died goes to the others at once, and who is started again gets its share.
 */
export class LocalCluster {
  /** Of the secret that clients show. */
  readonly token: string
  readonly #options: LocalClusterOptions & { readonly threadsPerWorker: number }
  readonly #coordinator: SupervisedChild
  readonly #workers: readonly SupervisedChild[]
  #url = ''
  #isStopped = false

  /**
   * Starts one and waits until all workers are in.
   *
   * Rejects with CoppiceError 'PARAMETER' for numbers that are none, 'IO' when a process cannot
   * be started.
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    requireCount('workers', options.workers, LOCAL_WORKERS_MAX)
    const { threadsPerWorker = Math.max(1, Math.floor(defaultThreads() / options.workers)) }
      = options
    requireCount('threadsPerWorker', threadsPerWorker, THREADS_MAX)
    // before any process is there: their complaints are harder to read
    settleOptions({ ...defaultTimes, ...options.times, ...options.vigilance })
    const cluster = new LocalCluster({ ...options, threadsPerWorker })
    try {
      await cluster.#start()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  private constructor(options: LocalClusterOptions & { readonly threadsPerWorker: number }) {
    this.#options = options
    this.token = randomBytes(24).toString('hex')
    const { restartsMax = 3, onNotice = () => undefined } = options
    const common = { restartsMax, onNotice }
    this.#coordinator = new SupervisedChild({
      ...common,
      name: 'the local coordinator',
      main: new URL('./local-coordinator-main.js', import.meta.url),
      readyAt: 'listening',
      finalCodes: [workerExitCodes.done, workerExitCodes.usage],
      options: () => this.#coordinatorOptions(),
      onReport: (report) => {
        if (report.kind === 'listening') this.#url = report.url
        else if (report.kind === 'notice') onNotice(report.text)
      },
    })
    const { done, rejected, usage } = workerExitCodes
    this.#workers = Array.from({ length: options.workers }, (_, w) => new SupervisedChild({
      ...common,
      name: `worker local-${w}`,
      main: new URL('./local-worker-main.js', import.meta.url),
      readyAt: 'welcome',
      finalCodes: [done, rejected, usage],
      options: () => this.#workerOptions(w),
      // the coordinator tells of its workers: once is enough
      onReport: () => undefined,
    }))
  }

  /** Where clients connect: ws://127.0.0.1:port. */
  get url(): string {
    return this.#url
  }

  /** Of the coordinator's process; null while it is down. */
  get coordinatorPid(): number | null {
    return this.#coordinator.pid
  }

  /** Of the workers' processes; those that are down are left out. */
  get workerPids(): number[] {
    return this.#workers.flatMap(({ pid }) => (pid === null ? [] : [pid]))
  }

  /** Times that processes were started again. */
  get nRestarts(): number {
    return [this.#coordinator, ...this.#workers].reduce((sum, child) => sum + child.nRestarts, 0)
  }

  /** Ends all processes. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    await Promise.all([...this.#workers, this.#coordinator].map((child) => child.stop()))
  }

  async #start(): Promise<void> {
    const { startMs = 60_000 } = this.#options
    let timer: NodeJS.Timeout | null = null
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new CoppiceError('IO', 'the processes of the local cluster were not up within '
          + `${startMs / 1000} s; is the machine out of memory, or very busy?`))
      }, startMs)
    })
    try {
      await Promise.race([late, this.#startAll()])
    } finally {
      clearTimeout(timer!)
    }
    for (const child of [this.#coordinator, ...this.#workers]) child.unref()
  }

  async #startAll(): Promise<void> {
    await this.#coordinator.start()
    await Promise.all(this.#workers.map((worker) => worker.start()))
  }

  #coordinatorOptions(): LocalCoordinatorOptions {
    const { journalDir = null, times = {}, vigilance = {} } = this.#options
    const isFirst = this.#url === ''
    // a second start listens where workers and clients look for it
    const port = isFirst ? '0' : new URL(this.#url).port
    return {
      ...defaultTimes, ...times, ...vigilance, token: this.token, listen: `127.0.0.1:${port}`,
      journalDir,
      // nobody knows of this cluster before all workers are in; one that is lost later is not
      // waited for, in this training or the next: it may not come back
      lastCallMs: isFirst ? 0 : lastCallMs,
    }
  }

  #workerOptions(w: number): LocalWorkerOptions {
    return {
      coordinator: this.#url, token: this.token, name: `local-${w}`,
      threads: this.#options.threadsPerWorker, coordinatorGraceMs, drainMs: 30_000,
      allowModules: this.#options.allowModules ?? [],
      memoryBytes: Math.floor(memoryLimitBytes() / this.#options.workers),
    }
  }
}

function requireCount(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return
  throw new CoppiceError('PARAMETER', `${name} of a local cluster must be an integer from 1 to `
    + `${max}, got ${value}`)
}
