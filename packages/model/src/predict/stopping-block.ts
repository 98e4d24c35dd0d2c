/** A block of rows that the kernels walk down a forest, each row until it is decided. */

import type { BlockForest } from './block-forest.js'
import type { BlockMachine } from './block-machine.js'
import { type EarlyStop, isDecided } from './early-stop.js'
import type { Forest } from './forest.js'

/**
 * Kernels take the first lanes of a block, one a row. Rows that are decided give theirs up: those
 * behind them move forward, so that trees are walked by the others alone.
 */
export class StoppingBlock {
  readonly #forest: Forest
  readonly #placed: BlockForest
  readonly #machine: BlockMachine
  readonly #stop: EarlyStop
  /** Which row of the block is in each lane. */
  readonly #rows: Int32Array
  /** Lanes that go on. */
  readonly #kept: Int32Array
  /** Scores of rows that are done: outputs x blockRows. */
  readonly #done: Float64Array

  constructor(forest: Forest, placed: BlockForest, machine: BlockMachine, stop: EarlyStop) {
    this.#forest = forest
    this.#placed = placed
    this.#machine = machine
    this.#stop = stop
    this.#rows = new Int32Array(placed.blockRows)
    this.#kept = new Int32Array(placed.blockRows)
    this.#done = new Float64Array(placed.blockRows * forest.nOutputs)
  }

  /** Adds to the scores of the rows of the chunk from `first` on; their keys have been made. */
  addScores(first: number, nRows: number): void {
    const { nTrees, nOutputs, linear } = this.#forest
    const machine = this.#machine
    const rows = this.#rows
    for (let r = 0; r < nRows; r++) rows[r] = r
    let n = nRows
    let left = this.#stop.freq
    for (let t = 0; t < nTrees && n > 0;) {
      for (let k = 0; k < nOutputs; k++, t++) {
        machine.walk(t, k, first, n)
        if (linear !== null) machine.addLinear(this.#forest, k, first, n, rows)
      }
      if (--left > 0) continue
      n = this.#goOn(first, n)
      left = this.#stop.freq
    }
    this.#takeScores(first, n)
    this.#giveScores(first, nRows)
  }

  /** Leaves the lanes of rows that are decided; returns how many go on. */
  #goOn(first: number, n: number): number {
    const { nOutputs } = this.#forest
    const { chunkRows } = this.#placed
    const scores = this.#machine.scores(nOutputs)
    const kept = this.#kept
    let nKept = 0
    for (let lane = 0; lane < n; lane++) {
      if (isDecided(scores, first + lane, chunkRows, nOutputs, this.#stop.margin)) {
        this.#take(scores, first, lane)
      } else kept[nKept++] = lane
    }
    if (nKept < n) {
      this.#machine.keepLanes(kept, nKept, first, nOutputs)
      for (let lane = 0; lane < nKept; lane++) this.#rows[lane] = this.#rows[kept[lane]!]!
    }
    return nKept
  }

  #take(scores: Float64Array, first: number, lane: number): void {
    const { blockRows, chunkRows } = this.#placed
    const row = this.#rows[lane]!
    for (let k = 0; k < this.#forest.nOutputs; k++) {
      this.#done[k * blockRows + row] = scores[k * chunkRows + first + lane]!
    }
  }

  /** Of the rows that have seen all trees. */
  #takeScores(first: number, n: number): void {
    const scores = this.#machine.scores(this.#forest.nOutputs)
    for (let lane = 0; lane < n; lane++) this.#take(scores, first, lane)
  }

  #giveScores(first: number, nRows: number): void {
    const { blockRows, chunkRows } = this.#placed
    const { nOutputs } = this.#forest
    const scores = this.#machine.scores(nOutputs)
    for (let k = 0; k < nOutputs; k++) {
      const own = this.#done.subarray(k * blockRows, k * blockRows + nRows)
      scores.set(own, k * chunkRows + first)
    }
  }
}
