/** The processes that are compared, and how to talk to them. README.md has the protocol. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { treeCpuMs } from './process-times.mjs'

/** So long a contestant may take to end when it is not asked any more. */
const patienceMs = 20_000

/** A process that answers one request at a time. */
export class Contestant {
  #name
  #child
  #lines
  #loadExtra
  #ended

  /** @param {object} loadExtra - what it is told with the folder of its data */
  constructor(name, command, args, loadExtra) {
    this.#name = name
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('error', () => {}) // The reader below ends and says so.
    this.#ended = once(this.#child, 'close').catch(() => {})
    this.#child.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#loadExtra = loadExtra
  }

  /**
   * Reads and bins the data set in `dir`.
   * @returns {Promise<{ binMs: number | null }>} null where it bins in every training
   */
  load(dir) {
    return this.#ask({ kind: 'load', dir, ...this.#loadExtra })
  }

  /**
   * Reads the data set in `dir` and bins its training rows, for nothing but the time; Coppice and
   * LightGBM only.
   * @param {string | undefined} form - of rows in memory; Coppice only
   * @returns {Promise<{ binMs: number, sha256?: string }>} sha256: of the bins
   */
  bin(dir, threads, form) {
    return this.#ask({ kind: 'bin', dir, threads, ...(form === undefined ? {} : { form }) })
  }

  /**
   * @returns {Promise<{ startMs: number, iterationMs: number[], cpuMs: number }>} - `cpuMs`: of
   *   all threads of the process
   */
  train(params, threads) {
    return this.#ask({ kind: 'train', params, threads })
  }

  /**
   * Writes the last model's predictions of the held-out rows to `out`, float64: probabilities of
   * class 1, of all classes (row-major), or values.
   */
  predict(out) {
    return this.#ask({ kind: 'predict', out })
  }

  /** Predicts the held-out rows at once. @returns {Promise<{ ms: number }>} */
  timeBatch(threads) {
    return this.#ask({ kind: 'time-batch', threads })
  }

  /** Predicts held-out rows one by one. @returns {Promise<{ rowMs: number[] }>} */
  timeRows(rows) {
    return this.#ask({ kind: 'time-rows', rows })
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
export class ProcessTree extends Contestant {
  async train(params, threads) {
    const before = treeCpuMs(this.pid)
    const answer = await super.train(params, threads)
    return { ...answer, cpuMs: treeCpuMs(this.pid) - before }
  }
}
