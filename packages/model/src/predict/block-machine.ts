/** Runs the kernels of prediction: their memory, and the forest that is in it. */

import { type BlockForest, IMAGE_START } from './block-forest.js'
import { type BlockKernels, LANES, loadBlockKernels } from './block-kernels.js'

const PAGE = 65_536

/**
 * One memory for all predictors of a thread, since every memory reserves gigabytes of addresses.
 * Predictions are synchronous, so one has it at a time; whoever comes next brings its forest.
 */
export class BlockMachine {
  readonly #memory: WebAssembly.Memory
  readonly #kernels: BlockKernels
  #forest: BlockForest | null = null
  #nFeatures = 0

  constructor(memory: WebAssembly.Memory, kernels: BlockKernels) {
    this.#memory = memory
    this.#kernels = kernels
  }

  /**
   * Makes a forest the one that rows are walked down.
   * @returns false where there is no memory for it
   */
  enter(forest: BlockForest, nFeatures: number): boolean {
    if (this.#forest === forest) return true
    const missing = Math.ceil((forest.end - this.#memory.buffer.byteLength) / PAGE)
    try {
      if (missing > 0) this.#memory.grow(missing)
    } catch {
      return false
    }
    new Uint8Array(this.#memory.buffer).set(forest.image, IMAGE_START)
    this.#forest = forest
    this.#nFeatures = nFeatures
    return true
  }

  /** Where the rows of a block go: blockRows x features, row-major. Valid until `enter`. */
  get rows(): Float64Array {
    const { rows, blockRows } = this.#forest!
    return new Float64Array(this.#memory.buffer, rows, blockRows * this.#nFeatures)
  }

  /** Leaves of one tree, blockRows; numbers within the forest. Valid until `enter`. */
  get leaves(): Int32Array {
    const { leaves, blockRows } = this.#forest!
    return new Int32Array(this.#memory.buffer, leaves, blockRows)
  }

  /** Scores, outputs x blockRows. Valid until `enter`. */
  scores(nOutputs: number): Float64Array {
    const { scores, blockRows } = this.#forest!
    return new Float64Array(this.#memory.buffer, scores, blockRows * nOutputs)
  }

  /** Encodes the first rows of `rows` for `walk`. */
  encode(nRows: number): void {
    const { columns, rows } = this.#forest!
    const rowBytes = this.#nFeatures * 8
    for (const column of columns) {
      const { codes, feature, nCategories, thresholds, nSteps, missing, nanCode } = column
      const at = rows + feature * 8
      if (nCategories >= 0) {
        this.#kernels.encodeCategories(codes, at, rowBytes, nRows, nCategories)
      } else {
        this.#kernels.encodeNumbers(
          codes, at, rowBytes, nRows, thresholds, nSteps, missing, nanCode)
      }
    }
  }

  /**
   * Walks the encoded rows down tree `t`: writes their leaves, and adds the values of these to the
   * scores of the output. Entries behind the rows may be overwritten too.
   */
  walk(t: number, output: number, nRows: number): void {
    const { roots, depthsMin, hasSets, leaves, scores, leafValues, blockRows } = this.#forest!
    const n = Math.ceil(nRows / LANES) * LANES
    const to = scores + output * blockRows * 8
    if (hasSets[t] === 0) {
      this.#kernels.walk(leaves, to, n, roots[t]!, depthsMin[t]!, leafValues)
    } else this.#kernels.walkSets(leaves, to, n, roots[t]!, depthsMin[t]!, leafValues)
  }
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
