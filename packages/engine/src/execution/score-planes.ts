import type { Arena } from '../kernels/arena.js'
import { roundTiesToEven } from '../numeric/rounding.js'
import type { EngineRows, EngineSetup } from './protocol.js'
import { gatherRows, type RowRun } from './row-dealing.js'
import { quantumOf } from './score-grid.js'

/** Raw scores of a thread's rows of one data set: one plane of f64 per output, in row order. */
export class ScorePlanes {
  readonly offset: number
  /** An even number of doubles: kernels work on pairs. */
  readonly planeBytes: number
  readonly #arena: Arena
  readonly #nRows: number
  readonly #nOutputs: number
  readonly #runs: readonly RowRun[]

  constructor(
    arena: Arena, setup: EngineSetup, data: EngineRows, runs: readonly RowRun[], nRows: number,
  ) {
    this.#arena = arena
    this.#nRows = nRows
    this.#nOutputs = setup.nOutputs
    this.#runs = runs
    this.planeBytes = ((nRows + 1) & ~1) * 8
    this.offset = arena.reserve(this.planeBytes * setup.nOutputs)
    for (let k = 0; k < setup.nOutputs; k++) {
      const scores = this.values(k).fill(setup.baseScores[k]!)
      if (data.initScore !== null) addInitScores(scores, data.initScore, setup, k, runs)
    }
  }

  /** Offset of an output's plane. */
  plane(output: number): number {
    return this.offset + output * this.planeBytes
  }

  /** View of an output's scores; invalid after the memory grows. */
  values(output: number): Float64Array {
    return this.#arena.doubles(this.plane(output), this.#nRows)
  }

  /**
   * Copies the scores of the rows at positions [first, first + nRows) that are here to their
   * places in `target`, nRows x nOutputs. -0 becomes +0: adding leaf values may leave either.
   */
  copyRows(first: number, nRows: number, target: Float64Array): void {
    const n = this.#nOutputs
    for (let k = 0; k < n; k++) {
      const scores = this.values(k)
      for (const run of this.#runs) {
        const shift = run.localRow - run.position
        const end = Math.min(run.position + run.nRows, first + nRows)
        for (let position = Math.max(run.position, first); position < end; position++) {
          target[(position - first) * n + k] = scores[position + shift]! + 0
        }
      }
    }
  }

  /**
   * Copies labels and weights of the rows next to the scores, padded like them.
   * @param nLabels - label columns, which become planes
   */
  gradientInputs(
    data: EngineRows, runs: readonly RowRun[], nLabels: number,
  ): { labels: number, weights: number } {
    const labels = this.#arena.reserve(this.planeBytes * nLabels)
    for (let k = 0; k < nLabels; k++) {
      const plane = this.#arena.doubles(labels + k * this.planeBytes, this.#nRows)
      gatherRows(plane, data.label, runs, nLabels, k)
    }
    if (data.weight === null) return { labels, weights: 0 }
    const weights = this.#arena.reserve(this.planeBytes)
    gatherRows(this.#arena.doubles(weights, this.#nRows), data.weight, runs)
    return { labels, weights }
  }
}

/** Init scores on the grid of leaf values, so that sums with them stay exact. */
function addInitScores(
  scores: Float64Array, initScore: Float64Array, setup: EngineSetup, output: number,
  runs: readonly RowRun[],
): void {
  const quantum = quantumOf(setup, output)
  for (const run of runs) {
    for (let i = 0; i < run.nRows; i++) {
      const value = initScore[(run.position + i) * setup.nOutputs + output]!
      scores[run.localRow + i]! += roundTiesToEven(value / quantum) * quantum
    }
  }
}
