import { outputParameters } from './outputs.js'
import { bool, float, int, numbers, someOf, text } from './parameter.js'

/** Names code of the user's: the model keeps what comes of it, not where it is. */
function ownModel(group: 'objective' | 'metric', doc: string) {
  return text(group, '', doc, { affectsModel: false })
}

/** Losses. */
const objectiveRows = {
  num_class: int('objective', 1, 'Number of classes of multi-class objectives; else 1.', {
    above: 0,
    aliases: ['num_classes'],
  }),
  is_unbalance: bool(
    'objective',
    false,
    'Binary and multiclassova: weigh the smaller class up so that both weigh the same. ' +
      'Excludes `scale_pos_weight`.',
    { aliases: ['unbalance', 'unbalanced_sets'] },
  ),
  scale_pos_weight: float(
    'objective',
    1,
    'Binary and multiclassova: weight of the positive class.',
    { above: 0 },
  ),
  sigmoid: float(
    'objective',
    1,
    'Binary, multiclassova and lambdarank: steepness of the logistic function.',
    { above: 0 },
  ),
  boost_from_average: bool(
    'objective',
    true,
    'Start from the constant that fits best (mean, log-odds, log of class shares) instead of 0.',
  ),
  objective_seed: int('objective', 5, 'Seed of the draws of `objective=rank_xendcg`.', {
    omittedAtDefault: true,
  }),
  reg_sqrt: bool(
    'objective',
    false,
    'Regression: fit the square root of the target (with its sign), and square predictions.',
    { omittedAtDefault: true },
  ),
  alpha: float(
    'objective',
    0.9,
    'Huber loss: errors above it count linearly. Quantile loss and metric: the quantile, below 1.',
    { above: 0, omittedAtDefault: true },
  ),
  fair_c: float('objective', 1, 'Fair loss: the error from which it turns linear.', {
    above: 0,
    omittedAtDefault: true,
  }),
  poisson_max_delta_step: float(
    'objective',
    0.7,
    'Poisson: hessians are those of a score that is larger by this, which damps steps.',
    { above: 0, max: 100, omittedAtDefault: true },
  ),
  tweedie_variance_power: float(
    'objective',
    1.5,
    'Tweedie: the variance grows with this power of the mean; 1 is Poisson, 2 would be gamma.',
    { min: 1, below: 2, omittedAtDefault: true },
  ),
  expectile_alpha: float(
    'objective',
    0.5,
    'Expectile: weight of the squared errors of predictions that are too low, against 1 - this.',
    { above: 0, below: 1, omittedAtDefault: true },
  ),
  huber_slope: float(
    'objective',
    1,
    'Pseudo-Huber loss: the error at which it turns from squared to linear. Far below the size ' +
      'of the errors its hessians vanish: bound steps by max_delta_step.',
    { above: 0, omittedAtDefault: true },
  ),
  focal_gamma: float(
    'objective',
    2,
    'Focal loss: the larger, the less rows count that are predicted well; 0 is log-loss.',
    { min: 0, max: 100, omittedAtDefault: true },
  ),
  focal_alpha: float(
    'objective',
    0.25,
    'Focal loss: weight of rows of the positive class, against 1 - this of the negative one.',
    { above: 0, below: 1, omittedAtDefault: true },
  ),
  custom_objective: ownModel(
    'objective',
    'With `objective=custom`: the loss as a module and what it exports, such as `loss.mjs#name`.',
  ),
  lambdarank_truncation_level: int(
    'objective',
    30,
    'LambdaRank: pairs count of which one row is among the first so many of its query.',
    { above: 0, max: 2147483647, omittedAtDefault: true },
  ),
  lambdarank_norm: bool(
    'objective',
    true,
    'LambdaRank: divide by the distance of the scores of a pair, and level what queries weigh.',
    { omittedAtDefault: true },
  ),
  label_gain: numbers(
    'floats',
    'objective',
    [],
    'LambdaRank and NDCG: gain of the labels 0, 1, ..., 0 or more and not descending. Labels ' +
      'are whole numbers below the number of gains. Empty: `2^label - 1` of labels 0 to 30.',
    { min: 0, omittedAtDefault: true },
  ),
  lambdarank_position_bias_regularization: float(
    'objective',
    0,
    'LambdaRank on rows with positions (`position_column`): how strongly their biases are drawn ' +
      'to 0.',
    { min: 0, omittedAtDefault: true },
  ),
}

