import type { Arena } from '../kernels/arena.js'
import type { BinnedTree } from './protocol.js'

const NODE_BYTES = 16
const TABLE_BYTES = 256

/** A tree in a thread's memory, in the form that the walk kernel reads. */
export class WalkTable {
  /** For rows whose bins are row-major: an evaluation set's. */
  readonly nodes: number
  /** For the rows that trees are grown on. */
  readonly trainNodes: number
  readonly values: number
  readonly #arena: Arena
  readonly #tables: number
  readonly #trainOffset: (feature: number) => number
  #nNodes = 0

  /** @param trainOffset - where a training row's bin of a feature is, from its first one on */
  constructor(arena: Arena, maxLeaves: number, trainOffset: (feature: number) => number) {
    this.#arena = arena
    this.#trainOffset = trainOffset
    this.nodes = arena.reserve(Math.max(1, maxLeaves - 1) * NODE_BYTES)
    this.trainNodes = arena.reserve(Math.max(1, maxLeaves - 1) * NODE_BYTES)
    this.values = arena.reserve(maxLeaves * 8)
    this.#tables = arena.reserve(Math.max(1, maxLeaves - 1) * TABLE_BYTES)
  }

  /** True when the tree has no split: all rows are in leaf 0. */
  get isSingleLeaf(): boolean {
    return this.#nNodes === 0
  }

  get firstValue(): number {
    return this.#arena.doubles(this.values, 1)[0]!
  }

  write(tree: BinnedTree): void {
    const n = tree.feature.length
    this.#nNodes = n
    const words = this.#arena.ints(this.nodes, n * 4)
    const tables = this.#arena.bytes(this.#tables, n * TABLE_BYTES)
    for (let i = 0; i < n; i++) {
      words[i * 4] = tree.feature[i]!
      words[i * 4 + 1] = this.#tables + i * TABLE_BYTES
      words[i * 4 + 2] = tree.leftChild[i]!
      words[i * 4 + 3] = tree.rightChild[i]!
      const bits = tree.leftBins[i]!
      for (let b = 0; b < TABLE_BYTES; b++) {
        tables[i * TABLE_BYTES + b] = (bits[b >> 3]! >> (b & 7)) & 1
      }
    }
    const trainWords = this.#arena.words(this.trainNodes, n * 4)
    trainWords.set(words)
    for (let i = 0; i < n; i++) trainWords[i * 4] = this.#trainOffset(tree.feature[i]!)
    this.#arena.doubles(this.values, tree.leafValue.length).set(tree.leafValue)
  }
}
