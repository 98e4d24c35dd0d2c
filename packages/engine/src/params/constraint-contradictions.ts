import type { ParameterValues } from './table.js'

/** Objectives whose leaf values are percentiles: no bound of a split holds for those. */
const renewing: readonly string[] = ['regression_l1', 'quantile', 'mape', 'multi_quantile']

function monotoneContradiction(values: ParameterValues): string | null {
  if (values.monotoneConstraints === '') {
    const without =
      (values.monotoneConstraintsMethod !== 'basic' &&
        `monotone_constraints_method = ${values.monotoneConstraintsMethod}`) ||
      (values.monotonePenalty !== 0 && `monotone_penalty = ${values.monotonePenalty}`)
    return without
      ? `${without} does nothing without monotone_constraints; give both, or leave it out`
      : null
  }
  if (renewing.includes(values.objective)) {
    return (
      `monotone_constraints contradict objective = ${values.objective}, whose leaves are ` +
      'percentiles; use objective = huber, or leave the constraints out'
    )
  }
  return values.zeroAsMissing
    ? 'monotone_constraints contradict zero_as_missing = true: where zero goes could break the ' +
        'order; leave one of them out'
    : null
}

/** Rules of trees that cannot be kept, or do nothing. */
export function constraintContradiction(values: ParameterValues): string | null {
  if (values.pathSmooth > 0 && values.minDataInLeaf < 2) {
    return (
      `path_smooth = ${values.pathSmooth} contradicts min_data_in_leaf = ` +
      `${values.minDataInLeaf}: leaves need two rows; set min_data_in_leaf = 2`
    )
  }
  if (values.pathSmooth > 0 && renewing.includes(values.objective)) {
    return (
      `path_smooth = ${values.pathSmooth} contradicts objective = ${values.objective}, whose ` +
      'leaves are percentiles; leave path_smooth out'
    )
  }
  const hasCosts = values.cegbPenaltySplit > 0 || values.cegbPenaltyFeatureCoupled !== '' ||
    values.cegbPenaltyFeatureLazy !== ''
  if (values.cegbTradeoff !== 1 && !hasCosts) {
    return (
      `cegb_tradeoff = ${values.cegbTradeoff} does nothing without cegb_penalty_split, ` +
      'cegb_penalty_feature_coupled or cegb_penalty_feature_lazy; give one of them, or leave it out'
    )
  }
  return monotoneContradiction(values)
}
