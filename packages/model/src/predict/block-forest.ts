/** A forest as the kernels of prediction take it: the bytes of it, and what is where. */

import { type Forest, NODE_WORDS, NodeKind, Preparation } from './forest.js'
import { CODES, LANES, NODE_BYTES } from './block-kernels.js'

/** Codes of a feature; there are two where NaN goes left at some nodes and right at others. */
export interface CodeColumn {
  readonly feature: number
  /** Offset of its codes, `blockRows` u16. */
  readonly codes: number
  /** Number of categories, or -1 for a numeric feature. */
  readonly nCategories: number
  /** Of `encodeNumbers`. */
  readonly thresholds: number
  readonly nSteps: number
  readonly missing: number
  readonly nanCode: number
}

/** Where everything is in the memory of the kernels, in bytes; `image` is the first of it. */
export interface BlockForest {
  /** Nodes, leaf values, thresholds and sets: bytes [IMAGE_START, IMAGE_START + its length). */
  readonly image: Uint8Array
  /** Rows of a block. */
  readonly blockRows: number
  readonly columns: readonly CodeColumn[]
  /** Per tree. */
  readonly roots: Int32Array
  readonly depthsMin: Int32Array
  /** Per tree: 1 where some node has a set. */
  readonly hasSets: Uint8Array
  readonly leafValues: number
  /** blockRows x features f64, row-major: the rows as they come. */
  readonly rows: number
  /** blockRows i32: leaves of one tree. */
  readonly leaves: number
  /** blockRows f64 per output. */
  readonly scores: number
  /** The first byte that is not used. */
  readonly end: number
}

export const IMAGE_START = 1024

/** Codes of a block should leave room for a tree in the first-level cache. */
const codeBytesMax = 1 << 14
const blockRowsMax = 256

/** A larger forest is walked without kernels; the sum of eight offsets stays below 2^32. */
const imageBytesMax = 1 << 28

/** A set may be read as if it had all codes, so this much has to follow the last one. */
const setBytes = CODES >> 3

/**
 * Places a forest in memory. Time and memory are linear in the size of the model, but for sets of
 * categories, which have a bit for each.
 *
 * @returns null where kernels cannot walk it: a feature has more thresholds or categories than
 *   there are codes, or the forest would take too much memory
 */
export function placeForest(forest: Forest): BlockForest | null {
  const thresholds = thresholdsOf(forest)
  const nSlots = 2 * forest.thresholds.length + forest.nTrees
  const nWords = setWords(forest)
  let tableBytes = 0
  for (const table of thresholds.values()) {
    if (table.length > CODES - 2) return null
    tableBytes += 8 << stepsFor(table.length)
  }
  const leafValues = IMAGE_START + nSlots * NODE_BYTES
  const tables = leafValues + forest.leafValues.length * 8
  const sets = tables + tableBytes
  const imageBytes = sets + (nWords === 0 ? 0 : setBytes + nWords * 4) - IMAGE_START
  if (imageBytes > imageBytesMax || nWords < 0) return null

  const image = new ArrayBuffer(Math.ceil(imageBytes / 8) * 8)
  new Float64Array(image, leafValues - IMAGE_START, forest.leafValues.length)
    .set(forest.leafValues)
  const { columns, columnOf, blockRows, end: rows } = placeColumns(forest, thresholds, {
    tables, codes: align(IMAGE_START + image.byteLength + setBytes),
  })
  for (const { thresholds: at, feature, nSteps } of columns) {
    const table = thresholds.get(feature)
    if (table === undefined) continue
    const target = new Float64Array(image, at - IMAGE_START, (1 << nSteps) - 1).fill(Infinity)
    target.set(table)
  }
  const trees = new TreePlacer(forest, image, { sets, columnOf, thresholds }).place()
  const leaves = align(rows + blockRows * forest.nFeatures * 8)
  const scores = align(leaves + blockRows * 4)
  return {
    image: new Uint8Array(image), blockRows, columns, ...trees, leafValues, rows, leaves, scores,
    end: scores + blockRows * forest.nOutputs * 8,
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 64) * 64
}

/** Steps of a binary search among n thresholds. */
function stepsFor(n: number): number {
  return 32 - Math.clz32(n)
}

/** Per numeric feature its thresholds, distinct and ascending. */
function thresholdsOf({ nodes, thresholds }: Forest): Map<number, Float64Array> {
  const all = new Map<number, Set<number>>()
  for (let n = 0; n < thresholds.length; n++) {
    const word = nodes[n * NODE_WORDS]!
    if ((word & 3) >= NodeKind.bitSet) continue
    const feature = word >> 2
    let found = all.get(feature)
    if (found === undefined) all.set(feature, found = new Set())
    found.add(thresholds[n]!)
  }
  return new Map([...all].map(([feature, found]) => [feature, Float64Array.from(found).sort()]))
}

/** Words of all sets, or -1 where there is one that has no bits or too many. */
function setWords({ nodes, thresholds, preparation }: Forest): number {
  let nWords = 0
  for (let n = 0; n < thresholds.length; n++) {
    const word = nodes[n * NODE_WORDS]!
    if ((word & 3) < NodeKind.bitSet) continue
    const nCategories = preparation[word >> 2]!
    if ((word & 3) === NodeKind.list || nCategories >= CODES) return -1
    nWords += (nCategories >>> 5) + 1
  }
  return nWords
}