/** Measures of fit. */
const metricRows = {
  metric: someOf(
    'metric',
    [
      'l2',
      'rmse',
      'l1',
      'binary_logloss',
      'binary_error',
      'auc',
      'multi_logloss',
      'multi_error',
      'quantile',
      'mape',
      'huber',
      'fair',
      'poisson',
      'gamma',
      'gamma_deviance',
      'tweedie',
      'average_precision',
      'cross_entropy',
      'cross_entropy_lambda',
      'kullback_leibler',
      'ndcg',
      'map',
      'auc_mu',
      'r2',
      'rmsle',
      'expectile',
      'pseudo_huber',
      'log_cosh',
      'brier',
      'accuracy',
      'balanced_accuracy',
      'precision',
      'recall',
      'f1',
      'mcc',
      'expected_calibration_error',
      'auc_ovr',
      'aft_nloglik',
      'interval_regression_accuracy',
      'cox_nloglik',
      'c_index',
    ],
    "Metrics of the evaluation sets, in this order. Not given: the objective's own; `None`: " +
      "no metric.",
    {
      aliases: ['metrics', 'metric_types'],
      valueAliases: {
        regression: 'l2',
        regression_l2: 'l2',
        mean_squared_error: 'l2',
        mse: 'l2',
        l2_root: 'rmse',
        root_mean_squared_error: 'rmse',
        regression_l1: 'l1',
        mean_absolute_error: 'l1',
        mae: 'l1',
        binary: 'binary_logloss',
        logloss: 'binary_logloss',
        error: 'binary_error',
        multiclass: 'multi_logloss',
        softmax: 'multi_logloss',
        multiclassova: 'multi_logloss',
        multiclass_ova: 'multi_logloss',
        ova: 'multi_logloss',
        ovr: 'multi_logloss',
        mlogloss: 'multi_logloss',
        merror: 'multi_error',
        mean_absolute_percentage_error: 'mape',
        lambdarank: 'ndcg',
        rank_xendcg: 'ndcg',
        xendcg: 'ndcg',
        xe_ndcg: 'ndcg',
        xe_ndcg_mart: 'ndcg',
        xendcg_mart: 'ndcg',
        mean_average_precision: 'map',
        xentropy: 'cross_entropy',
        xentlambda: 'cross_entropy_lambda',
        kldiv: 'kullback_leibler',
        mphe: 'pseudo_huber',
        root_mean_squared_log_error: 'rmsle',
        brier_score: 'brier',
        acc: 'accuracy',
        f1_score: 'f1',
        matthews_corrcoef: 'mcc',
        ece: 'expected_calibration_error',
        'aft-nloglik': 'aft_nloglik',
        'interval-regression-accuracy': 'interval_regression_accuracy',
        'cox-nloglik': 'cox_nloglik',
        concordance: 'c_index',
        cindex: 'c_index',
      },
      unbuiltValues: [
      ],
      emptyNames: ['none', 'na', 'null', 'custom'],
    },
  ),
  custom_metrics: ownModel(
    'metric',
    'Metrics of your own, after those of `metric`: modules and what they export, such as ' +
      '`metrics.mjs#first,metrics.mjs#second`.',
  ),
  metric_freq: int('metric', 1, 'Compute metrics every this many iterations.', {
    above: 0,
    aliases: ['output_freq'],
  }),
  is_provide_training_metric: bool('metric', false, 'Compute metrics on the training data too.', {
    aliases: ['training_metric', 'is_training_metric', 'train_metric'],
  }),
  multi_error_top_k: int(
    'metric',
    1,
    '`multi_error`: a row is right when its class is among the k with the highest scores.',
    { above: 0 },
  ),
  eval_at: numbers(
    'ints',
    'metric',
    [1, 2, 3, 4, 5],
    'NDCG and MAP: ranks to evaluate at. Each is a metric of its own: `ndcg@1`, `ndcg@2`, ...',
    {
      above: 0,
      omittedAtDefault: true,
      aliases: ['ndcg_eval_at', 'ndcg_at', 'map_eval_at', 'map_at'],
    },
  ),
  auc_mu_weights: numbers(
    'floats',
    'metric',
    [],
    '`auc_mu`: `num_class` x `num_class` costs, of calling a row of class i class j, row by row; ' +
      'the diagonal does not count. Empty: all 1.',
    { omittedAtDefault: true },
  ),
}

/** Everything about losses and metrics. */
export const objectiveParameters = { ...objectiveRows, ...outputParameters, ...metricRows }
