import type { ParameterValues } from './table.js'

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
