import type { LinearLeaves } from '@coppice/model'
import type {
  BinnedTree, FeatureLayout, LinearSetup, MomentsLeaf, MomentsRequest,
} from '../execution/protocol.js'
import type { GrownTree } from '../grower/grown-tree.js'
import { outputLimit, type LinearPlan } from './linear-plan.js'
import { leafLength, momentsBatches, type MomentsPart } from './moments.js'
import { solveLeaf } from './solve-leaf.js'

/** Requests to the engines, each resumed with its answer. */
export type LinearFit<Result> = Generator<MomentsRequest, Result, MomentsPart>

/** What the leaves of a tree are fitted with. */
export interface FitTask {
  readonly plan: LinearPlan
  readonly setup: LinearSetup
  readonly features: readonly FeatureLayout[]
  readonly iteration: number
  readonly output: number
  readonly scales: { readonly gradient: number, readonly hessian: number }
  readonly shrinkage: number
  /** Added to all outputs. */
  readonly bias: number
}

/** LightGBM's kZeroThreshold: smaller coefficients are none. */
const COEFFICIENT_MIN = 1e-35

/**
 * Makes the leaves of a grown tree linear functions of the numeric features on their paths, as
 * LightGBM's LinearTreeLearner::CalculateLinear does: of the tree's rows (of the bag), those that
 * have all of these values. A leaf of fewer such rows than unknowns keeps its value. So do all
 * leaves of the first iteration, but of forests.
 */
export function* fitLeaves(task: FitTask, tree: GrownTree): LinearFit<GrownTree> {
  const { plan, iteration, output } = task
  const nLeaves = tree.binned.leafValue.length
  const isFirst = iteration === 0 && plan.goesOn !== true
  if (nLeaves === 1 || (isFirst && !plan.isForest)) return tree
  const fitted: Fitted = {
    constant: [...tree.binned.leafValue],
    features: Array.from({ length: nLeaves }, () => []),
    coefficients: Array.from({ length: nLeaves }, () => []),
  }
  const leaves = leafFeatures(tree.binned, task.features).map((features, leaf): MomentsLeaf =>
    ({ node: tree.leafNodes[leaf]!, features, count: tree.leafTotals[leaf]!.count }))
  let leaf = 0
  for (const batch of momentsBatches(leaves)) {
    const sums = yield { kind: 'moments', output, leaves: batch }
    let at = 0
    for (const { features } of batch) {
      fitLeaf(task, features, sums, at, fitted, leaf++)
      at += leafLength(features.length)
    }
  }
  const linear = { limit: outputLimit(plan, iteration, output), ...fitted }
  return { ...tree, binned: { ...tree.binned, linear } }
}

type Fitted = {
  readonly [K in keyof LinearLeaves]:
    LinearLeaves[K] extends readonly (infer Item)[] ? Item[] : never
}

function fitLeaf(
  task: FitTask, features: readonly number[], sums: MomentsPart, at: number, fitted: Fitted,
  leaf: number,
): void {
  const { plan, setup, scales, shrinkage, bias } = task
  const solution = solveLeaf(sums, at, {
    coarse: setup.coarse, fine: setup.fine,
    exponents: features.map((f) => setup.exponents[f]!),
    gradientScale: scales.gradient, hessianScale: scales.hessian, lambda: plan.lambda,
  })
  if (solution === null) return
  const used = [...features.keys()].filter((i) =>
    Math.abs(solution.coefficients[i]!) > COEFFICIENT_MIN)
  fitted.constant[leaf] = shrinkage * solution.constant + bias
  fitted.features[leaf] = used.map((i) => features[i]!)
  // + 0: a rounded -0 is 0
  fitted.coefficients[leaf] = used.map((i) => shrinkage * solution.coefficients[i]! + 0)
}

/** The numeric features on each leaf's path, ascending, once each. */
export function leafFeatures(
  { feature, leftChild, rightChild, leafValue }: BinnedTree,
  layouts: readonly FeatureLayout[],
): number[][] {
  const paths = new Array<number[]>(leafValue.length)
  const open: { readonly at: number, readonly path: readonly number[] }[] = [{ at: 0, path: [] }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { at, path } = next
    if (at < 0) {
      paths[~at] = [...new Set(path)].sort((a, b) => a - b)
      continue
    }
    const own = feature[at]!
    const below = layouts[own]!.isCategorical ? path : [...path, own]
    open.push({ at: leftChild[at]!, path: below }, { at: rightChild[at]!, path: below })
  }
  return paths
}
