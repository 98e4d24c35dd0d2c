import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LocalWorkerOptions } from '../../../src/node/local-worker-main.js'

const main = fileURLToPath(
  new URL('../../../src/node/local-worker-main.js', import.meta.url))

/** A worker in a process of its own. */
export interface WorkerChild {
  readonly name: string
  readonly pid: number
  readonly process: ChildProcess
  /** Lines it told. */
  readonly lines: string[]
  readonly exit: Promise<{ code: number | null, signal: NodeJS.Signals | null, stderr: string }>
}

/** Starts workers and sees to it that none survives a test. */
export class WorkerChildren {
  readonly #children: WorkerChild[] = []

  /** Those that were started. */
  get size(): number {
    return this.#children.length
  }

  start(
    options: Partial<LocalWorkerOptions> & { coordinator: string, token: string },
  ): WorkerChild {
    const name = options.name ?? `w${this.#children.length}`
    const child = spawn(process.execPath, [main], { stdio: ['pipe', 'pipe', 'pipe'] })
    const full: LocalWorkerOptions =
      { threads: 1, coordinatorGraceMs: 10_000, drainMs: 10_000, ...options, name }
    child.stdin.on('error', () => undefined)
    child.stdin.write(`${JSON.stringify(full)}\n`)
    const lines: string[] = []
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop()!
      lines.push(...parts)
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const exit = once(child, 'close').then(([code, signal]: unknown[]) => ({
      code: code as number | null, signal: signal as NodeJS.Signals | null, stderr,
    }))
    const started: WorkerChild = { name, pid: child.pid!, process: child, lines, exit }
    this.#children.push(started)
    return started
  }

  async stop(): Promise<void> {
    for (const { process: child } of this.#children) child.kill('SIGKILL')
    await Promise.all(this.#children.splice(0).map(({ exit }) => exit))
  }
}
