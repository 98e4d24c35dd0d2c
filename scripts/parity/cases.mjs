/**
 * What is compared, a line each: `params` go to both libraries under LightGBM's names, over those
 * of `commonParams`. Adding a mode is adding a line.
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {import('./data.mjs').Recipe} data
 * @property {object} [params]
 * @property {(keyof typeof import('./metrics.mjs').metrics)[]} metrics - on held-out rows
 * @property {boolean} [onCluster] - trained on local workers, too, for one seed
 * @property {boolean} [onDask] - and beside LightGBM on Dask; classes and numbers only, without
 *   weights, init scores and groups
 */

/** Given to both; all else is LightGBM's default, which is ours. */
export const commonParams = {
  num_iterations: 100, num_leaves: 31, learning_rate: 0.1, min_data_in_leaf: 20,
}

const binary = { objective: 'binary' }
const classes = { objective: 'multiclass', num_class: 4 }
const binaryMetrics = ['auc', 'logLoss']
const classMetrics = ['multiLogLoss', 'accuracy']
const numberMetrics = ['rmse', 'l1']
const rankMetrics = ['ndcg5', 'ndcg10']
const rare = { label: 'rare' }
/** Features that the labels do rise with. */
const monotone = { monotone_constraints: [0, 0, 0, 1, 1, 1, 1, 1, 0, 0] }

/** Kinds of data. */
const kinds = [
  { name: 'binary', data: { label: 'binary' }, params: binary, metrics: binaryMetrics,
    onCluster: true, onDask: true },
  { name: 'regression', data: { label: 'number' }, metrics: numberMetrics, onCluster: true,
    onDask: true },
  { name: 'multiclass', data: { label: 'grade' }, params: classes, metrics: classMetrics,
    onCluster: true },
  { name: 'categories, binary', data: { label: 'binary', hasCategories: true }, params: binary,
    metrics: binaryMetrics, onCluster: true },
  { name: 'categories, regression', data: { label: 'number', hasCategories: true },
    metrics: numberMetrics },
  { name: 'categories, multiclass', data: { label: 'grade', hasCategories: true }, params: classes,
    metrics: classMetrics },
  { name: 'missing values, binary', data: { label: 'binary', missing: 0.2 }, params: binary,
    metrics: binaryMetrics, onCluster: true },
  { name: 'missing values, regression', data: { label: 'number', missing: 0.2 },
    metrics: numberMetrics },
  { name: 'missing values and categories',
    data: { label: 'number', missing: 0.2, hasCategories: true }, metrics: numberMetrics },
  { name: 'missing values, use_missing = false', data: { label: 'number', missing: 0.2 },
    params: { use_missing: false }, metrics: numberMetrics },
  { name: 'zero_as_missing', data: { label: 'number' }, params: { zero_as_missing: true },
    metrics: numberMetrics },
  { name: 'weights, binary', data: { label: 'binary', isWeighted: true }, params: binary,
    metrics: binaryMetrics },
  { name: 'weights, regression', data: { label: 'number', isWeighted: true },
    metrics: numberMetrics, onCluster: true },
  { name: 'init scores, binary', data: { label: 'binary', hasInitScores: true }, params: binary,
    metrics: binaryMetrics },
  { name: 'init scores, regression', data: { label: 'number', hasInitScores: true },
    metrics: numberMetrics, onCluster: true },
]

/** Every other objective. */
const objectives = [
  { name: 'regression, reg_sqrt', data: { label: 'skewed' }, params: { reg_sqrt: true },
    metrics: numberMetrics },
  { name: 'regression_l1', data: { label: 'outliers' }, params: { objective: 'regression_l1' },
    metrics: ['l1', 'medianError'], onCluster: true, onDask: true },
  { name: 'regression_l1, weights', data: { label: 'outliers', isWeighted: true },
    params: { objective: 'regression_l1' }, metrics: ['l1'] },
  { name: 'quantile', data: { label: 'outliers' }, params: { objective: 'quantile', alpha: 0.8 },
    metrics: ['quantile'], onCluster: true, onDask: true },
  { name: 'quantile, bagging', data: { label: 'outliers' },
    params: { objective: 'quantile', alpha: 0.2, bagging_fraction: 0.7, bagging_freq: 1 },
    metrics: ['quantile'] },
  { name: 'mape', data: { label: 'price' }, params: { objective: 'mape' },
    metrics: ['mape', 'l1'], onCluster: true },
  { name: 'huber', data: { label: 'outliers' }, params: { objective: 'huber' },
    metrics: ['huber', 'l1'] },
  { name: 'fair', data: { label: 'outliers' }, params: { objective: 'fair' },
    metrics: ['fair', 'l1'] },
  { name: 'poisson', data: { label: 'count' }, params: { objective: 'poisson' },
    metrics: ['poisson', 'rmse'] },
  { name: 'gamma', data: { label: 'amount' }, params: { objective: 'gamma' },
    metrics: ['gamma', 'rmse'] },
  { name: 'tweedie', data: { label: 'claims' }, params: { objective: 'tweedie' },
    metrics: ['tweedie', 'rmse'] },
  { name: 'tweedie, power 1.2', data: { label: 'claims' },
    params: { objective: 'tweedie', tweedie_variance_power: 1.2 }, metrics: ['tweedie', 'rmse'] },
  { name: 'cross_entropy', data: { label: 'share' }, params: { objective: 'cross_entropy' },
    metrics: ['crossEntropy', 'l1'] },
  { name: 'cross_entropy_lambda', data: { label: 'share' },
    params: { objective: 'cross_entropy_lambda' }, metrics: ['crossEntropyLambda'] },
  { name: 'multiclassova', data: { label: 'grade' },
    params: { objective: 'multiclassova', num_class: 4 }, metrics: classMetrics },
  { name: 'binary, is_unbalance', data: rare, params: { ...binary, is_unbalance: true },
    metrics: binaryMetrics },
  { name: 'binary, scale_pos_weight', data: rare, params: { ...binary, scale_pos_weight: 5 },
    metrics: binaryMetrics },
  { name: 'binary, sigmoid 2', data: rare, params: { ...binary, sigmoid: 2 },
    metrics: binaryMetrics },
  { name: 'boost_from_average = false', data: { label: 'count' },
    params: { boost_from_average: false }, metrics: numberMetrics },
]

