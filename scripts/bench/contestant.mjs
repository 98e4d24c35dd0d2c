/** The processes that are compared, and how to talk to them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inRoot } from '../lib/paths.mjs'
import { run } from '../lib/run.mjs'
import { treeCpuMs } from './process-times.mjs'

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

/** Versions of what LightGBM needs to train on Dask, or null where it is not in .venv. */
export async function daskVersions() {
  const program = 'import json, dask, distributed, sklearn; print(json.dumps({'
    + '"dask": dask.__version__, "distributed": distributed.__version__, '
    + '"scikit-learn": sklearn.__version__}))'
  if (lightgbmAbsence() !== null) return null
  const { code, output } = await run(python, ['-c', program], { capture: true })
  return code === 0 ? JSON.parse(output) : null
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
  return new Contestant('Coppice', process.execPath, [fileHere('coppice-child.mjs')], {})
}

function startLightgbm() {
  return new Contestant('LightGBM', python, [fileHere('lightgbm_child.py')], { params: dataParams })
}

/** @param {object | null} place - see coppice-cluster-child.mjs */
export function startCoppiceOnFiles(name, place) {
  return new ProcessTree(name, process.execPath, [fileHere('coppice-cluster-child.mjs')], { place })
}

/** @param {{ workers: number, bounds: number[] }} place - bounds of the chunks of rows */
export function startDask(name, place) {
  return new ProcessTree(name, python, [fileHere('dask_child.py')], place)
}

function fileHere(name) {
  return fileURLToPath(new URL(name, import.meta.url))
}

/** So long a contestant may take to end when it is not asked any more. */
const patienceMs = 20_000

/** A process that answers one request at a time. */
export class Contestant {
  #name
  #child
  #lines
  #loadExtra
  #ended

  constructor(name, command, args, loadExtra) {
    this.#name = name
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('error', () => {}) // The reader below ends and says so.
    this.#ended = once(this.#child, 'close').catch(() => {})
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

  get pid() {
    return this.#child.pid
  }

  /** Ends the process; resolves when it has ended. */
  async close() {
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs)
    await this.#ended
    clearTimeout(timer)
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

/** A contestant of several processes: its CPU time is that of all of them. */
class ProcessTree extends Contestant {
  async train(params, threads) {
    const before = treeCpuMs(this.pid)
    const answer = await super.train(params, threads)
    return { ...answer, cpuMs: treeCpuMs(this.pid) - before }
  }
}
