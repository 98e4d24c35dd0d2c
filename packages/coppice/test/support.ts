import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync }
  from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { main } from '../src/cli.js'
import { ExitCode } from '../src/exit-codes.js'

const bin = fileURLToPath(new URL('../src/bin.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that is running. */
export interface Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** Resolves when stderr holds a line with this text, or the command has ended. */
  sees(text: string): Promise<void>
  /** What it has said so far. */
  stderr(): string
}

/** A folder of its own for a suite, with the command run in it. */
export class Workspace {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-command-'))

  path(name: string): string {
    return path.join(this.folder, name)
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(path.dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), content)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  has(name: string): boolean {
    return existsSync(this.path(name))
  }

  /** All names, also hidden ones. */
  names(): string[] {
    return readdirSync(this.folder).sort()
  }

  start(...args: readonly string[]): Running {
    return start([bin, ...args], this.folder)
  }

  /** Starts a command with variables added to its environment. */
  startWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Running {
    return start([bin, ...args], this.folder, environment)
  }

  run(...args: readonly string[]): Promise<Finished> {
    return this.start(...args).finished
  }

  /** Runs a command that has to succeed. */
  async ok(...args: readonly string[]): Promise<Finished> {
    const finished = await this.run(...args)
    assert.equal(finished.code, 0, `coppice ${args.join(' ')}\n${finished.stderr}`)
    return finished
  }

  /** Runs a command that has to succeed, in this process; resolves to what it says. */
  async okHere(...args: readonly string[]): Promise<string> {
    const { code, stderr } = await this.#here(args)
    assert.equal(code, 0, `coppice ${args.join(' ')}\n${stderr}`)
    return stderr
  }

  /**
   * Runs a command line in this process: where little work is done, most of a test would be the
   * start of Node.
   */
  async #here(args: readonly string[]): Promise<Finished> {
    const { write } = process.stderr
    const folder = process.cwd()
    let stderr = ''
    process.chdir(this.folder)
    process.stderr.write = (text: string | Uint8Array) => {
      stderr += String(text)
      return true
    }
    try {
      const code = await main(args)
      return { code, stdout: '', stderr }
    } finally {
      process.stderr.write = write
      process.chdir(folder)
    }
  }

  /** Runs a command that has to fail with this status and one line that says these words. */
  async fails(code: number, words: readonly string[], ...args: readonly string[]): Promise<string> {
    const { code: found, stderr, stdout } =
      await (code === ExitCode.usage ? this.#here(args) : this.run(...args))
    const shown = `coppice ${args.join(' ')}\n${stderr}`
    assert.equal(found, code, shown)
    const begins = args.includes('json') ? '{"event":"error",' : `coppice ${args[0]}: `
    const line = stderr.split('\n').find((each) => each.startsWith(begins))
    assert.ok(line !== undefined, shown)
    for (const word of words) assert.ok(line.includes(word), `"${line}" does not say "${word}"`)
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace is no message')
    assert.equal(stdout, '')
    return stderr
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Starts Node with these arguments. */
export function start(
  args: readonly string[], cwd: string, environment: Readonly<Record<string, string>> = {},
): Running {
  const env = { ...process.env }
  for (const name of Object.keys(env)) if (name.startsWith('COPPICE_')) delete env[name]
  Object.assign(env, environment)
  const child = spawn(process.execPath, [...args], {
    cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  const watchers: (() => void)[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8')
    for (const watcher of watchers) watcher()
  })
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  const sees = (text: string): Promise<void> => new Promise((resolve) => {
    const look = (): void => {
      if (stderr.includes(text)) resolve()
    }
    watchers.push(look)
    look()
    void finished.then(() => resolve())
  })
  return { child, finished, sees, stderr: () => stderr }
}

/** CSV of flowers: species is 1 where length + width > 1, reversed where the colour is red. */
export function flowersCsv(nRows: number, seed: number): string {
  let state = seed >>> 0
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000
  }
  const lines = Array.from({ length: nRows }, (_, row) => {
    const [length, width] = [draw(), draw()]
    const colour = ['blue', 'red', 'white'][Math.floor(draw() * 3)]
    const species = Number((length + width > 1) !== (colour === 'red'))
    return `${row},${length},${width},${colour},${species},${species === 1 ? 'rose' : 'lily'}`
  })
  return `id,length,width,colour,species,kind\n${lines.join('\n')}\n`
}
