import type { Model } from '../../src/types.js'
import { withChain } from './random-model.js'

/** The example of FORMAT.md: one numeric and one categorical split, two iterations. */
export const exampleModel: Model = withChain({
  format: 'coppice-model',
  formatVersion: 1,
  objective: { name: 'binary', sigmoid: 1 },
  classes: ['no', 'yes'],
  features: [
    { name: 'age', kind: 'numeric', missing: 'nan' },
    { name: 'color', kind: 'categorical', categories: ['blue', 'green', 'red'] },
  ],
  treesPerIteration: 1,
  baseScores: [-0.25],
  parameters: { learning_rate: 0.1, max_bin: 255, num_leaves: 3, objective: 'binary' },
  trees: [
    {
      splitFeature: [0, 1], splitGain: [12.5, 3.75], threshold: [40.5, null],
      leftCategories: [null, [0, 2]], defaultLeft: [true, false],
      leftChild: [1, -1], rightChild: [-2, -3],
      nodeValue: [0, -0.0625], nodeWeight: [2.5, 1.5], nodeCount: [10, 6],
      leafValue: [-0.125, 0.09375, 0.03125], leafWeight: [1, 1, 0.5], leafCount: [4, 4, 2],
    },
    {
      splitFeature: [], splitGain: [], threshold: [], leftCategories: [], defaultLeft: [],
      leftChild: [], rightChild: [], nodeValue: [], nodeWeight: [], nodeCount: [],
      leafValue: [0.015625], leafWeight: [2.5], leafCount: [10],
    },
  ],
  bestIteration: 1,
  evaluation: [
    { dataset: 'valid', metric: 'binary_logloss', iterations: [0, 1], values: [0.6, 0.625] },
  ],
})