/** Orders within queries. */
const rankings = [
  { name: 'lambdarank', data: { label: 'relevance', hasGroups: true },
    params: { objective: 'lambdarank' }, metrics: rankMetrics, onCluster: true },
  { name: 'lambdarank, truncation 5, no norm', data: { label: 'relevance', hasGroups: true },
    params: { objective: 'lambdarank', lambdarank_truncation_level: 5, lambdarank_norm: false },
    metrics: rankMetrics },
  { name: 'rank_xendcg', data: { label: 'relevance', hasGroups: true },
    params: { objective: 'rank_xendcg' }, metrics: rankMetrics, onCluster: true },
]

/** Ways to draw rows, features and thresholds. */
const sampling = [
  { name: 'bagging, binary', data: { label: 'binary' },
    params: { ...binary, bagging_fraction: 0.6, bagging_freq: 1 }, metrics: binaryMetrics,
    onCluster: true },
  { name: 'bagging, regression', data: { label: 'number' },
    params: { bagging_fraction: 0.6, bagging_freq: 5 }, metrics: numberMetrics },
  { name: 'bagging of classes', data: rare,
    params: { ...binary, pos_bagging_fraction: 0.9, neg_bagging_fraction: 0.3, bagging_freq: 1 },
    metrics: binaryMetrics },
  { name: 'goss, binary', data: { label: 'binary' },
    params: { ...binary, data_sample_strategy: 'goss' }, metrics: binaryMetrics, onCluster: true },
  { name: 'goss, regression', data: { label: 'number' },
    params: { data_sample_strategy: 'goss' }, metrics: numberMetrics },
  { name: 'goss, multiclass', data: { label: 'grade' },
    params: { ...classes, data_sample_strategy: 'goss' }, metrics: classMetrics },
  { name: 'feature_fraction', data: { label: 'number' }, params: { feature_fraction: 0.6 },
    metrics: numberMetrics },
  { name: 'feature_fraction_bynode', data: { label: 'number' },
    params: { feature_fraction_bynode: 0.6 }, metrics: numberMetrics },
  { name: 'extra_trees', data: { label: 'number' }, params: { extra_trees: true },
    metrics: numberMetrics, onCluster: true },
  { name: 'extra_trees, categories', data: { label: 'binary', hasCategories: true },
    params: { ...binary, extra_trees: true }, metrics: binaryMetrics },
]

const bagged = { bagging_fraction: 0.6, bagging_freq: 1 }

/** Other ways to boost. */
const modes = [
  { name: 'dart, regression', data: { label: 'number' }, params: { boosting: 'dart' },
    metrics: numberMetrics, onCluster: true },
  { name: 'dart, binary, xgboost_dart_mode', data: { label: 'binary' },
    params: { ...binary, boosting: 'dart', xgboost_dart_mode: true }, metrics: binaryMetrics },
  { name: 'dart, uniform_drop', data: { label: 'number' },
    params: { boosting: 'dart', uniform_drop: true, drop_rate: 0.3, skip_drop: 0.2, max_drop: 10 },
    metrics: numberMetrics },
  { name: 'rf, regression', data: { label: 'number' }, params: { boosting: 'rf', ...bagged },
    metrics: numberMetrics, onCluster: true },
  { name: 'rf, binary', data: { label: 'binary' },
    params: { ...binary, boosting: 'rf', ...bagged, feature_fraction: 0.7 },
    metrics: binaryMetrics },
  { name: 'rf, multiclass', data: { label: 'grade' },
    params: { ...classes, boosting: 'rf', ...bagged }, metrics: classMetrics },
  { name: 'rf, regression_l1', data: { label: 'outliers' },
    params: { objective: 'regression_l1', boosting: 'rf', ...bagged }, metrics: ['l1'] },
  { name: 'linear_tree', data: { label: 'number' }, params: { linear_tree: true, linear_lambda: 1 },
    metrics: numberMetrics, onCluster: true },
  { name: 'linear_tree, binary, missing values', data: { label: 'binary', missing: 0.2 },
    params: { ...binary, linear_tree: true, linear_lambda: 1 }, metrics: binaryMetrics },
]

