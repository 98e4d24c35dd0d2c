import type { ParameterValues } from './table.js'

/** What losses with several labels or scores of a row need, and what they do not have. */
export function outputContradiction(values: ParameterValues): string | null {
  const { objective, quantiles, quantileSorted, numTarget } = values
  const hasTargets = objective === 'multi_regression' || objective === 'multi_label'
  if (hasTargets && numTarget < 2) {
    return `objective = ${objective} needs num_target >= 2, got ${numTarget}; name two label ` +
      `columns or more, or use ${objective === 'multi_label' ? 'binary' : 'regression'}`
  }
  if (!hasTargets && numTarget !== 1) {
    return `num_target = ${numTarget} contradicts objective = ${objective}, which has one label; ` +
      'leave num_target out, or set objective to multi_regression or multi_label'
  }
  if (objective !== 'aft') {
    const { aftLossDistribution, aftLossDistributionScale } = values
    const given = aftLossDistribution !== 'normal'
      ? `aft_loss_distribution = ${aftLossDistribution}`
      : aftLossDistributionScale !== 1 &&
        `aft_loss_distribution_scale = ${aftLossDistributionScale}`
    if (given !== false) {
      return `${given} contradicts objective = ${objective}: it acts on objective = aft only; ` +
        'leave it out or change the objective'
    }
  }
  if (objective !== 'multi_quantile') {
    const given = quantiles.length > 0 ? `quantiles = ${quantiles.join(',')}`
      : quantileSorted && 'quantile_sorted = true'
    return given === false ? null
      : `${given} contradicts objective = ${objective}: it acts on objective = multi_quantile ` +
        'only; leave it out or change the objective'
  }
  if (quantiles.length < 2 || quantiles.some((value, i) => i > 0 && value <= quantiles[i - 1]!)) {
    return `quantiles = ${quantiles.join(',') || '""'} contradicts objective = multi_quantile, ` +
      'which needs two or more in ascending order, such as 0.1,0.5,0.9; use objective = quantile ' +
      'with alpha for one'
  }
  return values.alpha === 0.9 ? null
    : `alpha = ${values.alpha} contradicts objective = multi_quantile, which has its quantiles; ` +
      'leave alpha out'
}
