import { bool, float, int, numbers } from './parameter.js'

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
