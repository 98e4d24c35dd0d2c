/** Writes the trees of a forest as the kernels of prediction walk them. */

import { NODE_BYTES, SET_NODE_BYTES } from './block-kernels.js'
import { type Forest, NODE_WORDS, NodeKind, Preparation } from './forest.js'

/** Where the nodes are in memory; nothing is before them. */
export const IMAGE_START = 1024

/** Above the high words of all keys. */
const HIGHEST = 0x7fff_ffff

/** Writes the nodes and the sets of all trees. */
export class TreePlacer {
  readonly #forest: Forest
  readonly #words: Int32Array
  /** Keys of columns, by `columnId`. */
  readonly #columnOf: ReadonlyMap<number, number>
  readonly #hasSets: Uint8Array
  /** A word of nothing. */
  readonly #noSet: number
  #nextSlot = IMAGE_START
  #nextSet: number
  #nodeBytes = NODE_BYTES

  /**
   * @param image - what is in memory from IMAGE_START on
   * @param places - `sets`: where sets go, after a word of nothing; `hasSets`: per tree;
   *   `columnOf`: keys by `columnId`
   */
  constructor(forest: Forest, image: ArrayBuffer, places: {
    readonly sets: number, readonly hasSets: Uint8Array,
    readonly columnOf: ReadonlyMap<number, number>,
  }) {
    this.#forest = forest
    this.#words = new Int32Array(image)
    this.#columnOf = places.columnOf
    this.#hasSets = places.hasSets
    this.#noSet = places.sets
    this.#nextSet = places.sets + 4
  }

  /** Roots, and the depths of the leaves that are nearest to and farthest from each. */
  place(): {
    readonly roots: Int32Array, readonly depthsMin: Int32Array, readonly depthsMax: Int32Array,
  } {
    const { nTrees, roots: firstNodes } = this.#forest
    const roots = new Int32Array(nTrees)
    const depthsMin = new Int32Array(nTrees)
    const depthsMax = new Int32Array(nTrees)
    for (let t = 0; t < nTrees; t++) {
      this.#nodeBytes = this.#hasSets[t] === 1 ? SET_NODE_BYTES : NODE_BYTES
      roots[t] = this.#nextSlot
      const depths = this.#placeTree(firstNodes[t]!)
      depthsMin[t] = depths.min
      depthsMax[t] = depths.max
    }
    return { roots, depthsMin, depthsMax }
  }

  /** Level by level. Returns the depths of the nearest leaf and of the farthest. */
  #placeTree(root: number): { readonly min: number, readonly max: number } {
    const { nodes } = this.#forest
    const nodeBytes = this.#nodeBytes
    let level = [{ node: root, slot: this.#nextSlot }]
    this.#nextSlot += nodeBytes
    let min = -1
    let depth = 0
    for (; level.length > 0; depth++) {
      const below: typeof level = []
      for (const { node, slot } of level) {
        if (node < 0) {
          if (min < 0) min = depth
          this.#placeLeaf(slot, ~node)
          continue
        }
        const left = this.#nextSlot
        this.#nextSlot += 2 * nodeBytes
        this.#placeNode(slot, node, left)
        below.push({ node: nodes[node * NODE_WORDS + 2]!, slot: left },
          { node: nodes[node * NODE_WORDS + 1]!, slot: left + nodeBytes })
      }
      level = below
    }
    return { min, max: depth - 1 }
  }

  #placeNode(slot: number, node: number, left: number): void {
    const { nodes, thresholds, preparation } = this.#forest
    const word = nodes[node * NODE_WORDS]!
    const keys = this.#columnOf.get(columnId(word, preparation))!
    if ((word & 3) === NodeKind.bitSet) {
      const set = this.#placeSet(nodes[node * NODE_WORDS + 3]!, preparation[word >> 2]!)
      this.#write(slot, keys, left, [-1, HIGHEST], set)
    } else {
      this.#write(slot, keys, left, keyOf(thresholds[node]!), null)
    }
  }

  #placeLeaf(slot: number, leaf: number): void {
    // Any keys will do: none is above it.
    const [keys] = this.#columnOf.values()
    this.#write(slot, keys!, slot, [leaf, HIGHEST], null)
  }

  #write(
    slot: number, keys: number, left: number, [low, high]: readonly [number, number],
    set: number | null,
  ): void {
    const at = (slot - IMAGE_START) / 4
    this.#words.set([keys, left, low, high], at)
    if (this.#nodeBytes === NODE_BYTES) return
    this.#words[at + 4] = set ?? this.#noSet
    this.#words[at + 5] = set === null ? 0 : -1
  }

  /** Turns a set of what goes left into one of what goes right, unseen categories too. */
  #placeSet(from: number, nCategories: number): number {
    const { sets } = this.#forest
    const nWords = (nCategories >>> 5) + 1
    const first = (this.#nextSet - IMAGE_START) / 4
    this.#words.fill(-1, first, first + nWords)
    for (let w = 0; w < sets[from + 1]!; w++) {
      this.#words[first + sets[from]! + w] = ~sets[from + 2 + w]!
    }
    const at = this.#nextSet
    this.#nextSet += nWords * 4
    return at
  }
}

/** Tells columns apart: the feature, and whether missing values go left. */
export function columnId(word: number, preparation: Float64Array): number {
  const feature = word >> 2
  const canBeMissing = preparation[feature]! < 0 && preparation[feature] !== Preparation.none
  return feature << 1 | (canBeMissing && (word & 3) === NodeKind.nanLeft ? 1 : 0)
}

const double = new DataView(new ArrayBuffer(8))

/** The key of a number that is not missing: the low word and the high one. */
export function keyOf(value: number): readonly [number, number] {
  double.setFloat64(0, value + 0)
  const high = double.getInt32(0)
  const low = double.getInt32(4)
  return high < 0 ? [~low, high ^ HIGHEST] : [low, high]
}
