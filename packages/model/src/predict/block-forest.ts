/** A forest as the kernels of prediction take it: the bytes of it, and what is where. */

import {
  COLUMN_WORDS, LANES, NODE_BYTES, SET_NODE_BYTES, TREE_WORDS,
} from './block-kernels.js'
import { type Forest, NODE_WORDS, NodeKind, Preparation } from './forest.js'
import { columnId, IMAGE_START, TreePlacer } from './place-trees.js'

/** Keys of a feature; there are two where NaN goes left at some nodes and right at others. */
export interface KeyColumn {
  readonly feature: number
  /** Offset of its keys, `blockRows` i64. */
  readonly keys: number
  /** Number of categories, or -1 for a numeric feature. */
  readonly nCategories: number
  /** Of `keysOfDoubles`. */
  readonly missing: number
  readonly goesLeft: number
}

/** What one row is walked with. */
export interface RowTables {
  /** Columns for `keysOfRow`. */
  readonly columns: number
  /** Trees for `walkTrees` and for `walkTreesWithSets`, in multiples of 8. */
  readonly plainTrees: number
  readonly nPlainTrees: number
  readonly setTrees: number
  readonly nSetTrees: number
  /** i32, one per tree, and one more. */
  readonly leaves: number
}

/** Where everything is in the memory of the kernels, in bytes; `image` is the first of it. */
export interface BlockForest {
  /** Nodes, leaf values and sets: bytes [IMAGE_START, IMAGE_START + its length). */
  readonly image: Uint8Array
  /** Rows of a block: those whose keys there are at a time. */
  readonly blockRows: number
  /** Rows of a chunk, a multiple of blockRows: those that are brought at a time. */
  readonly chunkRows: number
  readonly columns: readonly KeyColumn[]
  /** Per tree. */
  readonly roots: Int32Array
  readonly depthsMin: Int32Array
  /** Per tree: 1 where some node has a set. */
  readonly hasSets: Uint8Array
  readonly leafValues: number
  /** chunkRows x features f64: the rows as they come. */
  readonly rows: number
  /** blockRows i32: leaves of one tree. */
  readonly leaves: number
  /** chunkRows f64 per output. */
  readonly scores: number
  /** For rows one by one. */
  readonly row: RowTables
  /** The first byte that is not used. */
  readonly end: number
}

/** Keys of a block should leave room for a tree in the first-level cache. */
const keyBytesMax = 1 << 14
const blockRowsMax = 256
const blockRowsMin = 4 * LANES
/** A chunk should stay in the second-level cache. */
const chunkBytesMax = 1 << 17

/** A larger forest is walked without kernels; the sum of eight offsets stays below 2^32. */
const imageBytesMax = 1 << 28

/** With more categories sets of all bits would take much more memory than the model. */
export const CATEGORIES_MAX = 0xffff

/**
 * Places a forest in memory. Time and memory are linear in the size of the model, but for sets of
 * categories, which have a bit for each.
 *
 * @returns null where kernels cannot walk it: a node tells few of very many categories apart, the
 *   forest would take too much memory, or there is nothing to walk
 */
export function placeForest(forest: Forest): BlockForest | null {
  const nWords = setWords(forest)
  if (nWords < 0 || forest.usedFeatures.length === 0) return null
  const hasSets = treesWithSets(forest)
  let nodesEnd = IMAGE_START
  for (let t = 0; t < forest.nTrees; t++) nodesEnd += treeBytes(forest, t, hasSets[t]!)
  const leafValues = alignTo(nodesEnd, 64)
  const sets = leafValues + forest.leafValues.length * 8
  // Before the first set there is one word of nothing.
  const tables = alignTo(sets + 4 + nWords * 4, 64)
  const imageBytes = tables - IMAGE_START + tableBytes(forest)
  if (imageBytes > imageBytesMax) return null

  const image = new ArrayBuffer(alignTo(imageBytes, 64))
  const values = new Float64Array(image, leafValues - IMAGE_START, forest.leafValues.length)
  values.set(forest.leafValues)
  // what these add is added by whoever has the rows, see BlockMachine.addLinear
  forest.linear?.forEach((own, leaf) => { if (own !== null) values[leaf] = 0 })
  const keys = placeColumns(forest, IMAGE_START + image.byteLength)
  const trees = new TreePlacer(forest, image, { sets, hasSets, columnOf: keys.columnOf }).place()
  const { columns, blockRows, end: rows } = keys
  const chunkRows = blockRows *
    Math.max(1, Math.floor(chunkBytesMax / (8 * forest.nFeatures * blockRows)))
  const leaves = alignTo(rows + chunkRows * forest.nFeatures * 8, 64)
  const treeLeaves = alignTo(leaves + blockRows * 4, 64)
  const scores = alignTo(treeLeaves + (forest.nTrees + 1) * 4, 64)
  const row = placeTables(image, tables, { columns, ...trees, hasSets, leaves: treeLeaves })
  return {
    image: new Uint8Array(image), blockRows, chunkRows, columns, ...trees, hasSets, leafValues,
    rows, leaves, scores, row, end: scores + chunkRows * forest.nOutputs * 8,
  }
}

