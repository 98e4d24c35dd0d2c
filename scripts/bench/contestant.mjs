/** The processes that are compared, and how to talk to them. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inRoot } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'

const python = process.platform === 'win32'
  ? inRoot('.venv/Scripts/python.exe') : inRoot('.venv/bin/python')

/** Why LightGBM cannot take part, or null when it can. */
export function lightgbmAbsence() {
  return existsSync(python) ? null
    : 'no .venv with LightGBM; make it with: node scripts/peers.mjs'
}

/** Versions of Python and of what its contestants use. */
export async function pythonVersions() {
  const program = 'import json, platform, lightgbm, numpy; print(json.dumps({'
    + '"lightgbm": lightgbm.__version__, "numpy": numpy.__version__, '
    + '"python": platform.python_version()}))'
  const { code, output } = await run(python, ['-c', program], { capture: true })
  if (code !== 0) throw new Error(`LightGBM does not load in .venv\n${output}`)
  return JSON.parse(output)
}

/** Parameters of LightGBM's data set: one thread, as ours is binned; the rest are its defaults. */
const dataParams = {
  max_bin: 255, min_data_in_leaf: 20, min_data_in_bin: 3, num_threads: 1, verbose: -1,
}

/** Everyone who may take part. `params` are added to those of the case. */
export const contestants = {
  coppice: { name: 'Coppice', params: {}, start: () => startCoppice() },
  lightgbm: { name: 'LightGBM', params: { verbose: -1 }, start: () => startLightgbm() },
  quantized: {
    name: 'LightGBM quantized',
    params: { verbose: -1, use_quantized_grad: true },
    start: () => startLightgbm(),
  },
}

function startCoppice() {
  const file = fileURLToPath(new URL('coppice-child.mjs', import.meta.url))
  return new Contestant('Coppice', process.execPath, [file], {})
}

function startLightgbm() {
  const file = fileURLToPath(new URL('lightgbm_child.py', import.meta.url))
  return new Contestant('LightGBM', python, [file], { params: dataParams })
}

/** A process that answers one request at a time. */
export class Contestant {
  #name
  #child
  #lines
  #loadExtra

  constructor(name, command, args, loadExtra) {
    this.#name = name
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('error', () => {}) // The reader below ends and says so.
    this.#child.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#loadExtra = loadExtra
  }

  /** Reads and bins the data set in `dir`. @returns {Promise<{ binMs: number }>} */
  load(dir) {
    return this.#ask({ kind: 'load', dir, ...this.#loadExtra })
  }

  /**
   * @returns {Promise<{ startMs: number, iterationMs: number[], cpuMs: number }>} - `cpuMs`: of
   *   all threads of the process
   */
  train(params, threads) {
    return this.#ask({ kind: 'train', params, threads })
  }

  /** Writes the last model's predictions of the held-out rows to `out`, float64. */
  predict(out) {
    return this.#ask({ kind: 'predict', out })
  }

  /** SHA-256 of the last model's file; Coppice only. */
  async hash() {
    return (await this.#ask({ kind: 'hash' })).sha256
  }

  close() {
    this.#child.stdin.end()
  }

  async #ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`${this.#name} ended while it was to ${request.kind}`)
    const answer = JSON.parse(value)
    if (answer.error !== undefined) throw new Error(`${this.#name} failed:\n${answer.error}`)
    return answer
  }
}
