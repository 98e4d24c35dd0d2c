import type { LinearLeaves } from '@coppice/model'
import type { BinnedTree } from '../execution/protocol.js'

/** Linear leaves times a factor. */
export function scaleLinear<Leaves extends LinearLeaves>(
  linear: Leaves, factor: number,
): Leaves {
  return {
    ...linear,
    constant: linear.constant.map((value) => value * factor),
    coefficients: linear.coefficients.map((own) => own.map((value) => value * factor)),
  }
}

/** The tree that takes a tree out of the scores again, bit for bit. */
export function negateTree(tree: BinnedTree): BinnedTree {
  const negated = { ...tree, leafValue: tree.leafValue.map((value) => -value) }
  const { linear } = tree
  return linear === undefined ? negated : { ...negated, linear: scaleLinear(linear, -1) }
}
