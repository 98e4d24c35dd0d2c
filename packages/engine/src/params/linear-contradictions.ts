import type { ParameterValues } from './table.js'

/** What linear leaves contradict. */
export function linearContradiction(values: ParameterValues): string | null {
  const { linearTree, linearLambda, objective, zeroAsMissing, monotoneConstraints } = values
  if (!linearTree) {
    return linearLambda === 0 ? null
      : `linear_lambda = ${linearLambda} contradicts linear_tree = false: it acts on linear ` +
        'leaves only; leave it out, or set linear_tree = true'
  }
  if (zeroAsMissing) {
    return 'zero_as_missing = true contradicts linear_tree = true, which needs missing values to ' +
      'be told from zeros; set only one of them, and have missing values as NaN'
  }
  if (isConstrained(monotoneConstraints)) {
    return 'monotone_constraints contradict linear_tree = true: they order the values of leaves, ' +
      'and linear functions inside them could go the other way, or cross those of other leaves; ' +
      'leave one of them out'
  }
  return ['regression_l1', 'quantile', 'mape', 'multi_quantile'].includes(objective)
    ? `objective = ${objective} contradicts linear_tree = true: its leaves are percentiles, no ` +
      'sums of gradients; use another objective, such as huber, or constant leaves'
    : null
}

/** Whether some feature has a direction. */
function isConstrained(constraints: string): boolean {
  return constraints !== '' &&
    Object.values(JSON.parse(constraints) as Readonly<Record<string, number>>)
      .some((direction) => direction !== 0)
}
