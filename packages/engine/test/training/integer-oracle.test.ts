import assert from 'node:assert/strict'
import { serializeModel } from '@coppice/model'
import { makeDataset, trainByIntegerOracle, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { train } from '../../src/training/train.js'

interface Case {
  readonly name: string
  readonly data: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
}

const mixed: DataRecipe['features'] = [
  { kind: 'numeric', bins: 12, missing: 'nan' },
  { kind: 'categorical', categories: 9 },
  { kind: 'numeric', bins: 7, missing: 'zero' },
  { kind: 'numeric', bins: 2 },
  { kind: 'categorical', categories: 3 },
  { kind: 'numeric', bins: 20, order: 'sorted' },
  { kind: 'numeric', bins: 12, missing: 'nan', copyOf: 0 },
]
const numeric: DataRecipe['features'] = [
  { kind: 'numeric', bins: 15 },
  { kind: 'numeric', bins: 6, missing: 'nan', missingShare: 0.3 },
  { kind: 'numeric', bins: 6, missing: 'zero', missingShare: 0.3 },
  { kind: 'numeric', bins: 9, order: 'skewed' },
]
/** Rows of several tiles, the last one narrower. */
const wide: DataRecipe['features'] = Array.from({ length: 131 }, (_, f) => numeric[f % 4]!)
/** Mostly one value each, so that some are never off it in the same row. */
const sparse: DataRecipe['features'] = [
  ...Array.from({ length: 90 }, (_, f): DataRecipe['features'][number] => f % 4 === 3
    ? { kind: 'categorical', categories: 2 + f % 5, order: 'rare', missingShare: 0.01 }
    : { kind: 'numeric', bins: 2 + f % 3, order: 'rare', missingShare: 0.01,
      missing: (['none', 'zero', 'nan'] as const)[f % 3]! }),
  ...numeric,
]
const small = { minDataInLeaf: 3, numLeaves: 8, numIterations: 4, minDataPerGroup: 5, catSmooth: 2 }

const base = { seed: 1, nRows: 300, features: mixed, label: 'regression' } as const
const binary = { ...base, label: 'binary' } as const
const multiclass = { ...base, label: { classes: 3 } } as const

const cases: readonly Case[] = [
  { name: 'regression', data: base, params: small },
  { name: 'regression with default limits', data: { ...base, nRows: 700 },
    params: { numIterations: 3 } },
  { name: 'binary', data: binary, params: { ...small, objective: 'binary' } },
  { name: 'multiclass', data: multiclass,
    params: { ...small, objective: 'multiclass', numClass: 3 } },
  { name: 'heavy-tailed labels', data: { ...base, label: 'heavy-tailed' }, params: small },
  { name: 'whole weights', data: { ...base, weights: 'whole' }, params: small },
  { name: 'any weights, some 0', data: { ...binary, weights: 'any' },
    params: { ...small, objective: 'binary' } },
  { name: 'weights and classes', data: { ...multiclass, weights: 'any' },
    params: { ...small, objective: 'multiclass', numClass: 3 } },
  { name: 'more features than a tile', data: { ...base, features: wide }, params: small },
  { name: 'more features than a tile, bagging and classes',
    data: { ...multiclass, features: [...wide, ...mixed.slice(0, -1)] },
    params: { ...small, objective: 'multiclass', numClass: 3, baggingFraction: 0.5,
      baggingFreq: 1, featureFraction: 0.6 } },
  { name: 'sparse features', data: { ...base, features: sparse }, params: small },
  { name: 'sparse features, bagging and classes', data: { ...multiclass, features: sparse },
    params: { ...small, objective: 'multiclass', numClass: 3, baggingFraction: 0.5,
      baggingFreq: 1, featureFraction: 0.6 } },
  { name: 'init scores', data: { ...base, initScore: true, weights: 'any' }, params: small },
  { name: 'init scores of classes', data: { ...multiclass, initScore: true },
    params: { ...small, objective: 'multiclass', numClass: 3 } },
  { name: 'no boost from average', data: multiclass,
    params: { ...small, objective: 'multiclass', numClass: 3, boostFromAverage: false } },
  { name: 'bagging', data: base,
    params: { ...small, baggingFraction: 0.6, baggingFreq: 2, baggingSeed: 9, numIterations: 5 } },
  { name: 'bagging with weights and classes', data: { ...multiclass, weights: 'any' },
    params: { ...small, objective: 'multiclass', numClass: 3, baggingFraction: 0.4,
      baggingFreq: 1 } },
  { name: 'feature_fraction', data: base,
    params: { ...small, featureFraction: 0.5, featureFractionSeed: 77, numIterations: 6 } },
  { name: 'feature_fraction_bynode', data: binary,
    params: { ...small, objective: 'binary', featureFraction: 0.8, featureFractionBynode: 0.4 } },
  { name: 'one category against the rest', data: base, params: { ...small, maxCatToOnehot: 20 } },
  { name: 'all categories in order', data: base,
    params: { ...small, maxCatToOnehot: 1, catL2: 0.5, catSmooth: 0 } },
  { name: 'few categories on the left', data: base,
    params: { ...small, maxCatThreshold: 2, minDataPerGroup: 1 } },
  { name: 'large groups', data: { ...base, nRows: 600 },
    params: { ...small, minDataPerGroup: 60 } },
  { name: 'features elected by votes', data: base,
    params: { ...small, treeLearner: 'voting', topK: 1 } },
  { name: 'votes on more features than a tile', data: { ...base, features: wide },
    params: { ...small, treeLearner: 'voting', topK: 3, numLeaves: 12 } },
  { name: 'votes, bagging, sampled features, classes',
    data: { ...multiclass, weights: 'any', features: [...sparse, ...mixed] },
    params: { ...small, objective: 'multiclass', numClass: 3, baggingFraction: 0.6,
      baggingFreq: 1, featureFractionBynode: 0.6, treeLearner: 'voting', topK: 4, lambdaL1: 0.2 } },
  { name: 'as many seats as features', data: base,
    params: { ...small, treeLearner: 'voting', topK: 4 } },
  { name: 'max_depth', data: base, params: { ...small, maxDepth: 2 } },
  { name: 'min_data_in_leaf', data: base, params: { ...small, minDataInLeaf: 40 } },
  { name: 'min_sum_hessian_in_leaf', data: binary,
    params: { ...small, objective: 'binary', minSumHessianInLeaf: 9, minDataInLeaf: 0 } },
  { name: 'lambda_l1', data: base, params: { ...small, lambdaL1: 15 } },
  { name: 'lambda_l1 and lambda_l2', data: binary,
    params: { ...small, objective: 'binary', lambdaL1: 0.5, lambdaL2: 3 } },
  { name: 'max_delta_step', data: base, params: { ...small, maxDeltaStep: 0.7, lambdaL1: 2 } },
  { name: 'max_delta_step on classes', data: multiclass,
    params: { ...small, objective: 'multiclass', numClass: 3, maxDeltaStep: 0.2 } },
  { name: 'min_gain_to_split', data: base, params: { ...small, minGainToSplit: 40 } },
  { name: 'depth-wise growth', data: base,
    params: { ...small, growPolicy: 'depthwise', numLeaves: 11 } },
  { name: 'depth-wise with max_depth', data: binary,
    params: { ...small, objective: 'binary', growPolicy: 'depthwise', maxDepth: 3 } },
  { name: 'scale_pos_weight', data: binary,
    params: { ...small, objective: 'binary', scalePosWeight: 3.7 } },
  { name: 'is_unbalance', data: binary, params: { ...small, objective: 'binary',
    isUnbalance: true } },
  { name: 'sigmoid', data: { ...binary, weights: 'any' },
    params: { ...small, objective: 'binary', sigmoid: 2.5 } },
  { name: 'deep trees with single rows', data: { ...base, nRows: 120, features: numeric },
    params: { ...small, minDataInLeaf: 1, numLeaves: 60, minSumHessianInLeaf: 0 } },
  { name: 'learning rate 1 until nothing is left', data: { ...base, nRows: 60 },
    params: { minDataInLeaf: 1, numLeaves: 60, numIterations: 40, learningRate: 1 } },
  { name: 'reg_sqrt', data: { ...base, weights: 'any' }, params: { ...small, regSqrt: true } },
  { name: 'huber', data: { ...base, label: 'heavy-tailed' },
    params: { ...small, objective: 'huber', alpha: 2 } },
  { name: 'regression_l1', data: { ...base, label: 'heavy-tailed' },
    params: { ...small, objective: 'regression_l1' } },
  { name: 'regression_l1 with weights, ties and bagging',
    data: { ...base, label: 'counts', weights: 'whole' },
    params: { ...small, objective: 'regression_l1', baggingFraction: 0.6, baggingFreq: 2 } },
  { name: 'quantile', data: { ...base, label: 'heavy-tailed', weights: 'any' },
    params: { ...small, objective: 'quantile', alpha: 0.8 } },
  { name: 'quantile with init scores', data: { ...base, initScore: true },
    params: { ...small, objective: 'quantile', alpha: 0.15 } },
  { name: 'quantile of counts from 0', data: { ...base, label: 'counts' },
    params: { ...small, objective: 'quantile', boostFromAverage: false } },
  { name: 'mape', data: { ...base, label: 'heavy-tailed' },
    params: { ...small, objective: 'mape', learningRate: 1 } },
  { name: 'mape with weights', data: { ...base, label: 'heavy-tailed', weights: 'any' },
    params: { ...small, objective: 'mape' } },
  { name: 'fair', data: { ...base, weights: 'whole' },
    params: { ...small, objective: 'fair', fairC: 0.5 } },
  { name: 'poisson', data: { ...base, label: 'counts' },
    params: { ...small, objective: 'poisson' } },
  { name: 'poisson with weights and init scores, large steps',
    data: { ...base, label: 'counts', weights: 'any', initScore: true },
    params: { ...small, objective: 'poisson', poissonMaxDeltaStep: 0.1, learningRate: 0.9 } },
  { name: 'gamma', data: { ...base, label: 'amounts', weights: 'any' },
    params: { ...small, objective: 'gamma' } },
  { name: 'tweedie', data: { ...base, label: 'counts', weights: 'any' },
    params: { ...small, objective: 'tweedie', tweedieVariancePower: 1.2 } },
  { name: 'cross_entropy', data: { ...base, label: 'shares', weights: 'any' },
    params: { ...small, objective: 'cross_entropy' } },
  { name: 'cross_entropy_lambda', data: { ...base, label: 'shares' },
    params: { ...small, objective: 'cross_entropy_lambda' } },
  { name: 'cross_entropy_lambda with exposures',
    data: { ...base, label: 'shares', weights: 'positive' },
    params: { ...small, objective: 'cross_entropy_lambda' } },
  { name: 'multiclassova', data: { ...multiclass, weights: 'any' },
    params: { ...small, objective: 'multiclassova', numClass: 3, sigmoid: 1.5,
      scalePosWeight: 2 } },
  { name: 'multiclassova, unbalanced, with bagging', data: multiclass,
    params: { ...small, objective: 'multiclassova', numClass: 3, isUnbalance: true,
      baggingFraction: 0.6, baggingFreq: 1 } },
  { name: 'a diverging training at the end of the leaf grid', data: multiclass,
    params: { ...small, objective: 'multiclass', numClass: 3, learningRate: 1e6,
      minSumHessianInLeaf: 0, numIterations: 8 } },
]

describe('train against the integer oracle', () => {
  for (const { name, data: recipe, params } of cases) {
    it(`gives the oracle's bytes: ${name}`, async () => {
      const { data } = makeDataset(recipe)
      const options = { params: { ...params, speculation: 1 }, train: data }
      const { model } = await train(options, new InlineExecutor())
      assert.ok(model.trees.some((tree) => tree.leafValue.length > 1), 'something was learnt')
      assert.equal(serializeModel(model), serializeModel(trainByIntegerOracle(params, data)))
    })
  }
})
