import { makeDataset, withRawValues, withSlopes, type DataRecipe } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import type { TrainOptions } from '../../src/training/types.js'
import { mixedFeatures } from '../support/trainings.js'

/** Trainings that between them use all that a store does. */
export interface StoresTraining {
  readonly name: string
  readonly options: TrainOptions
}

const base = { seed: 5, nRows: 7000, features: mixedFeatures }

function training(
  name: string, recipe: DataRecipe, params: Readonly<Record<string, unknown>>,
): StoresTraining {
  const make = (own: DataRecipe): BinnedDataset => params['linearTree'] === true
    ? withSlopes(withRawValues(makeDataset(own))).data
    : params['numTarget'] === 3 ? withTargets(makeDataset(own).data) : makeDataset(own).data
  const data = make(recipe)
  const valid = make({ ...recipe, seed: 6, nRows: Math.ceil(recipe.nRows / 3) })
  const few = make({ ...recipe, seed: 7, nRows: 40 })
  const set = (each: typeof data) => ({ ...each, features: data.features })
  return {
    name,
    options: {
      params: { numIterations: 2, speculation: 4, isProvideTrainingMetric: true, ...params },
      train: data,
      evalSets: [{ name: 'valid', data: set(valid) }, { name: 'few', data: set(few) }],
    },
  }
}

/** Three labels of magnitudes that have no grid in common. */
function withTargets(data: BinnedDataset): BinnedDataset {
  const label = [...data.label!].flatMap((y) => [y, 3e12 * y * y, 1e-9 / (1 + y * y)])
  return { ...data, label: Float64Array.from(label) }
}

export const storesTrainings: readonly StoresTraining[] = [
  training('binary with bagging, weights, features by node, auc',
    { ...base, label: 'binary', weights: 'any' }, {
      objective: 'binary', numLeaves: 16, baggingFraction: 0.6, baggingFreq: 2,
      featureFractionBynode: 0.6, minDataPerGroup: 20, metric: ['auc', 'binary_logloss'],
    }),
  training('multiclass with init scores',
    { ...base, label: { classes: 3 }, initScore: true }, {
      objective: 'multiclass', numClass: 3, numLeaves: 9, baggingFraction: 0.8, baggingFreq: 1,
      metric: ['multi_logloss', 'multi_error'],
    }),
  training('absolute error with bagging and weights, whose leaves are medians',
    { ...base, label: 'counts', weights: 'any' }, {
      objective: 'regression_l1', numLeaves: 12, baggingFraction: 0.6, baggingFreq: 1,
      metric: ['l1'],
    }),
  training('regression with init scores and bagging, depth-wise',
    { ...base, label: 'heavy-tailed', initScore: true, weights: 'whole' }, {
      numLeaves: 20, growPolicy: 'depthwise', maxDepth: 6, baggingFraction: 0.5, baggingFreq: 1,
      metric: ['l1', 'rmse'],
    }),
  training('goss of classes with extra trees',
    { ...base, label: { classes: 3 } }, {
      objective: 'multiclass', numClass: 3, numLeaves: 9, dataSampleStrategy: 'goss',
      learningRate: 1.5, extraTrees: true, metric: ['multi_logloss'],
    }),
  training('linear leaves with bagging and weights',
    { ...base, nRows: 2500, label: 'regression', weights: 'any' }, {
      linearTree: true, linearLambda: 0.5, numIterations: 3, numLeaves: 6, baggingFraction: 0.7,
      baggingFreq: 1, metric: ['l2'],
    }),
  training('features elected by votes, with bagging and weights',
    { ...base, label: 'binary', weights: 'any' }, {
      objective: 'binary', numLeaves: 14, treeLearner: 'voting', topK: 2, baggingFraction: 0.7,
      baggingFreq: 1, minDataPerGroup: 20, metric: ['binary_logloss'],
    }),
  training('several numbers, each of its own magnitude, by votes and drawn by their gradients',
    { ...base, nRows: 2500, label: 'regression', weights: 'any' }, {
      objective: 'multi_regression', numTarget: 3, numLeaves: 8, dataSampleStrategy: 'goss',
      learningRate: 1.5, treeLearner: 'voting', topK: 2, metric: ['l2'],
    }),
  training('binary with shares of the classes',
    { ...base, label: 'binary' }, {
      objective: 'binary', numLeaves: 9, posBaggingFraction: 0.5, baggingFreq: 1, metric: ['auc'],
    }),
]
