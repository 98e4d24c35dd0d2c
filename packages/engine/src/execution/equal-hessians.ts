import type { EngineRows, EngineSetup } from './protocol.js'

/**
 * Whether all rows have the same hessian, whatever their scores and labels: then a count says what
 * the sum of hessians is.
 */
export function haveEqualHessians(
  { objective: { objective }, usesGoss }: Pick<EngineSetup, 'objective' | 'usesGoss'>,
  { weight }: Pick<EngineRows, 'weight'>,
): boolean {
  // rows that GOSS draws weigh more than the others
  if (usesGoss || weight !== null) return false
  switch (objective.name) {
    case 'regression':
    case 'regression_sqrt':
    case 'regression_l1':
    case 'quantile':
    case 'mape':
    case 'huber':
    case 'multi_quantile':
    case 'multi_regression': return true
    default: return false
  }
}