/** The columns, their tables of thresholds and their codes. */
function placeColumns(
  { nodes, thresholds: { length: nNodes }, preparation }: Forest,
  thresholds: ReadonlyMap<number, Float64Array>, start: { tables: number, codes: number },
) {
  const keys = new Set<number>()
  for (let n = 0; n < nNodes; n++) keys.add(columnKey(nodes[n * NODE_WORDS]!, preparation))
  const sorted = [...keys].sort((a, b) => a - b)
  let blockRows = blockRowsMax
  while (blockRows > 4 * LANES && blockRows * 2 * sorted.length > codeBytesMax) blockRows /= 2
  const tableOf = new Map<number, number>()
  let table = start.tables
  let codes = start.codes
  const columnOf = new Map<number, number>()
  const columns = sorted.map((key): CodeColumn => {
    const feature = key >> 1
    const how = preparation[feature]!
    const nSteps = stepsFor(thresholds.get(feature)?.length ?? 0)
    if (how < 0 && !tableOf.has(feature)) {
      tableOf.set(feature, table)
      table += 8 << nSteps
    }
    const at = codes
    columnOf.set(key, at)
    codes += blockRows * 2
    return {
      feature, codes: at, nCategories: how >= 0 ? how : -1,
      thresholds: tableOf.get(feature) ?? 0, nSteps,
      missing: how === Preparation.none ? 0 : how === Preparation.nan ? 1 : 2,
      nanCode: (key & 1) === 1 ? 0 : CODES - 1,
    }
  })
  return { columns, columnOf, blockRows, end: align(codes) }
}

/** Tells columns apart: the feature, and whether missing values go left. */
function columnKey(word: number, preparation: Float64Array): number {
  const feature = word >> 2
  const canBeMissing = preparation[feature]! < 0 && preparation[feature] !== Preparation.none
  return feature << 1 | (canBeMissing && (word & 3) === NodeKind.nanLeft ? 1 : 0)
}

/** Writes the nodes and the sets of all trees. */
class TreePlacer {
  readonly #forest: Forest
  readonly #words: Int32Array
  readonly #columnOf: ReadonlyMap<number, number>
  /** Per feature: code by threshold. */
  readonly #codeOf: ReadonlyMap<number, ReadonlyMap<number, number>>
  /** A set of nothing. */
  readonly #noSet: number
  #nextSlot = IMAGE_START
  #nextSet: number
  #treeHasSets = false

  constructor(forest: Forest, image: ArrayBuffer, { sets, columnOf, thresholds }: {
    sets: number, columnOf: ReadonlyMap<number, number>,
    thresholds: ReadonlyMap<number, Float64Array>,
  }) {
    this.#forest = forest
    this.#words = new Int32Array(image)
    this.#columnOf = columnOf
    this.#codeOf = new Map([...thresholds].map(([feature, table]) =>
      [feature, new Map(Array.from(table, (value, code) => [value, code]))]))
    this.#noSet = sets
    this.#nextSet = sets + setBytes
  }

  place(): Pick<BlockForest, 'roots' | 'depthsMin' | 'hasSets'> {
    const { nTrees, roots: firstNodes } = this.#forest
    const roots = new Int32Array(nTrees)
    const depthsMin = new Int32Array(nTrees)
    const hasSets = new Uint8Array(nTrees)
    for (let t = 0; t < nTrees; t++) {
      roots[t] = this.#nextSlot
      this.#treeHasSets = false
      depthsMin[t] = this.#placeTree(firstNodes[t]!)
      hasSets[t] = Number(this.#treeHasSets)
    }
    return { roots, depthsMin, hasSets }
  }

  /** Level by level. Returns the depth of the leaf that is nearest to the root. */
  #placeTree(root: number): number {
    const { nodes } = this.#forest
    let level = [{ node: root, slot: this.#nextSlot }]
    this.#nextSlot += NODE_BYTES
    let depthMin = -1
    for (let depth = 0; level.length > 0; depth++) {
      const below: typeof level = []
      for (const { node, slot } of level) {
        if (node < 0) {
          if (depthMin < 0) depthMin = depth
          this.#placeLeaf(slot, ~node)
          continue
        }
        const left = this.#nextSlot
        this.#nextSlot += 2 * NODE_BYTES
        this.#placeNode(slot, node, left)
        below.push({ node: nodes[node * NODE_WORDS + 2]!, slot: left },
          { node: nodes[node * NODE_WORDS + 1]!, slot: left + NODE_BYTES })
      }
      level = below
    }
    return depthMin
  }

  #placeNode(slot: number, node: number, left: number): void {
    const { nodes, thresholds, preparation } = this.#forest
    const word = nodes[node * NODE_WORDS]!
    const codes = this.#columnOf.get(columnKey(word, preparation))!
    if ((word & 3) === NodeKind.bitSet) {
      this.#treeHasSets = true
      const set = this.#placeSet(nodes[node * NODE_WORDS + 3]!, preparation[word >> 2]!)
      this.#write(slot, codes, CODES - 1, left, set)
      return
    }
    const highest = this.#codeOf.get(word >> 2)!.get(thresholds[node]!)!
    this.#write(slot, codes, highest, left, this.#noSet)
  }

  #placeLeaf(slot: number, leaf: number): void {
    // Any codes will do: none is above it.
    const codes = this.#columnOf.values().next().value ?? 0
    this.#write(slot, codes, CODES + leaf, slot, this.#noSet)
  }

  #write(slot: number, codes: number, highest: number, left: number, set: number): void {
    this.#words.set([codes, highest, left, set], (slot - IMAGE_START) / 4)
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
