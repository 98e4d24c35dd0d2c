import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './repository.js'

/** A line that a process wrote. */
export interface Line {
  /** Milliseconds of `performance.now()` when it came. */
  readonly at: number
  readonly text: string
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface CommandOptions {
  /** For messages and the name of the log. */
  readonly name: string
  /** Folder for its log, which gets every line with its time. */
  readonly logFolder: string
  /** Command and arguments to put before node, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** The `coppice` command of this repository. */
export const coppiceBin = path.join(root, 'packages/coppice/bin/coppice.mjs')

/** Live ones: whatever ends this process ends them. */
const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** A running `coppice` command, its lines and its end. Nobody else's processes are touched. */
export class CommandProcess {
  readonly name: string
  readonly pid: number
  readonly lines: Line[] = []
  /** Resolves when it is gone and all of its lines are read. */
  readonly ended: Promise<ProcessEnd>
  /** Null as long as it lives. */
  end: ProcessEnd | null = null
  readonly #child: ChildProcess
  readonly #log: string
  #listeners: ((line: Line) => void)[] = []

  static start(args: readonly string[], options: CommandOptions): CommandProcess {
    return new CommandProcess(args, options)
  }

  private constructor(args: readonly string[], options: CommandOptions) {
    const { name, logFolder, prefix = [], env = {} } = options
    this.name = name
    this.#log = path.join(logFolder, `${name}.log`)
    const [command, ...rest] = [...prefix, process.execPath, coppiceBin, ...args]
    appendFileSync(this.#log, `$ coppice ${args.join(' ')}\n`)
    this.#child = spawn(command!, rest, {
      // Standard input stays open: some commands end with it.
      stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env },
    })
    this.#child.stdin!.on('error', () => undefined)
    this.pid = this.#child.pid ?? 0
    children.add(this.#child)
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) this.#read(stream)
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => {
        this.end = { code, signal }
        children.delete(this.#child)
        this.#write(`ended with ${signal ?? code}`)
        for (const tell of [...this.#listeners]) tell({ at: performance.now(), text: '' })
        resolve(this.end)
      })
    })
    this.ended.catch(() => undefined)
  }

  /** Calls `listener` for every line to come. @returns ends that */
  onLine(listener: (line: Line) => void): () => void {
    this.#listeners.push(listener)
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener)
    }
  }

  /**
   * The first line, old or new, that matches. Rejects when the process ends without one, or after
   * `patienceMs`, with the last lines of it.
   */
  async waitFor(pattern: RegExp, patienceMs = 60_000): Promise<Line> {
    const old = this.lines.find(({ text }) => pattern.test(text))
    if (old !== undefined) return old
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        stop()
      }
      const refuse = (why: string): void => {
        settle()
        reject(new Error(`${this.name} ${why} without a line ${pattern}; last lines:\n${
          this.tail()}`))
      }
      const timer = setTimeout(() => refuse(`went on for ${patienceMs / 1000} s`), patienceMs)
      const stop = this.onLine((line) => {
        if (pattern.test(line.text)) {
          settle()
          resolve(line)
        } else if (this.end !== null) {
          refuse(`ended with ${this.end.signal ?? this.end.code}`)
        }
      })
      if (this.end !== null) refuse(`ended with ${this.end.signal ?? this.end.code}`)
    })
  }

  /** Sends a signal; nothing happens where it has ended already. */
  kill(signal: NodeJS.Signals): void {
    if (this.end !== null) return
    this.#write(`<- ${signal}`)
    this.#child.kill(signal)
  }

  /** Ends it at once and waits for that. A process that is stopped can be killed as well. */
  async destroy(): Promise<void> {
    this.kill('SIGKILL')
    await this.ended.catch(() => undefined)
  }

  /** The last lines. */
  tail(n = 12): string {
    return this.lines.slice(-n).map(({ text }) => `  ${text}`).join('\n')
  }

  #read(stream: NodeJS.ReadableStream): void {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      const pieces = (rest + chunk).split('\n')
      rest = pieces.pop()!
      for (const text of pieces) this.#take(text)
    })
    stream.on('end', () => {
      if (rest !== '') this.#take(rest)
    })
  }

  #take(text: string): void {
    const line = { at: performance.now(), text }
    this.lines.push(line)
    this.#write(text)
    for (const tell of [...this.#listeners]) tell(line)
  }

  #write(text: string): void {
    appendFileSync(this.#log, `${(performance.now() / 1000).toFixed(3)} ${text}\n`)
  }
}
