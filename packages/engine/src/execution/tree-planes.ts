import { encodeRequest, decodeRequest, requestBytesMax } from './request-codec.js'
import type { BinnedTree, CommitRequest, FeatureLayout } from './protocol.js'
import type { RowRun } from './row-dealing.js'

/** The memory of a TreePlanes. */
export interface TreeBuffers {
  readonly planes: SharedArrayBuffer
  readonly marks: SharedArrayBuffer
  readonly trees: SharedArrayBuffer
  readonly control: SharedArrayBuffer
}

/** What they are for. */
export interface TreePlanesSize {
  readonly nRows: number
  readonly nOutputs: number
  readonly maxLeaves: number
  readonly features: readonly FeatureLayout[]
}

/** Of a gradient pair, and of a score. */
const PLACE_BYTES = 8
/** Words of the control block. */
const Word = { next: 0, stopped: 1 } as const
/** Before a tree: its length. */
const LENGTH_BYTES = 4

/**
 * The memory through which threads that grow whole trees hand each other what belongs to rows, in
 * the order of their positions. A plane per output has, in turn, the gradients of its tree, from
 * the threads that have the rows to the one that grows the tree, and what the tree adds to the
 * scores, on the way back. Barriers of the threads lie between.
 */
export class TreePlanes {
  readonly #size: TreePlanesSize
  /** Pairs and scores, as words: they are copied, bit by bit. */
  readonly #words: Int32Array
  readonly #scores: Float64Array
  readonly #bytes: Uint8Array
  readonly #marks: Uint8Array
  readonly #trees: Uint8Array
  readonly #treeBytes: number
  readonly #control: Int32Array

  constructor(size: TreePlanesSize, { planes, marks, trees, control }: TreeBuffers) {
    this.#size = size
    this.#words = new Int32Array(planes)
    this.#scores = new Float64Array(planes)
    this.#bytes = new Uint8Array(planes)
    this.#marks = new Uint8Array(marks)
    this.#trees = new Uint8Array(trees)
    this.#treeBytes = treeBytesMax(size)
    this.#control = new Int32Array(control)
  }

  /** @param usesMarks - rows may be drawn by their labels or gradients */
  static buffers(size: TreePlanesSize, usesMarks: boolean): TreeBuffers {
    return {
      planes: new SharedArrayBuffer(size.nOutputs * size.nRows * PLACE_BYTES),
      marks: new SharedArrayBuffer(usesMarks ? size.nRows : 0),
      trees: new SharedArrayBuffer(size.nOutputs * treeBytesMax(size)),
      control: new SharedArrayBuffer(Object.keys(Word).length * 4),
    }
  }

  /** Before an iteration's trees are grown: one thread calls it while the others wait. */
  reset(): void {
    Atomics.store(this.#control, Word.next, 0)
    Atomics.store(this.#control, Word.stopped, 0)
  }

  /** The output of the next tree to grow, of no other thread's; null: all are taken. */
  take(): number | null {
    const output = Atomics.add(this.#control, Word.next, 1)
    return output < this.#size.nOutputs ? output : null
  }

  /** The trees are not to be completed. */
  stop(): void {
    Atomics.store(this.#control, Word.stopped, 1)
  }

  get isStopped(): boolean {
    return Atomics.load(this.#control, Word.stopped) === 1
  }

  /** Puts the gradient pairs of a thread's rows in their places: two words a row, as in `runs`. */
  putPairs(output: number, pairs: Int32Array, runs: readonly RowRun[]): void {
    const plane = output * this.#size.nRows
    for (const { position, localRow, nRows } of runs) {
      this.#words.set(pairs.subarray(localRow * 2, (localRow + nRows) * 2), (plane + position) * 2)
    }
  }

  /** Copies the gradient pairs of all rows. */
  getPairs(output: number, pairs: Int32Array): void {
    const { nRows } = this.#size
    pairs.set(this.#words.subarray(output * nRows * 2, (output + 1) * nRows * 2))
  }

  /** Puts the marks of a thread's rows in their places, a byte a row. */
  putMarks(marks: Uint8Array, runs: readonly RowRun[]): void {
    for (const { position, localRow, nRows } of runs) {
      this.#marks.set(marks.subarray(localRow, localRow + nRows), position)
    }
  }

  /** Copies the marks of all rows. */
  getMarks(marks: Uint8Array): void {
    marks.set(this.#marks)
  }

  /** Puts what a tree adds to the scores of all rows in the place of its gradients. */
  putAdditions(output: number, additions: Float64Array): void {
    this.#scores.set(additions, output * this.#size.nRows)
  }

  /** What a tree adds to the scores of the rows at these positions: a double each. */
  additions(output: number, position: number, nRows: number): Uint8Array {
    const first = output * this.#size.nRows + position
    return this.#bytes.subarray(first * PLACE_BYTES, (first + nRows) * PLACE_BYTES)
  }

  /** Keeps an output's tree for all threads. */
  putTree(output: number, tree: BinnedTree): void {
    const at = output * this.#treeBytes
    const bytes = this.#trees.subarray(at + LENGTH_BYTES, at + this.#treeBytes)
    const length = encodeRequest({ kind: 'commit', output, tree, leafNodes: null }, bytes)
    new DataView(this.#trees.buffer).setInt32(at, length, true)
  }

  tree(output: number): BinnedTree {
    const at = output * this.#treeBytes
    const length = new DataView(this.#trees.buffer).getInt32(at, true)
    const start = at + LENGTH_BYTES
    return (decodeRequest(this.#trees.subarray(start, start + length)) as CommitRequest).tree
  }

  /** All trees of the iteration, by output. */
  trees(): BinnedTree[] {
    return Array.from({ length: this.#size.nOutputs }, (_, output) => this.tree(output))
  }

  /** Bytes that a training's planes and trees take. */
  static bytes(size: TreePlanesSize): number {
    const { nRows, nOutputs } = size
    return nOutputs * (nRows * PLACE_BYTES + treeBytesMax(size))
  }
}

function treeBytesMax({ maxLeaves, features }: TreePlanesSize): number {
  return Math.ceil((LENGTH_BYTES + requestBytesMax(features, maxLeaves, 0)) / 8) * 8
}