/** No less than tables for one row take. */
function tableBytes({ nTrees, usedFeatures }: Forest): number {
  return 4 * (2 * usedFeatures.length * COLUMN_WORDS + (nTrees + 2 * LANES) * TREE_WORDS)
}

/** Writes the tables. A tree that is only there to make eight has its leaf behind the others. */
function placeTables(
  image: ArrayBuffer, start: number,
  { columns, roots, depthsMax, hasSets, leaves }: Pick<BlockForest,
    'columns' | 'roots' | 'hasSets' | 'leaves'> & { readonly depthsMax: Int32Array },
): RowTables {
  const words = new Int32Array(image)
  let at = (start - IMAGE_START) / 4
  const write = (table: readonly (readonly number[])[]): number => {
    const offset = IMAGE_START + at * 4
    for (const entry of table) {
      words.set(entry, at)
      at += entry.length
    }
    return offset
  }
  const treesOf = (wanted: number): number[][] => {
    // Eight take as long as the deepest one.
    const found = [...roots.keys()].filter((t) => hasSets[t] === wanted)
      .sort((a, b) => depthsMax[a]! - depthsMax[b]!)
    const trees = found.map((t) => [roots[t]!, leaves + t * 4])
    while (trees.length % LANES > 0) trees.push([roots[found[0]!]!, leaves + roots.length * 4])
    return trees
  }
  const plain = treesOf(0)
  const withSets = treesOf(1)
  return {
    columns: write(columns.map(({ feature, keys, nCategories, missing, goesLeft }) =>
      [feature * 8, keys, nCategories, missing, goesLeft, 0])),
    plainTrees: write(plain), nPlainTrees: plain.length,
    setTrees: write(withSets), nSetTrees: withSets.length,
    leaves,
  }
}

function alignTo(offset: number, bytes: number): number {
  return Math.ceil(offset / bytes) * bytes
}

/** Words of all sets, or -1 where there is one that has no bits or too many. */
function setWords({ nodes, thresholds, preparation }: Forest): number {
  let nWords = 0
  for (let n = 0; n < thresholds.length; n++) {
    const word = nodes[n * NODE_WORDS]!
    if ((word & 3) < NodeKind.bitSet) continue
    const nCategories = preparation[word >> 2]!
    if ((word & 3) === NodeKind.list || nCategories > CATEGORIES_MAX) return -1
    nWords += (nCategories >>> 5) + 1
  }
  return nWords
}

/** Per tree: 1 where some node has a set. */
function treesWithSets({ nodes, nTrees, firstLeaf, thresholds }: Forest): Uint8Array {
  const hasSets = new Uint8Array(nTrees)
  let node = 0
  for (let t = 0; t < nTrees; t++) {
    // A tree has one leaf more than nodes.
    const end = t + 1 < nTrees ? firstLeaf[t + 1]! - (t + 1) : thresholds.length
    for (; node < end; node++) {
      if ((nodes[node * NODE_WORDS]! & 3) >= NodeKind.bitSet) hasSets[t] = 1
    }
  }
  return hasSets
}

function treeBytes({ nTrees, firstLeaf, leafValues }: Forest, t: number, hasSets: number): number {
  const nLeaves = (t + 1 < nTrees ? firstLeaf[t + 1]! : leafValues.length) - firstLeaf[t]!
  return (2 * nLeaves - 1) * (hasSets === 1 ? SET_NODE_BYTES : NODE_BYTES)
}

/** The columns and their keys. */
function placeColumns(
  { nodes, thresholds: { length: nNodes }, preparation }: Forest, start: number,
) {
  const ids = new Set<number>()
  for (let n = 0; n < nNodes; n++) ids.add(columnId(nodes[n * NODE_WORDS]!, preparation))
  let blockRows = blockRowsMax
  while (blockRows > blockRowsMin && blockRows * 8 * ids.size > keyBytesMax) blockRows /= 2
  let end = start
  const columnOf = new Map<number, number>()
  const columns = [...ids].sort((a, b) => a - b).map((id): KeyColumn => {
    const feature = id >> 1
    const how = preparation[feature]!
    const keys = end
    columnOf.set(id, keys)
    end += blockRows * 8
    return {
      feature, keys, nCategories: how >= 0 ? how : -1,
      missing: how === Preparation.none ? 0 : how === Preparation.nan ? 1 : 2,
      goesLeft: id & 1,
    }
  })
  return { columns, columnOf, blockRows, end }
}
