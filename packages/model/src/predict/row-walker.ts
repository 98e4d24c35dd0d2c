/** Walks many rows down a forest: with kernels where they can be had, without them elsewhere. */

import type { BlockForest } from './block-forest.js'
import type { BlockMachine } from './block-machine.js'
import { addTreesUntil, type EarlyStop } from './early-stop.js'
import type { Forest } from './forest.js'
import { leafOutput } from './linear-leaves.js'
import type { RowSource } from './row-source.js'
import { StoppingBlock } from './stopping-block.js'
import { BLOCK_ROWS, prepareRows, walkBlock } from './walk.js'

/** What a predictor does with many rows. Results do not depend on who does it. */
export interface RowWalker {
  /** Adds, in tree order, the leaf values to `scores`: rows x outputs, row-major. */
  addScores(source: RowSource, scores: Float64Array): void
  /** Writes the leaf of each row in each tree, counted within the tree: rows x trees. */
  findLeaves(source: RowSource, out: Int32Array): void
}

/**
 * @param placed - the forest for the kernels, or null to go without
 * @param machine - not null where there is one
 * @param stop - when scores of a row are done before the last tree
 */
export function createRowWalker(
  forest: Forest, placed: BlockForest | null, machine: BlockMachine | null,
  stop: EarlyStop | null = null,
): RowWalker {
  const portable = new PortableWalker(forest, stop)
  if (placed === null || machine === null) return portable
  return new KernelWalker(forest, placed, machine, portable,
    stop === null ? null : new StoppingBlock(forest, placed, machine, stop))
}

/** Fewer rows than this are not worth the bringing of a forest. */
const KERNEL_ROWS_MIN = 32

class KernelWalker implements RowWalker {
  readonly #forest: Forest
  readonly #placed: BlockForest
  readonly #machine: BlockMachine
  readonly #portable: RowWalker
  readonly #stopping: StoppingBlock | null
  #scratch = new Float64Array(0)

  constructor(
    forest: Forest, placed: BlockForest, machine: BlockMachine, portable: RowWalker,
    stopping: StoppingBlock | null,
  ) {
    this.#forest = forest
    this.#placed = placed
    this.#machine = machine
    this.#portable = portable
    this.#stopping = stopping
  }

  addScores(source: RowSource, scores: Float64Array): void {
    const { nOutputs, nTrees } = this.#forest
    const { blockRows, chunkRows } = this.#placed
    const machine = this.#machine
    for (let first = 0; first < source.nRows; first += chunkRows) {
      const count = this.#bring(source, first)
      const own = scores.subarray(first * nOutputs)
      if (count === 0) return this.#portable.addScores(rowsFrom(source, first), own)
      const chunk = machine.scores(nOutputs)
      for (let k = 0; k < nOutputs; k++) {
        for (let r = 0, at = k; r < count; r++, at += nOutputs) chunk[k * chunkRows + r] = own[at]!
      }
      for (let block = 0; block < count; block += blockRows) {
        const nRows = Math.min(blockRows, count - block)
        machine.encode(block, nRows)
        if (this.#stopping !== null) {
          this.#stopping.addScores(block, nRows)
          continue
        }
        for (let t = 0, k = 0; t < nTrees; t++) {
          machine.walk(t, k, block, nRows)
          if (this.#forest.linear !== null) machine.addLinear(this.#forest, k, block, nRows)
          if (++k === nOutputs) k = 0
        }
      }
      for (let k = 0; k < nOutputs; k++) {
        for (let r = 0, at = k; r < count; r++, at += nOutputs) own[at] = chunk[k * chunkRows + r]!
      }
    }
  }

  findLeaves(source: RowSource, out: Int32Array): void {
    const { firstLeaf, nTrees } = this.#forest
    const { blockRows, chunkRows } = this.#placed
    const machine = this.#machine
    for (let first = 0; first < source.nRows; first += chunkRows) {
      const count = this.#bring(source, first)
      const own = out.subarray(first * nTrees)
      if (count === 0) return this.#portable.findLeaves(rowsFrom(source, first), own)
      const { leaves } = machine
      for (let block = 0; block < count; block += blockRows) {
        const nRows = Math.min(blockRows, count - block)
        machine.encode(block, nRows)
        for (let t = 0; t < nTrees; t++) {
          machine.walk(t, 0, 0, nRows)
          for (let r = 0, at = block * nTrees + t; r < nRows; r++, at += nTrees) {
            own[at] = leaves[r]! - firstLeaf[t]!
          }
        }
      }
    }
  }

  /** Makes a chunk ready. Returns its rows, or 0 where what is left is not for kernels. */
  #bring(source: RowSource, first: number): number {
    const { chunkRows } = this.#placed
    const count = Math.min(chunkRows, source.nRows - first)
    if (first === 0 && count < KERNEL_ROWS_MIN) return 0
    // What gives the rows may run code of the caller's, which may predict too, with this predictor
    // or another: the machine is entered afterwards, and scratch is in use by one at a time.
    let scratch = this.#scratch
    this.#scratch = new Float64Array(0)
    const rows = source.pack(first, count, (length) => {
      if (scratch.length < length) scratch = new Float64Array(length)
      return scratch
    })
    this.#scratch = scratch
    if (!this.#machine.enter(this.#placed)) return 0
    this.#machine.bring(rows)
    return count
  }
}

function rowsFrom(source: RowSource, start: number): RowSource {
  if (start === 0) return source
  return {
    nRows: source.nRows - start,
    fill: (first, count, out) => source.fill(start + first, count, out),
    pack: (first, count, scratch) => source.pack(start + first, count, scratch),
  }
}

class PortableWalker implements RowWalker {
  readonly #forest: Forest
  readonly #stop: EarlyStop | null
  /** Scratch of one block of rows, and of the leaves it reaches in one tree. */
  readonly #rows: Float64Array
  readonly #leaves = new Int32Array(BLOCK_ROWS)
  /** The rows as they come, for linear leaves. */
  readonly #values: Float64Array

