import type { ParameterValues } from './table.js'

/** What the ways to draw rows contradict. */
export function samplingContradiction(values: ParameterValues): string | null {
  const { topRate, otherRate, dataSampleStrategy, baggingFreq, objective } = values
  const balanced =
    (values.posBaggingFraction < 1 && `pos_bagging_fraction = ${values.posBaggingFraction}`) ||
    (values.negBaggingFraction < 1 && `neg_bagging_fraction = ${values.negBaggingFraction}`)
  const byQuery = values.baggingByQuery ? queryContradiction(values) : null
  if (byQuery !== null) return byQuery
  if (dataSampleStrategy === 'goss') {
    const bagging = balanced ||
      (values.baggingFraction < 1 && `bagging_fraction = ${values.baggingFraction}`)
    if (bagging) {
      return `${bagging} contradicts data_sample_strategy = goss, which draws rows itself; ` +
        'leave one of them out'
    }
    return topRate + otherRate > 1
      ? `top_rate = ${topRate} and other_rate = ${otherRate} are more than all rows together; ` +
        'use rates that add up to at most 1'
      : null
  }
  const goss = (topRate !== 0.2 && `top_rate = ${topRate}`) ||
    (otherRate !== 0.1 && `other_rate = ${otherRate}`)
  if (goss) {
    return `${goss} contradicts data_sample_strategy = bagging: it acts on goss only; ` +
      'set data_sample_strategy = goss, or leave it out'
  }
  if (!balanced) return null
  if (objective !== 'binary') {
    return `${balanced} contradicts objective = ${objective}: it acts on objective = binary ` +
      'only; use bagging_fraction'
  }
  if (values.baggingFraction < 1) {
    return `${balanced} contradicts bagging_fraction = ${values.baggingFraction}; give a share ` +
      'for each class, or one for all rows'
  }
  return baggingFreq === 0
    ? `${balanced} does nothing while bagging_freq is 0; set bagging_freq = 1 to draw rows for ` +
      'every iteration, or leave it out'
    : null
}

/** What a draw of queries contradicts. */
function queryContradiction(values: ParameterValues): string | null {
  const { objective, dataSampleStrategy, baggingFraction } = values
  if (objective !== 'lambdarank' && objective !== 'rank_xendcg') {
    return `bagging_by_query = true contradicts objective = ${objective}, which has no queries; ` +
      'leave it out, or use lambdarank or rank_xendcg'
  }
  if (dataSampleStrategy === 'goss') {
    return 'bagging_by_query = true contradicts data_sample_strategy = goss, which draws rows by ' +
      'their gradients; leave one of them out'
  }
  return baggingFraction < 1 ? null
    : 'bagging_by_query = true does nothing while bagging_fraction is 1; set bagging_fraction ' +
      'and bagging_freq, or leave it out'
}
