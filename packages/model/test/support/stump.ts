import type { Feature, Model, Tree } from '../../src/types.js'
import { withChain } from './random-model.js'

/** One split at node 0: leaf 0 left, leaf 1 right. */
export function stump(feature: Feature, split: {
  threshold?: number, leftCategories?: readonly number[], defaultLeft?: boolean,
}): Model {
  const tree: Tree = {
    splitFeature: [0], splitGain: [1], threshold: [split.threshold ?? null],
    leftCategories: [split.leftCategories ?? null], defaultLeft: [split.defaultLeft ?? false],
    leftChild: [-1], rightChild: [-2], nodeValue: [0], nodeWeight: [2], nodeCount: [2],
    leafValue: [-1, 1], leafWeight: [1, 1], leafCount: [1, 1],
  }
  return withChain({
    format: 'coppice-model', formatVersion: 1, objective: { name: 'regression' }, classes: null,
    features: [feature], treesPerIteration: 1, baseScores: [0], trees: [tree],
    bestIteration: null, parameters: {}, evaluation: [],
  })
}
