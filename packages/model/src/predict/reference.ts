/**
 * Prediction as the format defines it, word for word and without any preparation: the oracle of
 * the compiled predictor, and the shortest answer to what a model means.
 */

import type { Model, Tree } from '../types.js'
import { openThreshold } from './forest.js'
import type { IterationRange } from './iterations.js'

/** The float32 1e-35. */
const ZERO = 1.0000000180025095e-35

/** A value as the reference takes it; null is missing. */
export type ReferenceCell = number | string | null

/** The leaf of `tree` that the row reaches. */
export function referenceLeaf(model: Model, tree: Tree, row: readonly ReferenceCell[]): number {
  const walk = (child: number): number => {
    if (child < 0) return ~child
    const next = goesLeft(model, tree, child, row) ? tree.leftChild : tree.rightChild
    return walk(next[child]!)
  }
  return walk(tree.splitFeature.length > 0 ? 0 : ~0)
}

function goesLeft(
  model: Model, tree: Tree, node: number, row: readonly ReferenceCell[],
): boolean {
  const feature = model.features[tree.splitFeature[node]!]!
  const cell = row[tree.splitFeature[node]!]!
  if (feature.kind === 'categorical') {
    const value = feature.truncates === true ? Math.trunc(Number(cell ?? NaN)) : cell
    const code = feature.categories.findIndex((category) => category === value)
    return code >= 0 && tree.leftCategories[node]!.includes(code)
  }
  const x = cell === null ? NaN : Number(cell)
  const threshold = openThreshold(tree.threshold[node]!)
  switch (feature.missing) {
    case 'none': return (Number.isNaN(x) ? 0 : x) <= threshold
    case 'nan': return Number.isNaN(x) ? tree.defaultLeft[node]! : x <= threshold
    case 'zero': {
      const isMissing = Number.isNaN(x) || (x > -ZERO && x <= ZERO)
      return isMissing ? tree.defaultLeft[node]! : x <= threshold
    }
  }
}

/** What a leaf adds to the score of the row. */
function outputOf(
  { origin }: Model, { linear, leafValue }: Tree, leaf: number, row: readonly ReferenceCell[],
): number {
  if (linear === undefined) return leafValue[leaf]!
  const values = linear.features[leaf]!.map((f) => row[f] === null ? NaN : Number(row[f]))
  if (values.some(Number.isNaN)) return leafValue[leaf]!
  const sum = values.reduce((left, x, i) => left + linear.coefficients[leaf]![i]! * x,
    linear.constant[leaf]!)
  return origin === undefined && !Number.isFinite(sum) ? leafValue[leaf]! : sum
}

/** Raw scores of one row: treesPerIteration values. */
export function referenceRaw(
  model: Model, row: readonly ReferenceCell[], [start, end]: IterationRange,
): number[] {
  const scores = model.baseScores.map((score) => score + 0)
  const k = model.treesPerIteration
  for (let t = start * k; t < end * k; t++) {
    const tree = model.trees[t]!
    scores[t % k]! += outputOf(model, tree, referenceLeaf(model, tree, row), row)
  }
  return scores
}
