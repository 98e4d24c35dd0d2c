import { spawn } from 'node:child_process'
import { inRoot, root } from './paths.mjs'

/** Entry files of the tools, started with this same Node: no shell, no npx, the same on Windows. */
export const tools = {
  asc: inRoot('node_modules/assemblyscript/bin/asc.js'),
  c8: inRoot('node_modules/c8/bin/c8.js'),
  eslint: inRoot('node_modules/eslint/bin/eslint.js'),
  mocha: inRoot('node_modules/mocha/bin/mocha.js'),
  tsc: inRoot('node_modules/typescript/bin/tsc'),
  typedoc: inRoot('node_modules/typedoc/bin/typedoc'),
}

/**
 * Runs a command and waits for it.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, capture?: boolean, timeoutMs?: number,
 *   shell?: boolean }} options - `capture` collects stdout and stderr instead of showing them
 * @returns {Promise<{ code: number, output: string, timedOut: boolean }>} `code` is 1 when the
 *   command could not be started, was stopped by a signal or ran out of time.
 */
export function run(command, args, options = {}) {
  const { cwd = root, env = {}, capture = false, timeoutMs = 0, shell = false } = options
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      shell,
      stdio: capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    })
    const chunks = []
    let timedOut = false
    child.stdout?.on('data', (chunk) => chunks.push(chunk))
    child.stderr?.on('data', (chunk) => chunks.push(chunk))
    const timer = timeoutMs > 0 && setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, timeoutMs)
    const finish = (code, extra = '') => {
      clearTimeout(timer)
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') + extra, timedOut })
    }
    child.on('error', (error) => finish(1, String(error)))
    child.on('close', (code) => finish(code ?? 1))
  })
}

/** Runs one of `tools` (or any script) with this Node, which gets `nodeArgs`. */
export function runNode(script, args, { nodeArgs = [], ...options } = {}) {
  return run(process.execPath, [...nodeArgs, script, ...args], options)
}

/** Runs npm; the shell finds npm.cmd on Windows. */
export function runNpm(args, options = {}) {
  return run('npm', args, { ...options, shell: process.platform === 'win32' })
}

/** Seconds since `start` (a `performance.now()`), as '12.3 s'. */
export function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}
