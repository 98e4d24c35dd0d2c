import type { Feature, Tree } from '../types.js'

/** What a tree needs to know of its model. */
export interface TreeContext {
  readonly features: readonly Feature[]
  /** The numbers that stand for the categories of a feature, by code. */
  readonly valuesOf: (feature: Feature) => readonly number[]
  /** Added to every leaf: exactly what a score that begins with it would get. */
  readonly bias: number
  readonly shrinkage: number
}

const missingBits = { none: 0, zero: 4, nan: 8 } as const

/** The fields of a tree in LightGBM's order; every line ends with a newline. */
export function formatTree(tree: Tree, context: TreeContext): string {
  const { features, valuesOf, bias, shrinkage } = context
  const { linear } = tree
  const bounds = [0]
  const words: number[] = []
  const thresholds = tree.threshold.map((threshold, i) => {
    if (threshold !== null) return threshold === Number.MAX_VALUE ? 'inf' : String(threshold)
    const values = valuesOf(features[tree.splitFeature[i]!]!)
    for (const word of bitsOf(tree.leftCategories[i]!.map((code) => values[code]!))) {
      words.push(word)
    }
    return String(bounds.push(words.length) - 2)
  })
  const types = tree.splitFeature.map((f, i) => {
    const feature = features[f]!
    return feature.kind === 'categorical' ? 1
      : missingBits[feature.missing] | (tree.defaultLeft[i]! ? 2 : 0)
  })
  const nCategorical = bounds.length - 1
  const add = (value: number): number => value + bias
  const lines: [string, readonly (string | number)[]][] = [
    ['num_leaves', [tree.leafValue.length]],
    ['num_cat', [nCategorical]],
    ['split_feature', tree.splitFeature],
    ['split_gain', tree.splitGain],
    ['threshold', thresholds],
    ['decision_type', types],
    ['left_child', tree.leftChild],
    ['right_child', tree.rightChild],
    ['leaf_value', tree.leafValue.map(add)],
    ['leaf_weight', tree.leafWeight],
    ['leaf_count', tree.leafCount],
    ['internal_value', tree.nodeValue.map(add)],
    ['internal_weight', tree.nodeWeight],
    ['internal_count', tree.nodeCount],
    ...(nCategorical === 0 ? []
      : [['cat_boundaries', bounds], ['cat_threshold', words]] as [string, number[]][]),
    ['is_linear', [linear === undefined ? 0 : 1]],
    ...(linear === undefined ? [] : [
      ['leaf_const', linear.constant.map(add)],
      ['num_features', linear.features.map(({ length }) => length)],
      ['leaf_features', linear.features.flat()],
      ['leaf_coeff', linear.coefficients.flat()],
    ] as [string, number[]][]),
    ['shrinkage', [shrinkage]],
  ]
  return lines.map(([name, values]) => `${name}=${values.join(' ')}\n`).join('')
}

/** A set of numbers as words of 32 bits. */
function bitsOf(values: readonly number[]): Uint32Array {
  const highest = values.reduce((most, value) => Math.max(most, value), 0)
  const words = new Uint32Array((highest >>> 5) + 1)
  for (const value of values) words[value >>> 5]! |= 1 << (value & 31)
  return words
}