  constructor(forest: Forest, stop: EarlyStop | null) {
    this.#forest = forest
    this.#stop = stop
    this.#rows = new Float64Array(BLOCK_ROWS * forest.nFeatures)
    this.#values = forest.linear === null ? this.#rows : new Float64Array(this.#rows.length)
  }

  addScores(source: RowSource, scores: Float64Array): void {
    if (this.#stop !== null) return this.#addScoresUntil(source, scores, this.#stop)
    const { nOutputs, nFeatures, leafValues, linear } = this.#forest
    const values = this.#values
    this.#walk(source, (first, count, t, leaves) => {
      let at = first * nOutputs + (t % nOutputs)
      if (linear !== null) {
        for (let r = 0; r < count; r++, at += nOutputs) {
          scores[at]! += leafOutput(this.#forest, leaves[r]!, values, r * nFeatures)
        }
        return
      }
      for (let r = 0; r < count; r++, at += nOutputs) scores[at]! += leafValues[leaves[r]!]!
    })
  }

  findLeaves(source: RowSource, out: Int32Array): void {
    const { firstLeaf, nTrees } = this.#forest
    this.#walk(source, (first, count, t, leaves) => {
      for (let r = 0; r < count; r++) out[(first + r) * nTrees + t] = leaves[r]! - firstLeaf[t]!
    })
  }

  #addScoresUntil(source: RowSource, scores: Float64Array, stop: EarlyStop): void {
    const { nOutputs, nFeatures } = this.#forest
    this.#eachBlock(source, (first, count) => {
      for (let r = 0; r < count; r++) {
        addTreesUntil(this.#forest, stop, this.#rows, this.#values, r * nFeatures, scores,
          (first + r) * nOutputs)
      }
    })
  }

  /** Calls `visit` for every block and tree, trees in order, with the leaves its rows reach. */
  #walk(
    source: RowSource,
    visit: (first: number, count: number, t: number, leaves: Int32Array) => void,
  ): void {
    const forest = this.#forest
    this.#eachBlock(source, (first, count, hasNaN) => {
      for (let t = 0; t < forest.nTrees; t++) {
        walkBlock(forest, t, this.#rows, count, hasNaN, this.#leaves)
        visit(first, count, t, this.#leaves)
      }
    })
  }

  /** Calls `visit` for every block, whose rows are prepared. */
  #eachBlock(
    source: RowSource, visit: (first: number, count: number, hasNaN: boolean) => void,
  ): void {
    const forest = this.#forest
    for (let first = 0; first < source.nRows; first += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, source.nRows - first)
      source.fill(first, count, this.#values)
      if (forest.linear !== null) this.#rows.set(this.#values)
      visit(first, count, prepareRows(forest, this.#rows, count))
    }
  }
}
