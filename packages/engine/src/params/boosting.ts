import { bool, float, int, numbers, structure } from './parameter.js'

const omittedAtDefault = true

/** Of the boosting modes, and of schedules: not in models of other trainings. */
export const boostingParameters = {
  learning_rate_schedule: numbers(
    'floats',
    'control',
    [],
    'Learning rates of the first iterations, one each; those after them have `learning_rate`. ' +
      "LightGBM's `reset_parameter(learning_rate=[...])`.",
    { above: 0, omittedAtDefault },
  ),
  parameter_schedule: structure(
    'control', 'schedule',
    'Values of the first iterations, by parameter: an object of lists, such as ' +
      '`{"lambda_l2": [0, 1, 2], "feature_fraction": [0.5]}`, for the command also the name of a ' +
      'JSON file with one. ' +
      'Iterations after those of a list have the parameter\'s own value. For `learning_rate`, ' +
      '`num_leaves` (none above the parameter\'s own), `max_depth`, `min_data_in_leaf`, ' +
      '`min_sum_hessian_in_leaf`, `lambda_l1`, `lambda_l2`, `min_gain_to_split`, ' +
      '`max_delta_step`, `cat_smooth`, `cat_l2`, `min_data_per_group`, `max_cat_threshold`, ' +
      '`feature_fraction`, `feature_fraction_bynode`, `bagging_fraction`, `pos_bagging_fraction` ' +
      "and `neg_bagging_fraction`. LightGBM's `reset_parameter`.",
    { omittedAtDefault },
  ),
  drop_rate: float(
    'control',
    0.1,
    'DART (`boosting = dart`): share of the earlier iterations whose trees are left out while ' +
      'those of an iteration grow.',
    { min: 0, max: 1, omittedAtDefault, aliases: ['rate_drop'] },
  ),
  max_drop: int('control', 50, 'DART: most iterations left out at once; 0 or less: no limit.', {
    omittedAtDefault,
  }),
  skip_drop: float('control', 0.5, 'DART: probability that an iteration leaves nothing out.', {
    min: 0,
    max: 1,
    omittedAtDefault,
  }),
  xgboost_dart_mode: bool(
    'control',
    false,
    "DART: the new trees' factor is `learning_rate` / (k + `learning_rate`), not " +
      '`learning_rate` / (k + 1), where k iterations were left out, as in XGBoost.',
    { omittedAtDefault },
  ),
  uniform_drop: bool(
    'control',
    false,
    'DART: all iterations are as likely to be left out, not those of large factors more.',
    { omittedAtDefault },
  ),
  drop_seed: int('control', 4, 'DART: seed of what is left out.', { omittedAtDefault }),
}
