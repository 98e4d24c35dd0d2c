/** Leaves that are linear functions of their rows. */

import type { Model, Tree } from '../types.js'

export interface LinearLeaf {
  readonly constant: number
  readonly features: Int32Array
  readonly coefficients: Float64Array
  /** Of models that were trained here: infinite sums count as missing values do. */
  readonly isFinite: boolean
}

/** Per leaf of the trees; null where no tree is linear. */
export function linearLeavesOf(
  trees: readonly Tree[], { origin }: Pick<Model, 'origin'>,
): readonly (LinearLeaf | null)[] | null {
  if (trees.every(({ linear }) => linear === undefined)) return null
  return trees.flatMap(({ linear, leafValue }) => leafValue.map((_, leaf) =>
    linear === undefined ? null : {
      constant: linear.constant[leaf]!,
      features: Int32Array.from(linear.features[leaf]!),
      coefficients: Float64Array.from(linear.coefficients[leaf]!),
      isFinite: origin === undefined,
    }))
}

/**
 * What a linear leaf adds: constant + coefficient x value + ..., from left to right.
 * @param values - encoded rows before `prepareRows`: missing is NaN, zero is zero
 * @param base - where the row's values begin
 * @param step - from one feature's value to the next one's
 * @param fallback - the result where a value is NaN
 */
export function linearOutput(
  { constant, features, coefficients, isFinite }: LinearLeaf,
  values: Float64Array | Float32Array, base: number, step: number, fallback: number,
): number {
  let sum = constant
  for (let i = 0; i < features.length; i++) {
    sum += coefficients[i]! * values[base + features[i]! * step]!
  }
  if (sum - sum === 0) return sum
  const isMissing = isFinite || features.some((f) => Number.isNaN(values[base + f * step]!))
  return isMissing ? fallback : sum
}

/** The leaves of a forest. */
export interface ForestLeaves {
  readonly leafValues: Float64Array
  readonly linear: readonly (LinearLeaf | null)[] | null
}

/** What a leaf adds to the score of a row, given as for `linearOutput`. */
export function leafOutput(
  { leafValues, linear }: ForestLeaves, leaf: number, values: Float64Array | Float32Array,
  base: number, step = 1,
): number {
  const own = linear?.[leaf] ?? null
  return own === null ? leafValues[leaf]!
    : linearOutput(own, values, base, step, leafValues[leaf]!)
}
