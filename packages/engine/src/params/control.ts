import { bool, float, int, noEffect, unbuilt } from './parameter.js'
import { boostingParameters } from './boosting.js'
import { linearParameters } from './linear.js'
import { quantizedParameters } from './quantized.js'
import { samplingParameters } from './sampling.js'

/** How a tree may grow: limits, regularisation and draws that work. */
const supported = {
  max_depth: int('control', -1, 'Most splits between the root and a leaf; 0 or less: no limit.', {
    offAtOrBelow: -1,
    max: 131071,
  }),
  min_data_in_leaf: int('control', 20, 'Fewest rows of a leaf. Counts are exact.', {
    min: 0,
    aliases: ['min_data_per_leaf', 'min_data', 'min_child_samples', 'min_samples_leaf'],
  }),
  min_sum_hessian_in_leaf: float('control', 1e-3, 'Smallest sum of hessians of a leaf.', {
    min: 0,
    aliases: [
      'min_sum_hessian_per_leaf',
      'min_sum_hessian',
      'min_hessian',
      'min_child_weight',
    ],
  }),
  bagging_fraction: float(
    'control',
    1,
    'Share of the rows drawn, without replacement, for the trees of an iteration. ' +
      'Below 1 it needs `bagging_freq`.',
    { above: 0, max: 1, aliases: ['sub_row', 'subsample', 'bagging'] },
  ),
  bagging_freq: int('control', 0, 'Draw new rows every this many iterations; 0: no bagging.', {
    min: 0,
    aliases: ['subsample_freq'],
  }),
  bagging_seed: int('control', 3, 'Seed of the row draws.', { aliases: ['bagging_fraction_seed'] }),
  feature_fraction: float('control', 1, 'Share of the features drawn for each tree.', {
    above: 0,
    max: 1,
    aliases: ['sub_feature', 'colsample_bytree'],
  }),
  feature_fraction_bynode: float(
    'control',
    1,
    "Share of the tree's features drawn for each node.",
    { above: 0, max: 1, aliases: ['sub_feature_bynode', 'colsample_bynode'] },
  ),
  feature_fraction_seed: int('control', 2, 'Seed of the feature draws.'),
  early_stopping_round: int(
    'control',
    0,
    'Stop when a metric of an evaluation set has not improved for this many iterations; 0 or ' +
      'less: never.',
    {
      offAtOrBelow: 0,
      aliases: ['early_stopping_rounds', 'early_stopping', 'n_iter_no_change'],
    },
  ),
  early_stopping_min_delta: float('control', 0, 'What counts as an improvement: more than this.', {
    min: 0,
  }),
  first_metric_only: bool('control', false, 'Early stopping looks at the first metric only.'),
  max_delta_step: float(
    'control',
    0,
    'Largest absolute value of a leaf before the learning rate; 0 or less: no limit.',
    { offAtOrBelow: 0, aliases: ['max_tree_output', 'max_leaf_output'] },
  ),
  lambda_l1: float('control', 0, 'L1 regularisation of leaf values.', {
    min: 0,
    aliases: ['reg_alpha', 'l1_regularization'],
  }),
  lambda_l2: float('control', 0, 'L2 regularisation of leaf values.', {
    min: 0,
    aliases: ['reg_lambda', 'lambda', 'l2_regularization'],
  }),
  min_gain_to_split: float('control', 0, 'A split must gain more than this.', {
    min: 0,
    aliases: ['min_split_gain'],
  }),
  min_data_per_group: int(
    'control',
    100,
    'Categorical splits: fewest rows between two candidate cuts, and on the right side.',
    { above: 0 },
  ),
  max_cat_threshold: int('control', 32, 'Categorical splits: most categories on the left side.', {
    above: 0,
  }),
  cat_l2: float('control', 10, 'Categorical splits: L2 regularisation added to `lambda_l2`.', {
    min: 0,
  }),
  cat_smooth: float(
    'control',
    10,
    'Categorical splits: damps categories with few rows when they are put in order.',
    { min: 0 },
  ),
  max_cat_to_onehot: int(
    'control',
    4,
    'Categorical features with at most this many bins are split one category against the rest.',
    { above: 0 },
  ),
  histogram_pool_size: float(
    'control',
    -1,
    'Most memory for the histograms of open leaves, in MiB, of all threads together. 0 or less: ' +
      '1024, or a quarter of the memory there is (`max_memory_mb`), if that is less. What does ' +
      'not fit is summed from rows again; two histograms are kept at least. A cluster keeps ' +
      'those of all open leaves, in the coordinator.',
    { affectsModel: false, aliases: ['hist_pool_size'] },
  ),
  verbosity: int(
    'control',
    1,
    'Below 0: errors only; 0: warnings; 1: progress; above 1: details.',
    { affectsModel: false, aliases: ['verbose'] },
  ),
}

const voting = {
  top_k: int(
    'control',
    20,
    'With `tree_learner = voting`: half of the features that are elected of a leaf. More are ' +
      'nearer to a training without votes, and more to send.',
    { min: 1, max: 0x3fff_ffff, omittedAtDefault: true, aliases: ['topk'] },
  ),
}

const neutral = {
  force_col_wise: noEffect(bool('control', false, 'LightGBM: build histograms by column.')),
  force_row_wise: noEffect(bool('control', false, 'LightGBM: build histograms by row.')),
}

const notBuilt = {
  refit_decay_rate: unbuilt(
    float('control', 0.9, 'Share of the old leaf value kept by `task=refit`.', { min: 0, max: 1 }),
    'it belongs to refitting: give it to refit (decayRate, --decay-rate), or to `coppice run`',
  ),
}

/** Everything about the growth of trees. */
export const controlParameters = {
  ...supported, ...samplingParameters, ...boostingParameters, ...voting, ...quantizedParameters,
  ...linearParameters, ...neutral,
  ...notBuilt,
}
