import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import {
  Controls, controlsVariable, nameVariable, preloadFlag,
} from './cluster-controls.js'
import { CommandProcess, type Line } from './cluster-process.js'
import { inspectable, stackOf } from './cluster-stack.js'

/** What a site needs of a faulty proxy: packages/cluster/test/support/faulty-proxy.ts. */
export interface LinkProxy {
  readonly port: number
  delay(ms: number, jitterMs?: number): void
  throttle(bytesPerSecond: number): void
  blackHole(way?: 'up' | 'down' | 'both'): void
  heal(): void
  corruptNext(way: 'up' | 'down' | 'both', skipBytes?: number, index?: number): void
  cut(index?: number): void
  reset(index?: number): void
  refuse(isRefusing?: boolean): void
  /** Connections to come go to that port. */
  redirect(targetPort: number): void
  stop(): Promise<void>
}

/** Where the processes of a site run, and how they reach each other. */
export interface Place {
  /** Address at which the coordinator listens and is reached. */
  readonly host: string
  readonly scheme: 'ws' | 'wss'
  readonly coordinatorFlags: readonly string[]
  /** Flags of all that dial, such as --ca-file. */
  readonly diallerFlags: readonly string[]
  /** Command to put before a process of this name. */
  readonly prefixOf: (name: string) => readonly string[]
}

export const loopback: Place = {
  host: '127.0.0.1', scheme: 'ws', coordinatorFlags: [], diallerFlags: [], prefixOf: () => [],
}

export interface SiteOptions {
  /** For logs, token, journal; exists. */
  readonly folder: string
  readonly nThreads?: number
  /** Workers that a training waits for. */
  readonly minWorkers: number
  /** Folder of the journal; default: one in `folder`. */
  readonly journal?: string
  readonly coordinatorFlags?: readonly string[]
  readonly workerFlags?: readonly string[]
  /** Links of this kind go through a proxy each. */
  readonly startProxy?: ((targetPort: number) => Promise<LinkProxy>) | null
  readonly place?: Place
  /** Processes are fitted with `cluster-preload.ts`. */
  readonly isFitted?: boolean
}

/**
 * A cluster of real processes: one coordinator with a journal, workers w0, w1, ..., clients. What
 * died can be started again under the same name, address and journal. `close` ends them all.
 */
export class ClusterSite {
  readonly journal: string
  /** Of what happens inside of processes, where they are fitted for it. */
  readonly controls: Controls | null
  /** All processes that were ever started. */
  readonly processes: CommandProcess[] = []
  readonly proxies = new Map<string, LinkProxy>()
  readonly #options: SiteOptions
  readonly #place: Place
  readonly #token: string
  readonly #current = new Map<string, CommandProcess>()
  /** What is put before the command of a name, besides what its place does. */
  readonly #dress = new Map<string, readonly string[]>()
  #port: number
  #isClosed = false

