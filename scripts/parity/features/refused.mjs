/**
 * What is refused beside single parameters: combinations of them, and what data, models and
 * predictions cannot be. What LightGBM 4.6 does with each was tried.
 */
import { testsOf } from './row.mjs'

const ignored = 'not read'

/** @typedef {{ params: object, lightgbm: string }} Combination - parameters that are refused */

/** Of trees, leaves and how they are boosted. */
const growth = [
  [{ objective: 'regression_l1', monotone_constraints: [1] }, 'an error'],
  [{ monotone_constraints: [1], zero_as_missing: true }, 'taken'],
  [{ monotone_constraints: [1], linear_tree: true }, 'taken, but predictions break them'],
  [{ monotone_constraints_method: 'advanced' }, ignored],
  [{ monotone_penalty: 1 }, ignored],
  [{ objective: 'quantile', linear_tree: true }, 'taken, without the percentiles of leaves'],
  [{ linear_tree: true, zero_as_missing: true }, 'an error'],
  [{ linear_lambda: 1 }, ignored],
  [{ objective: 'mape', path_smooth: 1 }, 'taken, percentiles replace what was smoothed'],
  [{ path_smooth: 1, min_data_in_leaf: 1 }, 'a warning, and 2'],
  [{ cegb_tradeoff: 2 }, ignored],
  [{ min_data_in_leaf: 0, min_sum_hessian_in_leaf: 0 }, 'a warning, and 1'],
  [{ use_missing: false, zero_as_missing: true }, 'the first counts'],
  [{ top_k: 5 }, ignored],
  [{ num_grad_quant_bins: 8 }, ignored],
  [{ boosting: 'rf' }, 'an error'],
  [{ boosting: 'rf', feature_fraction: 0.5, learning_rate: 0.3 }, ignored],
  [{ boosting: 'rf', feature_fraction: 0.5, objective: 'custom' }, 'an error'],
  [{ drop_rate: 0.5 }, ignored],
  [{ boosting: 'dart', early_stopping_round: 5 }, 'a warning, and no stopping'],
  [{ num_iterations: 1, learning_rate_schedule: [0.2, 0.1] }, 'an error'],
  [{ parameter_schedule: { learning_rate: [0.2] }, learning_rate_schedule: [0.1] }, ''],
  [{ num_iterations: 1, parameter_schedule: { lambda_l2: [1, 2] } }, 'an error'],
  [{ num_leaves: 7, parameter_schedule: { num_leaves: [15] } }, 'taken'],
  [{ parameter_schedule: { bagging_fraction: [0.5] } }, ignored],
]

/** Of how rows are drawn. */
const draws = [
  [{ bagging_fraction: 0.5 }, ignored],
  [{ data_sample_strategy: 'goss', bagging_fraction: 0.5, bagging_freq: 1 }, 'an error'],
  [{ data_sample_strategy: 'goss', top_rate: 0.8, other_rate: 0.5 }, 'an error'],
  [{ top_rate: 0.5 }, ignored],
  [{ pos_bagging_fraction: 0.5, bagging_freq: 1 }, ignored],
  [{ objective: 'binary', pos_bagging_fraction: 0.5, bagging_fraction: 0.5, bagging_freq: 1 },
    'one for all rows is not read'],
  [{ objective: 'binary', pos_bagging_fraction: 0.5 }, ignored],
  [{ bagging_by_query: true, bagging_fraction: 0.5, bagging_freq: 1 }, 'taken, and goes wrong'],
  [{ objective: 'lambdarank', bagging_by_query: true, data_sample_strategy: 'goss' },
    'a warning, and not by query'],
  [{ objective: 'lambdarank', bagging_by_query: true }, ignored],
]

/** Of objectives and metrics. */
const losses = [
  [{ num_class: 3 }, 'an error'],
  [{ objective: 'multiclass' }, 'an error'],
  [{ objective: 'binary', is_unbalance: true, scale_pos_weight: 2 }, 'an error'],
  [{ sigmoid: 2 }, ignored],
  [{ objective: 'binary', metric: 'multi_logloss' }, 'an error'],
  [{ objective: 'multiclass', num_class: 3, metric: 'auc' }, 'an error'],
  [{ auc_mu_weights: [0, 1, 1, 0] }, 'an error'],
  [{ alpha: 0.5 }, ignored],
  [{ objective: 'quantile', alpha: 1.5 }, 'an error'],
  [{ fair_c: 2 }, ignored],
  [{ eval_at: [3] }, ignored],
  [{ objective: 'lambdarank', label_gain: [0, 3, 1] }, 'taken'],
  [{ custom_objective: 'loss.mjs#name' }, ''],
  [{ objective: 'multi_regression', num_target: 1 }, ''],
  [{ num_target: 2 }, ''],
  [{ aft_loss_distribution: 'logistic' }, ''],
  [{ quantiles: [0.1, 0.9] }, ''],
  [{ quantile_sorted: true }, ''],
  [{ objective: 'multi_quantile', quantiles: [0.9, 0.1] }, ''],
  [{ objective: 'multi_quantile', quantiles: [0.1, 0.9], alpha: 0.5 }, ''],
]

