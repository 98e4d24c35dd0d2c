import { bool, float } from './parameter.js'

const omittedAtDefault = true

/** Of linear leaves: not in models of other trainings. */
export const linearParameters = {
  linear_tree: bool(
    'control',
    false,
    'Leaves are linear functions of the numeric features on their paths, fitted to the rows that ' +
      'have all of these values; the others get the usual value. Trees split as usual; those of ' +
      'the first iteration have constant leaves. The values of all numeric features are kept ' +
      'beside their bins, 8 bytes each. Not with monotone constraints: functions of leaves would ' +
      'not keep them (in LightGBM splits alone do).',
    { omittedAtDefault, aliases: ['linear_trees'] },
  ),
  linear_lambda: float(
    'control',
    0,
    'L2 regularisation of the coefficients of linear leaves (`linear_tree`). Features of ' +
      'different scales are not weighed up: scale them first.',
    { min: 0, omittedAtDefault },
  ),
}
