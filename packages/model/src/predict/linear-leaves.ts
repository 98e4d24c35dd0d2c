/** Leaves that are linear functions of their rows. */

import type { Tree } from '../types.js'

export interface LinearLeaf {
  readonly constant: number
  readonly features: Int32Array
  readonly coefficients: Float64Array
}

/** Per leaf of the trees; null where no tree is linear. */
export function linearLeavesOf(trees: readonly Tree[]): readonly (LinearLeaf | null)[] | null {
  if (trees.every(({ linear }) => linear === undefined)) return null
  return trees.flatMap(({ linear, leafValue }) => leafValue.map((_, leaf) =>
    linear === undefined ? null : {
      constant: linear.constant[leaf]!,
      features: Int32Array.from(linear.features[leaf]!),
      coefficients: Float64Array.from(linear.coefficients[leaf]!),
    }))
}

/**
 * What a linear leaf adds: constant + coefficient x value + ..., from left to right.
 * @param values - encoded rows before `prepareRows`: missing is NaN, zero is zero
 * @param fallback - the result where a value is NaN
 */
export function linearOutput(
  { constant, features, coefficients }: LinearLeaf, values: Float64Array, base: number,
  fallback: number,
): number {
  let sum = constant
  for (let i = 0; i < features.length; i++) {
    const x = values[base + features[i]!]!
    if (x !== x) return fallback
    sum += coefficients[i]! * x
  }
  return sum
}

/** The leaves of a forest. */
export interface ForestLeaves {
  readonly leafValues: Float64Array
  readonly linear: readonly (LinearLeaf | null)[] | null
}

/** What a leaf adds to the score of a row, given as for `linearOutput`. */
export function leafOutput(
  { leafValues, linear }: ForestLeaves, leaf: number, values: Float64Array, base: number,
): number {
  const own = linear?.[leaf] ?? null
  return own === null ? leafValues[leaf]! : linearOutput(own, values, base, leafValues[leaf]!)
}
