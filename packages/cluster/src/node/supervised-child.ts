import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CoppiceError } from '@coppice/model'
import type { ChildReport } from './child-options.js'

/** How a child is started, and again. */
export interface SupervisedOptions {
  /** For messages, such as "worker local-1". */
  readonly name: string
  /** The module that it runs. */
  readonly main: URL
  /** What it is started with: plain data. Asked for at every start. */
  readonly options: () => unknown
  /** The report that says it is up. */
  readonly readyAt: ChildReport['kind']
  /** How often it is started again when it dies. */
  readonly restartsMax: number
  /** Exit codes after which starting it again is of no use, or not wanted. */
  readonly finalCodes: readonly number[]
  readonly onReport: (report: ChildReport) => void
  readonly onNotice: (text: string) => void
}

/** So much of what a child printed is kept, to say why it ended. */
const stderrMax = 4000
/** Wait before the first restart; the second waits twice as long, and so on. */
const restartMs = 100
/** Who does not end by itself within so long is killed. */
const patienceMs = 5000

/**
 * A process that is started again when it dies, a limited number of times. It ends when this
 * process does, however this one ends: its standard input is a pipe that nobody else holds.
 */
export class SupervisedChild {
  readonly #options: SupervisedOptions
  #child: ChildProcess | null = null
  #stderr = ''
  #nRestarts = 0
  #isStopping = false
  #restartTimer: NodeJS.Timeout | null = null
  #onReady: () => void = () => undefined
  #onNotReady: (error: Error) => void = () => undefined
  #onGone: () => void = () => undefined

  constructor(options: SupervisedOptions) {
    this.#options = options
  }

  /** Of the process that runs now, or null. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Times that it was started again. */
  get nRestarts(): number {
    return this.#nRestarts
  }

  /** Starts it. Rejects with CoppiceError 'IO' if it ends for good before it is up. */
  async start(): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      this.#onReady = resolve
      this.#onNotReady = reject
    })
    this.#spawn()
    return ready
  }

  /** Lets this process end while the child runs; the child ends then too. */
  unref(): void {
    const child = this.#child
    if (child === null) return
    child.unref()
    for (const stream of child.stdio) {
      // pipes to children are sockets
      if (stream != null && 'unref' in stream) (stream as { unref(): void }).unref()
    }
  }

  /** Ends it, in order if it can. */
  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer)
    const child = this.#child
    if (child === null) return
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve
    })
    child.ref()
    child.stdin!.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    await gone
    clearTimeout(timer)
  }

  #spawn(): void {
    const { main, options } = this.#options
    const child = spawn(process.execPath, [fileURLToPath(main)],
      { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    const isRestart = this.#nRestarts > 0
    this.#child = child
    this.#stderr = ''
    child.on('error', (error) => this.#ended(child, null, error.message))
    child.on('close', (code, signal) => this.#ended(child, code, signal ?? `exit code ${code}`))
    // what it misses by dying early is told by its end
    child.stdin.on('error', () => undefined)
    child.stdin.write(`${JSON.stringify(options())}\n`)
    readLines(child.stdout, (line) => this.#report(line))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrMax)
    })
    if (isRestart) this.unref()
  }

  #report(line: string): void {
    let report: ChildReport
    try {
      report = JSON.parse(line) as ChildReport
    } catch {
      // not ours: something in the process printed a line
      return this.#options.onNotice(`${this.#options.name}: ${line}`)
    }
    if (report.kind === this.#options.readyAt) this.#onReady()
    this.#options.onReport(report)
  }

  #ended(child: ChildProcess, code: number | null, how: string): void {
    if (this.#child !== child) return
    this.#child = null
    if (this.#isStopping) return this.#onGone()
    const { name, restartsMax, finalCodes, onNotice } = this.#options
    const said = this.#stderr.trim()
    const why = `${name} ended (${how})${said === '' ? '' : `: ${said}`}`
    const isFinal = code !== null && finalCodes.includes(code)
    if (isFinal || this.#nRestarts >= restartsMax) {
      this.#onNotReady(new CoppiceError('IO', why))
      return onNotice(isFinal ? why
        : `${why}; it was started again ${restartsMax} times and will not be any more`)
    }
    this.#nRestarts++
    const waitMs = restartMs * this.#nRestarts
    onNotice(`${why}; starting it again`)
    this.#restartTimer = setTimeout(() => this.#spawn(), waitMs)
  }
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  })
}
