/** Runs the kernels of prediction: their memory, and the forest that is in it. */

import type { BlockForest } from './block-forest.js'
import { type BlockKernels, LANES, loadBlockKernels } from './block-kernels.js'
import type { PackedRows } from './row-source.js'
import { type ForestLeaves, leafOutput } from './linear-leaves.js'
import { IMAGE_START } from './place-trees.js'

const PAGE = 65_536

/**
 * One memory for all predictors of a thread, since every memory reserves gigabytes of addresses.
 * Predictions are synchronous, so one has it at a time; whoever comes next brings its forest.
 */
export class BlockMachine {
  readonly #memory: WebAssembly.Memory
  readonly #kernels: BlockKernels
  #forest: BlockForest | null = null
  /** Where the rows of the chunk are: bytes from feature to feature, and from row to row. */
  #featureBytes = 0
  #rowBytes = 0
  #isFloats = false
  /** Which features they have values of, null for all; and per column of the forest, which one. */
  #features: Int32Array | null = null
  #places: Int32Array | null = null
  /** All of the memory, as long as it does not grow. */
  #doubles = new Float64Array(0)

  constructor(memory: WebAssembly.Memory, kernels: BlockKernels) {
    this.#memory = memory
    this.#kernels = kernels
  }

  /**
   * Makes a forest the one that rows are walked down.
   * @returns false where there is no memory for it
   */
  enter(forest: BlockForest): boolean {
    if (this.#forest === forest) return true
    const missing = Math.ceil((forest.end - this.#memory.buffer.byteLength) / PAGE)
    try {
      if (missing > 0) this.#memory.grow(missing)
    } catch {
      return false
    }
    new Uint8Array(this.#memory.buffer).set(forest.image, IMAGE_START)
    this.#forest = forest
    this.#places = null
    return true
  }

  /**
   * Brings a chunk.
   * @param rows - of no more than chunkRows
   */
  bring({ values, nFeatures, features, isByColumn }: PackedRows): void {
    const { rows } = this.#forest!
    if (this.#features !== features || this.#places === null) this.#place(features)
    const { BYTES_PER_ELEMENT: bytes, length } = values
    const Values = values instanceof Float32Array ? Float32Array : Float64Array
    new Values(this.#memory.buffer, rows, length).set(values)
    this.#isFloats = values instanceof Float32Array
    this.#featureBytes = isByColumn ? length / nFeatures * bytes : bytes
    this.#rowBytes = isByColumn ? bytes : nFeatures * bytes
  }

  #place(features: Int32Array | null): void {
    const placeOf = features === null ? null : new Map(Array.from(features, (f, i) => [f, i]))
    this.#places = Int32Array.from(this.#forest!.columns, ({ feature }) =>
      placeOf === null ? feature : placeOf.get(feature)!)
    this.#features = features
  }

  /** Whether a forest is the one that rows are walked down. */
  holds(forest: BlockForest): boolean {
    return this.#forest === forest
  }

  /**
   * Walks one row down all trees.
   * @param values - encoded, one per feature
   * @param scores - one per output, to which the values of the leaves are added in tree order
   * @param linear - the leaves, where some are linear
   */
  addRow(values: Float64Array, scores: Float64Array, linear: ForestLeaves | null): void {
    const { columns, roots, rows, row, scores: sums, leafValues } = this.#forest!
    if (this.#doubles.buffer !== this.#memory.buffer) {
      this.#doubles = new Float64Array(this.#memory.buffer)
    }
    const doubles = this.#doubles
    const kernels = this.#kernels
    const at = rows / 8
    for (let f = 0; f < values.length; f++) doubles[at + f] = values[f]!
    const sumsAt = sums / 8
    const nOutputs = scores.length
    for (let k = 0; k < nOutputs; k++) doubles[sumsAt + k] = scores[k]!
    kernels.keysOfRow(rows, row.columns, columns.length)
    kernels.walkTrees(row.plainTrees, row.nPlainTrees)
    if (row.nSetTrees > 0) kernels.walkTreesWithSets(row.setTrees, row.nSetTrees)
    if (linear !== null) {
      const reached = new Int32Array(this.#memory.buffer, row.leaves, roots.length)
      for (let t = 0; t < reached.length; t++) {
        scores[t % nOutputs]! += leafOutput(linear, reached[t]!, values, 0)
      }
      return
    }
    kernels.addLeaves(sums, nOutputs, row.leaves, roots.length, leafValues)
    for (let k = 0; k < nOutputs; k++) scores[k] = doubles[sumsAt + k]!
  }

  /** Leaves of one tree, blockRows; numbers within the forest. Valid until `enter`. */
  get leaves(): Int32Array {
    const { leaves, blockRows } = this.#forest!
    return new Int32Array(this.#memory.buffer, leaves, blockRows)
  }

  /** Scores, outputs x chunkRows. Valid until `enter`. */
  scores(nOutputs: number): Float64Array {
    const { scores, chunkRows } = this.#forest!
    return new Float64Array(this.#memory.buffer, scores, chunkRows * nOutputs)
  }

  /** Makes the keys of a block for `walk`: of rows of the chunk from `first` on. */
  encode(first: number, nRows: number): void {
    const { columns, rows } = this.#forest!
    const kernels = this.#kernels
    const rowBytes = this.#rowBytes
    const n = wholeLanes(nRows)
    const start = rows + first * rowBytes
    const places = this.#places!
    for (let i = 0; i < columns.length; i++) {
      const { keys, nCategories, missing, goesLeft } = columns[i]!
      const at = start + places[i]! * this.#featureBytes
      if (nCategories >= 0) kernels.keysOfCategories(keys, at, rowBytes, n, nCategories)
      else if (this.#isFloats) kernels.keysOfFloats(keys, at, rowBytes, n, missing, goesLeft)
      else kernels.keysOfDoubles(keys, at, rowBytes, n, missing, goesLeft)
    }
  }

  /**
   * Walks the rows of the block down tree `t`: writes their leaves, and adds the values of these
   * to the scores of the output, from `first` on. Entries behind the rows may be overwritten too.
   */
  walk(t: number, output: number, first: number, nRows: number): void {
    const { roots, depthsMin, hasSets, leaves, scores, leafValues, chunkRows } = this.#forest!
    const n = wholeLanes(nRows)
    const to = scores + (output * chunkRows + first) * 8
    if (hasSets[t] === 0) {
      this.#kernels.walk(leaves, to, n, roots[t]!, depthsMin[t]!, leafValues)
    } else this.#kernels.walkSets(leaves, to, n, roots[t]!, depthsMin[t]!, leafValues)
  }

  /**
   * Moves rows of a block to its first lanes: keys, and scores from `first` on.
   * @param lanes - where they are, ascending; `n` of them
   */
  keepLanes(lanes: Int32Array, n: number, first: number, nOutputs: number): void {
    const { columns, scores, chunkRows } = this.#forest!
    const words = new Int32Array(this.#memory.buffer)
    const places = [
      ...columns.map(({ keys }) => keys / 4),
      ...Array.from({ length: nOutputs }, (_, k) => (scores + (k * chunkRows + first) * 8) / 4),
    ]
    for (const place of places) {
      for (let lane = 0; lane < n; lane++) {
        const from = place + 2 * lanes[lane]!
        words[place + 2 * lane] = words[from]!
        words[place + 2 * lane + 1] = words[from + 1]!
      }
    }
  }

  /**
   * Adds what the linear leaves come to that `walk` has just found, with the same arguments: the
   * kernels know leaves of one value only, and have 0 for these.
   *
   * @param laneRows - of each lane the row of the block, where lanes have moved
   */
  addLinear(
    linear: ForestLeaves, output: number, first: number, nRows: number,
    laneRows: Int32Array | null = null,
  ): void {
    const { rows, scores, chunkRows } = this.#forest!
    const { buffer } = this.#memory
    const bytes = this.#isFloats ? 4 : 8
    const values = this.#isFloats ? new Float32Array(buffer) : new Float64Array(buffer)
    const sums = new Float64Array(buffer, scores + (output * chunkRows + first) * 8, nRows)
    const { leaves } = this
    const step = this.#featureBytes / bytes
    const start = (rows + first * this.#rowBytes) / bytes
    for (let r = 0; r < nRows; r++) {
      const leaf = leaves[r]!
      const base = start + (laneRows === null ? r : laneRows[r]!) * this.#rowBytes / bytes
      if (linear.linear![leaf] !== null) sums[r]! += leafOutput(linear, leaf, values, base, step)
    }
  }
}

function wholeLanes(nRows: number): number {
  return Math.ceil(nRows / LANES) * LANES
}

let machine: BlockMachine | null | undefined

/** This thread's machine, or null where there is no WebAssembly. */
export function blockMachine(): BlockMachine | null {
  if (machine === undefined) machine = makeMachine()
  return machine
}

function makeMachine(): BlockMachine | null {
  if (typeof WebAssembly === 'undefined') return null
  const memory = new WebAssembly.Memory({ initial: 1 })
  const kernels = loadBlockKernels(memory)
  return kernels === null ? null : new BlockMachine(memory, kernels)
}
