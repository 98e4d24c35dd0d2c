/** LightGBM's side: one process for all cases. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readNumbers } from '../bench/data-files.mjs'
import { python } from '../bench/python.mjs'
import { withInitScores } from './ours.mjs'

/** A process that trains LightGBM, a request at a time. */
export class LightGbm {
  #child
  #lines
  #ended

  constructor() {
    const program = fileURLToPath(new URL('lightgbm_child.py', import.meta.url))
    // -B: no compiled copies beside the sources
    this.#child = spawn(python, ['-B', program], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('error', () => {}) // The reader below ends and says so.
    this.#child.stdin.on('error', () => {})
    this.#ended = once(this.#child, 'close').catch(() => {})
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /**
   * Trains on the data set in `dir`, and predicts its held-out rows.
   * @returns {Promise<Float64Array>}
   */
  async train(dir, data, params) {
    const out = path.join(dir, 'predicted.f64')
    this.#child.stdin.write(`${JSON.stringify({ dir, params, out })}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('LightGBM ended in the middle of a training')
    const { error } = JSON.parse(value)
    if (error !== undefined) throw new Error(`LightGBM failed:\n${error}`)
    const predicted = readNumbers(out, Float64Array)
    return data.test.initScore === null ? predicted : withInitScores(predicted, data.test, params)
  }

  /** Ends the process. */
  async close() {
    this.#child.stdin.end()
    await this.#ended
  }
}
