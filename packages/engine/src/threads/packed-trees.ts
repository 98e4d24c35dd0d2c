import type { BinnedTree } from '../execution/protocol.js'
import { readTotals, writeTotals } from '../execution/leaf-codec.js'
import { commitBytes } from '../execution/request-codec.js'
import { Reader, Writer } from '../execution/request-bytes.js'
import { readTree, writeTree } from '../execution/tree-codec.js'
import type { GrownTree } from '../grower/grown-tree.js'
import type { SplitCandidate } from '../kernels/candidate.js'

/** A tree of an iteration. */
export interface OutputTree {
  readonly output: number
  readonly tree: GrownTree
}

/**
 * Trees on their way to another thread. As they are, the few hundred objects of each would be
 * copied one by one, which takes as long as to find some of their splits.
 */
export interface PackedTrees {
  readonly outputs: readonly number[]
  /** To be transferred. */
  readonly bytes: ArrayBuffer
}

/** Beside the binned tree: of a split, of a leaf, and of all. */
const SPLIT_BYTES = 64
const LEAF_BYTES = 24
const HEAD_BYTES = 32

const DEFAULT_LEFT = 1
const CATEGORICAL = 2
const CAT_L2 = 4

export function packTrees(trees: readonly OutputTree[]): PackedTrees {
  const nBytes = trees.reduce((sum, { tree: { binned, splits, leafNodes } }) =>
    sum + commitBytes(binned) + HEAD_BYTES + splits.length * SPLIT_BYTES +
      leafNodes.length * LEAF_BYTES, 0)
  const bytes = new ArrayBuffer(nBytes)
  const w = new Writer(new Uint8Array(bytes))
  for (const { tree } of trees) write(w, tree)
  return { outputs: trees.map(({ output }) => output), bytes }
}

/** All trees of an iteration, by output. */
export function unpackTrees(packed: readonly PackedTrees[]): GrownTree[] {
  const trees: GrownTree[] = []
  for (const { outputs, bytes } of packed) {
    const r = new Reader(new Uint8Array(bytes))
    for (const output of outputs) trees[output] = read(r)
  }
  return trees
}

function write(w: Writer, tree: GrownTree): void {
  const { binned, splits, nodeTotals, nodeValue, leafTotals, leafNodes, statistics } = tree
  writeTree(w, binned)
  for (const [i, split] of splits.entries()) {
    w.double(split.gain)
    w.int(split.bin)
    w.int((split.defaultLeft ? DEFAULT_LEFT : 0) | (split.isCategorical ? CATEGORICAL : 0) |
      (split.usesCatL2 ? CAT_L2 : 0))
    writeTotals(w, split.left)
    writeTotals(w, nodeTotals[i]!)
    w.double(nodeValue[i]!)
  }
  for (const totals of leafTotals) writeTotals(w, totals)
  w.ints(leafNodes)
  w.int(statistics.rounds)
  w.int(statistics.expansions)
  w.int(statistics.dropped)
}

function read(r: Reader): GrownTree {
  const binned = readTree(r)
  const nodeTotals: GrownTree['nodeTotals'][number][] = []
  const nodeValue: number[] = []
  const splits = binned.feature.map((_, i) => {
    const split = readSplit(r, binned, i)
    nodeTotals.push(readTotals(r))
    nodeValue.push(r.double())
    return split
  })
  return {
    binned,
    splits,
    nodeTotals,
    nodeValue,
    leafTotals: binned.leafValue.map(() => readTotals(r)),
    leafNodes: r.ints() ?? [],
    statistics: { rounds: r.int(), expansions: r.int(), dropped: r.int() },
  }
}

function readSplit(r: Reader, { feature, leftBins }: BinnedTree, i: number): SplitCandidate {
  const gain = r.double()
  const bin = r.int()
  const flags = r.int()
  const isCategorical = (flags & CATEGORICAL) !== 0
  return {
    gain,
    feature: feature[i]!,
    bin,
    defaultLeft: (flags & DEFAULT_LEFT) !== 0,
    isCategorical,
    usesCatL2: (flags & CAT_L2) !== 0,
    leftBins: isCategorical ? leftBins[i]! : null,
    left: readTotals(r),
  }
}
