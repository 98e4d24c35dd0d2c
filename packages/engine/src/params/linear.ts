import { bool, float } from './parameter.js'
import type { ParameterValues } from './table.js'

const omittedAtDefault = true

/** Of linear leaves: not in models of other trainings. */
export const linearParameters = {
  linear_tree: bool(
    'control',
    false,
    'Leaves are linear functions of the numeric features on their paths, fitted to the rows that ' +
      'have all of these values; the others get the usual value. Trees split as usual; those of ' +
      'the first iteration have constant leaves. The values of all numeric features are kept ' +
      'beside their bins, 8 bytes each. Monotone constraints hold for the splits, not within ' +
      'leaves.',
    { omittedAtDefault, aliases: ['linear_trees'] },
  ),
  linear_lambda: float(
    'control',
    0,
    'L2 regularisation of the coefficients of linear leaves (`linear_tree`). Features of different ' +
      'scales are not weighed up: scale them first.',
    { min: 0, omittedAtDefault },
  ),
}

/** What linear leaves contradict. */
export function linearContradiction(values: ParameterValues): string | null {
  const { linearTree, linearLambda, objective, zeroAsMissing } = values
  if (!linearTree) {
    return linearLambda === 0 ? null
      : `linear_lambda = ${linearLambda} contradicts linear_tree = false: it acts on linear ` +
        'leaves only; leave it out, or set linear_tree = true'
  }
  if (zeroAsMissing) {
    return 'zero_as_missing = true contradicts linear_tree = true, which needs missing values to ' +
      'be told from zeros; set only one of them, and have missing values as NaN'
  }
  return ['regression_l1', 'quantile', 'mape'].includes(objective)
    ? `objective = ${objective} contradicts linear_tree = true: its leaves are percentiles, no ` +
      'sums of gradients; use another objective, such as huber, or constant leaves'
    : null
}