  static async create(options: SiteOptions): Promise<ClusterSite> {
    const { folder } = options
    const token = path.join(folder, 'token')
    await writeFile(token, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 })
    const journal = options.journal ?? path.join(folder, 'journal')
    await mkdir(journal, { recursive: true })
    const controls = options.isFitted === true ? new Controls(path.join(folder, 'controls')) : null
    if (controls !== null) await mkdir(controls.folder, { recursive: true })
    return new ClusterSite(options, { token, journal, controls, port: await findPort() })
  }

  private constructor(options: SiteOptions, { token, journal, controls, port }: {
    readonly token: string, readonly journal: string, readonly controls: Controls | null,
    readonly port: number,
  }) {
    this.#options = options
    this.#place = options.place ?? loopback
    this.#token = token
    this.journal = journal
    this.controls = controls
    this.#port = port
  }

  /** Of the coordinator. */
  get port(): number {
    return this.#port
  }

  get url(): string {
    return `${this.#place.scheme}://${this.#place.host}:${this.port}`
  }

  get tokenFile(): string {
    return this.#token
  }

  /** The process of that name that was started last, or undefined. */
  current(name: string): CommandProcess | undefined {
    return this.#current.get(name)
  }

  /** Lines of all coordinators, in order. */
  get coordinatorLines(): Line[] {
    return this.#linesOf('coordinator')
  }

  #linesOf(name: string): Line[] {
    return this.processes.filter((process) => process.name === name)
      .flatMap(({ lines }) => lines)
  }

  /** Starts the coordinator, unless it lives. Resolves when it listens. */
  async startCoordinator(): Promise<CommandProcess> {
    const coordinator = this.#start('coordinator', this.#coordinatorArgs(this.journal))
    await coordinator.waitFor(/ listening at /)
    return coordinator
  }

  #coordinatorArgs(journal: string): string[] {
    const { minWorkers, coordinatorFlags = [] } = this.#options
    return ['coordinator', '--listen', `${this.#place.host}:${this.port}`,
      '--token-file', this.#token, '--journal', journal,
      '--min-workers', `${minWorkers}`, ...this.#place.coordinatorFlags, ...coordinatorFlags]
  }

  /** Starts one more coordinator at the same address. It is nobody's: its end is told to nobody. */
  startRival(journal: string): CommandProcess {
    return this.#launch('rival', this.#coordinatorArgs(journal))
  }

  /** Starts a command that is nobody's either, such as a worker that is not to get in. */
  startStranger(args: readonly string[]): CommandProcess {
    return this.#launch('stranger', args)
  }

  /** The next coordinator listens at this port; the one that runs, if any, is left to itself. */
  moveCoordinator(port: number): void {
    this.#current.delete('coordinator')
    this.#port = port
  }

  /** Processes of that name that start from now on have this before their command. */
  dress(name: string, prefix: readonly string[]): void {
    this.#dress.set(name, prefix)
  }

  /** Starts a worker, unless one of that name lives. */
  async startWorker(name: string): Promise<CommandProcess> {
    const { nThreads = 1, workerFlags = [] } = this.#options
    return this.#start(name, ['worker', '--coordinator', await this.#urlFor(name), '--name', name,
      '--threads', `${nThreads}`, ...this.#diallerFlags, ...workerFlags])
  }

  /** Starts another process for a worker's name, whatever the first does. */
  async startTwin(name: string): Promise<CommandProcess> {
    this.#current.delete(name)
    return this.startWorker(name)
  }

  /** Starts `coppice train --cluster` with these flags. */
  async train(flags: readonly string[], name = 'client'): Promise<CommandProcess> {
    return this.#start(name, ['train', '--cluster', await this.#urlFor(name),
      ...this.#diallerFlags, '--log-format', 'json', ...flags])
  }

  /** `coppice status --json`, as a process of that name: where `prefixOf` puts it. */
  async status(name = 'status'): Promise<unknown> {
    const status = this.#start(name, ['status', '--cluster', this.url, '--json',
      ...this.#diallerFlags])
    const { code } = await status.ended
    const text = status.lines.map((line) => line.text).join('\n')
    if (code !== 0) throw new Error(`coppice status ended with ${code}:\n${text}`)
    return JSON.parse(text)
  }

  /** Where the main threads of all live processes are, in lines; for runs that hang. */
  async stacks(): Promise<string> {
    const stacks: string[] = []
    for (const process of this.processes.filter(({ end }) => end === null)) {
      process.kill('SIGCONT')
      const stack = await stackOf(process)
      stacks.push(`${process.name}: ${stack.replaceAll('\n', '\n    ')}`)
    }
    return stacks.join('\n  ')
  }

  /**
   * Ends everything: politely first, workers before their coordinator, so that what does not end
   * by itself is found.
   *
   * @returns what was wrong: processes that had to be killed, or that ended with an error
   */
  async close(patienceMs = 40_000): Promise<string[]> {
    this.#isClosed = true
    const problems: string[] = []
    const live = this.processes.filter(({ end }) => end === null)
    for (const process of live) process.kill('SIGCONT')
    for (const proxy of this.proxies.values()) proxy.heal()
    const isCoordinator = (process: CommandProcess): boolean => process.name === 'coordinator'
    for (const wave of [live.filter((one) => !isCoordinator(one)), live.filter(isCoordinator)]) {
      await Promise.all(wave.map(async (process) => {
        process.kill('SIGTERM')
        if (await within(process.ended, patienceMs)) return
        problems.push(`${process.name} (${process.pid}) did not end on SIGTERM; its stack:\n    ${
          (await stackOf(process)).replaceAll('\n', '\n    ')}`)
        await process.destroy()
      }))
    }
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.stop()))
    return [...problems, ...this.processes.flatMap(failureOf)]
  }

  /** Kills everything at once; for hooks that run when a test has failed. */
  async destroy(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.processes.map((process) => process.destroy()))
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.stop()))
  }

  get #diallerFlags(): readonly string[] {
    return ['--token-file', this.#token, ...this.#place.diallerFlags]
  }

  /** Through the proxy of that name, where there are proxies. */
  async #urlFor(name: string): Promise<string> {
    const { startProxy } = this.#options
    if (startProxy == null) return this.url
    const known = this.proxies.get(name)
    const proxy = known ?? await startProxy(this.port)
    this.proxies.set(name, proxy)
    return `ws://127.0.0.1:${proxy.port}`
  }

  #start(name: string, args: readonly string[]): CommandProcess {
    const live = this.#current.get(name)
    if (live !== undefined && live.end === null) return live
    const process = this.#launch(name, args)
    this.#current.set(name, process)
    return process
  }

  #launch(name: string, args: readonly string[]): CommandProcess {
    if (this.#isClosed) throw new Error(`${name} is not started: the site is closed`)
    const fitted: Readonly<Record<string, string>> = this.controls === null ? {} : {
      NODE_OPTIONS: `${inspectable.NODE_OPTIONS} ${preloadFlag}`,
      [controlsVariable]: this.controls.folder,
      [nameVariable]: name,
    }
    const process = CommandProcess.start(args, {
      name, logFolder: this.#options.folder,
      prefix: [...this.#place.prefixOf(name), ...(this.#dress.get(name) ?? [])],
      env: { ...inspectable, ...fitted },
    })
    this.processes.push(process)
    return process
  }
}

/** Those whose ends others look at. */
const ownEnds: ReadonlySet<string> = new Set(['client', 'rival', 'stranger'])

/** Ends that nothing in a plan of faults accounts for. */
function failureOf({ name, end, lines }: CommandProcess): string[] {
  if (end === null || end.signal !== null || end.code === 0 || ownEnds.has(name)) return []
  const last = lines.at(-1)?.text ?? ''
  const isSuperseded = end.code === 1 && last.includes('another process runs as worker')
  return isSuperseded ? [] : [`${name} ended with ${end.code}: ${last}`]
}

/** @returns whether it settled in time */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([promise.then(() => true, () => true), late])
  } finally {
    clearTimeout(timer)
  }
}

const portMin = 20_000
const portMax = 32_000

/**
 * A free port outside of the range from which outgoing connections take theirs: the coordinator
 * must get it again after each restart, and whoever dials a dead one must not meet itself.
 */
export async function findPort(): Promise<number> {
  for (;;) {
    const port = portMin + randomBytes(2).readUInt16LE() % (portMax - portMin)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (isFree) return port
  }
}
