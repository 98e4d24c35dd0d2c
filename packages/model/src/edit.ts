/** Models made of others: fewer iterations, other leaf values. */
import { CoppiceError } from './errors.js'
import { chainOf } from './format/chain.js'
import { describe } from './text.js'
import type { Model, Tree } from './types.js'

/**
 * The first iterations of a model, as a model of their own: what training would have given by then,
 * but for DART, whose trees were rescaled since. Metrics of later iterations are left out, biases
 * of positions, and the best iteration where it was later.
 *
 * @param nIterations - from 0 to those of the model
 * @throws CoppiceError 'PARAMETER'
 */
export function truncateModel(model: Model, nIterations: number): Model {
  const { trees, treesPerIteration, bestIteration, evaluation, earlier, origin } = model
  const { positionBiases: _ofTheEnd, ...rest } = model
  const most = trees.length / treesPerIteration
  if (!Number.isInteger(nIterations) || nIterations < 0 || nIterations > most) {
    throw new CoppiceError('PARAMETER', `the number of iterations to keep must be an integer ` +
      `from 0 to ${most}, those of the model; got ${describe(nIterations)}`)
  }
  if (nIterations === most) return model
  const nTrees = nIterations * treesPerIteration
  let nLeft = nIterations
  const truncated: Omit<Model, 'chainHash'> = {
    ...rest,
    trees: trees.slice(0, nTrees),
    bestIteration: (bestIteration ?? Infinity) > nIterations ? null : bestIteration,
    evaluation: evaluation.map((series) => {
      const n = series.iterations.filter((iteration) => iteration < nIterations).length
      return {
        ...series, iterations: series.iterations.slice(0, n), values: series.values.slice(0, n),
      }
    }),
    ...(earlier === undefined ? {} : { earlier: earlier.map((training) => {
      const iterations = Math.min(training.iterations, nLeft)
      nLeft -= iterations
      return { ...training, iterations }
    }) }),
    ...(origin === undefined ? {}
      : { origin: { ...origin, shrinkage: origin.shrinkage.slice(0, nTrees) } }),
  }
  return { ...truncated, chainHash: chainOf(truncated) }
}

/**
 * The model with another value in one leaf. What was measured of the old one is left out.
 *
 * @param tree, leaf - indices, from 0
 * @param value - what the leaf adds to the raw score, learning rate included
 * @throws CoppiceError 'PARAMETER' for a leaf that there is not, or that is a linear function
 */
export function withLeafValue(model: Model, tree: number, leaf: number, value: number): Model {
  leafValueOf(model, tree, leaf)
  const old = model.trees[tree]!
  if (!Number.isFinite(value)) {
    throw new CoppiceError('PARAMETER',
      `the value of a leaf must be a finite number, got ${describe(value)}`)
  }
  if (old.linear !== undefined) {
    throw new CoppiceError('PARAMETER', `the leaves of tree ${tree} are linear functions, so ` +
      'that a value says little of what they add; train without linear_tree to set values')
  }
  const changed: Tree = { ...old, leafValue: old.leafValue.with(leaf, value + 0) }
  const other = { ...model, trees: model.trees.with(tree, changed), evaluation: [] }
  return { ...other, chainHash: chainOf(other) }
}

/** What a leaf adds to the raw score. @throws CoppiceError 'PARAMETER' for one that there is not */
export function leafValueOf({ trees }: Model, tree: number, leaf: number): number {
  requireIndex('tree', tree, trees.length)
  const { leafValue } = trees[tree]!
  requireIndex(`leaf of tree ${tree}`, leaf, leafValue.length)
  return leafValue[leaf]!
}

function requireIndex(what: string, index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return
  throw new CoppiceError('PARAMETER',
    `the ${what} must be an index from 0 to ${length - 1}, got ${describe(index)}`)
}
