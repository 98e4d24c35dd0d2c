/** Trees as a table: LightGBM's `trees_to_dataframe`. */

import { openThreshold } from '../predict/forest.js'
import { type IterationRange, resolveIterations } from '../predict/iterations.js'
import type { Model, Tree } from '../types.js'

/** A node or a leaf. What a leaf does not have is null. */
export interface TreeRow {
  /** Of the model, from 0; tree t is of class t mod the number of classes. */
  readonly treeIndex: number
  /** 1 for the root. */
  readonly nodeDepth: number
  /** "0-S2": node 2 of tree 0; "0-L3": its leaf 3. */
  readonly nodeIndex: string
  readonly leftChild: string | null
  readonly rightChild: string | null
  readonly parentIndex: string | null
  /** Name of the feature. */
  readonly splitFeature: string | null
  readonly splitGain: number | null
  /** Values up to this one go left; of a categorical split the categories, "a||b||c". */
  readonly threshold: number | string | null
  readonly decisionType: '<=' | '==' | null
  /** Where missing values go; where none are known as such ('None'), it is of no effect. */
  readonly missingDirection: 'left' | 'right' | null
  /** 'None' at categorical splits, too: what is in no set goes right. */
  readonly missingType: 'None' | 'NaN' | 'Zero' | null
  /** What the leaf adds to the raw score, the node would add; without the base score. */
  readonly value: number
  /** Sum of hessians; null in a tree of one leaf, as in LightGBM. */
  readonly weight: number | null
  /** Training rows; null in a tree of one leaf. */
  readonly count: number | null
}

/** The columns in LightGBM's order, and what they are called there. */
export const treeColumns: readonly (readonly [key: keyof TreeRow, name: string])[] = [
  ['treeIndex', 'tree_index'], ['nodeDepth', 'node_depth'], ['nodeIndex', 'node_index'],
  ['leftChild', 'left_child'], ['rightChild', 'right_child'], ['parentIndex', 'parent_index'],
  ['splitFeature', 'split_feature'], ['splitGain', 'split_gain'], ['threshold', 'threshold'],
  ['decisionType', 'decision_type'], ['missingDirection', 'missing_direction'],
  ['missingType', 'missing_type'], ['value', 'value'], ['weight', 'weight'], ['count', 'count'],
]

const missingTypes = { none: 'None', nan: 'NaN', zero: 'Zero' } as const

/**
 * One row per node and leaf: tree by tree, every node before what is below it, left before right.
 * Linear leaves have the value that they fall back on.
 *
 * @param options - `iterations` as for a predictor: by default up to `bestIteration`
 * @throws CoppiceError 'PARAMETER' for iterations outside the model
 */
export function treeRows(
  model: Model, options: { readonly iterations?: IterationRange | undefined } = {},
): TreeRow[] {
  const { trees, treesPerIteration: k } = model
  const [start, end] = resolveIterations(model, options.iterations)
  const rows: TreeRow[] = []
  for (let t = start * k; t < end * k; t++) addTree(model, trees[t]!, t, rows)
  return rows
}

function addTree(model: Model, tree: Tree, treeIndex: number, rows: TreeRow[]): void {
  const indexOf = (child: number): string =>
    `${treeIndex}-${child >= 0 ? `S${child}` : `L${~child}`}`
  // a stack, not recursion: a tree may be as deep as it has leaves
  const stack: { child: number, depth: number, parent: string | null }[] =
    [{ child: tree.splitFeature.length === 0 ? ~0 : 0, depth: 1, parent: null }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { child, depth, parent } = next
    const nodeIndex = indexOf(child)
    const place = { treeIndex, nodeDepth: depth, nodeIndex }
    if (child < 0) {
      rows.push({ ...place, ...noSplit, parentIndex: parent, ...leafFields(tree, ~child) })
      continue
    }
    const [left, right] = [tree.leftChild[child]!, tree.rightChild[child]!]
    rows.push({
      ...place, leftChild: indexOf(left), rightChild: indexOf(right), parentIndex: parent,
      ...splitFields(model, tree, child),
      value: tree.nodeValue[child]!, weight: tree.nodeWeight[child]!, count: tree.nodeCount[child]!,
    })
    stack.push({ child: right, depth: depth + 1, parent: nodeIndex })
    stack.push({ child: left, depth: depth + 1, parent: nodeIndex })
  }
}

const noSplit = {
  leftChild: null, rightChild: null, splitFeature: null, splitGain: null, threshold: null,
  decisionType: null, missingDirection: null, missingType: null,
} as const

function leafFields(tree: Tree, leaf: number): Pick<TreeRow, 'value' | 'weight' | 'count'> {
  const isAlone = tree.splitFeature.length === 0
  return {
    value: tree.leafValue[leaf]!,
    weight: isAlone ? null : tree.leafWeight[leaf]!,
    count: isAlone ? null : tree.leafCount[leaf]!,
  }
}

function splitFields({ features }: Model, tree: Tree, node: number): Pick<TreeRow,
  'splitFeature' | 'splitGain' | 'threshold' | 'decisionType' | 'missingDirection' | 'missingType'
> {
  const feature = features[tree.splitFeature[node]!]!
  const common = { splitFeature: feature.name, splitGain: tree.splitGain[node]! }
  if (feature.kind === 'categorical') {
    const names = tree.leftCategories[node]!.map((code) => String(feature.categories[code]))
    return { ...common, threshold: names.join('||'), decisionType: '==',
      missingDirection: 'right', missingType: 'None' }
  }
  return { ...common, threshold: openThreshold(tree.threshold[node]!), decisionType: '<=',
    missingDirection: tree.defaultLeft[node]! ? 'left' : 'right',
    missingType: missingTypes[feature.missing] }
}