/** Limits of growth and regularisation. */
const growth = [
  { name: 'lambda_l1, lambda_l2', data: { label: 'number' },
    params: { lambda_l1: 2, lambda_l2: 5 }, metrics: numberMetrics },
  { name: 'max_delta_step', data: rare, params: { ...binary, max_delta_step: 0.5 },
    metrics: binaryMetrics },
  { name: 'min_gain_to_split', data: { label: 'number' }, params: { min_gain_to_split: 5 },
    metrics: numberMetrics },
  { name: 'min_sum_hessian_in_leaf', data: { label: 'binary' },
    params: { ...binary, min_sum_hessian_in_leaf: 10 }, metrics: binaryMetrics },
  { name: 'max_depth', data: { label: 'number' }, params: { max_depth: 4 },
    metrics: numberMetrics },
  { name: 'max_bin', data: { label: 'number' }, params: { max_bin: 31 }, metrics: numberMetrics },
  { name: 'min_data_in_leaf 1', data: { label: 'number' }, params: { min_data_in_leaf: 1 },
    metrics: numberMetrics },
  { name: '255 leaves', data: { label: 'binary' }, params: { ...binary, num_leaves: 255 },
    metrics: binaryMetrics },
  { name: 'categories one against the rest', data: { label: 'number', hasCategories: true },
    params: { max_cat_to_onehot: 64 }, metrics: numberMetrics },
  { name: 'categories, all smoothing off', data: { label: 'number', hasCategories: true },
    params: { cat_smooth: 1, cat_l2: 0, min_data_per_group: 5 }, metrics: numberMetrics },
]

/** Rules that trees keep. */
const rules = [
  { name: 'monotone, basic', data: { label: 'number' }, params: monotone, metrics: numberMetrics },
  { name: 'monotone, intermediate', data: { label: 'number' },
    params: { ...monotone, monotone_constraints_method: 'intermediate' }, metrics: numberMetrics },
  { name: 'monotone, advanced', data: { label: 'number' },
    params: { ...monotone, monotone_constraints_method: 'advanced' }, metrics: numberMetrics,
    onCluster: true },
  { name: 'monotone, binary, a penalty', data: { label: 'binary' },
    params: { ...binary, ...monotone, monotone_penalty: 1.5 }, metrics: binaryMetrics },
  { name: 'interaction_constraints', data: { label: 'number' },
    params: { interaction_constraints: [[0, 1], [2, 3], [4, 5], [6, 7]] }, metrics: numberMetrics },
  { name: 'path_smooth', data: { label: 'number' }, params: { path_smooth: 10 },
    metrics: numberMetrics },
  { name: 'feature_contri', data: { label: 'number' },
    params: { feature_contri: [1, 1, 1, 0.5, 1, 1, 0.2, 1, 0.5, 0.5] }, metrics: numberMetrics },
  { name: 'cegb_penalty_split', data: { label: 'number' }, params: { cegb_penalty_split: 0.001 },
    metrics: numberMetrics },
  { name: 'cegb_penalty_feature_coupled', data: { label: 'number' },
    params: { cegb_penalty_feature_coupled: [5, 5, 5, 5, 5, 5, 5, 5, 50, 50] },
    metrics: numberMetrics },
  { name: 'cegb_penalty_feature_lazy', data: { label: 'number' },
    params: { cegb_penalty_feature_lazy: [0, 0, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.1, 0.1] },
    metrics: numberMetrics, onCluster: true },
  { name: 'forced splits', data: { label: 'number' },
    params: { forcedsplits_filename: {
      feature: 8, threshold: 0, left: { feature: 9, threshold: 0.5 },
      right: { feature: 0, threshold: 1 },
    } }, metrics: numberMetrics, onCluster: true },
  { name: 'forced bins', data: { label: 'number' },
    params: { max_bin: 31, forcedbins_filename: [
      { feature: 0, bin_upper_bound: [-1, -0.5, 0, 0.5, 1] }, { feature: 3, bin_upper_bound: [0] },
    ] }, metrics: numberMetrics },
  { name: 'max_bin_by_feature', data: { label: 'number' },
    params: { max_bin_by_feature: [255, 15, 15, 15, 63, 63, 7, 7, 2, 2] }, metrics: numberMetrics },
]

/** @type {{ title: string, cases: Case[] }[]} */
export const caseGroups = [
  { title: 'Kinds of data', cases: kinds },
  { title: 'Objectives', cases: objectives },
  { title: 'Rankings', cases: rankings },
  { title: 'Rows, features and thresholds that are drawn', cases: sampling },
  { title: 'Boosting modes', cases: modes },
  { title: 'Growth of trees', cases: growth },
  { title: 'Rules of trees', cases: rules },
]