/** @type {Combination[]} */
export const combinations = [...growth, ...draws, ...losses]
  .map(([params, lightgbm]) => ({ params, lightgbm }))

const initial = testsOf('packages/api/test/continued/init-model.test.ts')
const refits = testsOf('packages/api/test/refit/refit.test.ts')(
  'refuses what cannot be done, naming it')
const positions = testsOf('packages/api/test/ranking/positions.test.ts')(
  'are refused where nothing learns from them, and where they are none')
const foreign = testsOf('test/lightgbm.test.ts')(
  'are evaluated as what they predict, forests and classes too')
const badData = testsOf('packages/data/test/node/bad-data.test.ts')
const sideFiles = testsOf('packages/coppice/test/lightgbm/ranking.test.ts')(
  'side files are named where they are not used or cannot be used')

/**
 * @type {{ what: string, why: string, lightgbm: string, proofs: import('./row.mjs').Proof[] }[]}
 */
export const otherRefusals = [
  { what: 'init scores, or an initial model, with `boosting = rf`',
    why: 'its trees do not build on scores', lightgbm: 'an error',
    proofs: initial('refuses a forest on top', 'refuses init scores below a forest') },
  { what: 'an initial model that is a forest',
    why: 'its scores are averages, to which trees cannot be added', lightgbm: 'sums are averaged',
    proofs: initial('refuses a forest below') },
  { what: 'init scores beside an initial model', why: 'its scores are the init scores',
    lightgbm: 'taken', proofs: initial('refuses init scores') },
  { what: 'refits of `boosting = dart`, of `cox`, and of objectives that are not known',
    why: 'dart rescaled the trees; hazards follow from all rows together; nothing says what the '
      + 'gradients are', lightgbm: 'dart is taken', proofs: refits },
  { what: 'positions where the objective is not `lambdarank`', why: 'nothing learns from them',
    lightgbm: ignored, proofs: positions },
  { what: 'contributions of features to linear leaves, or of a model without counts of rows',
    why: 'not defined; counts are their weights', lightgbm: 'an error',
    proofs: testsOf('packages/model/test/predict/contributions.test.ts')(
      'are refused of linear leaves, and where nobody counted rows') },
  { what: 'early stopping of predictions of numbers and of forests',
    why: 'all trees add to a number; of a forest LightGBM stops some rows and divides by all '
      + 'iterations. `coppice run` names it as without effect, as LightGBM has it of numbers',
    lightgbm: 'not read of numbers; forests go wrong',
    proofs: testsOf('packages/model/test/predict/early-stop.test.ts')(
      'has LightGBM\'s scores:') },
  { what: 'setting the value of a linear leaf', why: 'a value says little of what it adds',
    lightgbm: 'taken', proofs: testsOf('packages/model/test/edit.test.ts')(
      'refuses leaves that there are not, values that are no numbers, linear leaves') },
  { what: 'objectives that LightGBM has no words for, as its text', lightgbm: '',
    why: 'it would predict something else',
    proofs: testsOf('packages/model/test/lightgbm/parse.test.ts')(
      'refuses what LightGBM has no words for') },
  { what: 'metrics of LightGBM\'s forests that rank, and of several scores of unknown objectives',
    why: 'its text does not say what they predict', lightgbm: '', proofs: foreign },
  { what: 'files beside the data (`.weight` ...) with `--cluster` and `--local-workers`',
    why: 'workers read the data alone: make it a column', lightgbm: 'taken',
    proofs: sideFiles },
  { what: 'queries in two runs or two partitions', why: 'nobody has all of their rows',
    lightgbm: 'two queries', proofs: badData('a query in two runs, in two partitions, or without '
      + 'an id') },
  { what: 'labels and weights that are missing, infinite or negative where they must not be; '
      + 'labels of 0 with `gamma`', why: 'nothing could be learnt from them',
    lightgbm: 'some are taken',
    proofs: badData('a missing label, naming row and file',
      'negative, missing and all-zero weights') },
  { what: 'searching for what trials cannot be compared in (`objective`, `metric`, `num_class`)',
    why: 'the better figure would say nothing', lightgbm: '',
    proofs: testsOf('packages/api/test/tune/tune.test.ts')('refuses what it cannot search') },
]
