import { CoppiceError } from '@coppice/model'
import { boostingContradiction } from './boosting-contradictions.js'
import { constraintContradiction } from './constraint-contradictions.js'
import { linearContradiction } from './linear-contradictions.js'
import { outputContradiction } from './output-contradictions.js'
import { quantizedContradiction } from './quantized-contradictions.js'
import { rankingContradiction } from './ranking.js'
import { scheduleContradiction } from './schedule-contradictions.js'
import { samplingContradiction } from './sampling-contradictions.js'
import type { ParameterValues } from './table.js'
import { votingContradiction } from './voting-contradictions.js'

/** LightGBM's kEpsilon. */
const smallestHessianSum = 1e-15

/** What the classes and weights of the objective contradict. */
function objectiveContradiction(values: ParameterValues): string | null {
  const { objective, numClass } = values
  const isMulticlass = objective === 'multiclass' || objective === 'multiclassova'
  if (isMulticlass && numClass < 2) {
    return `objective = ${objective} needs num_class >= 2, got ${numClass}; set num_class`
  }
  if (!isMulticlass && numClass !== 1) {
    return (
      `num_class = ${numClass} contradicts objective = ${objective}, which needs 1; ` +
      'leave num_class out or set objective to multiclass'
    )
  }
  if (values.isUnbalance && values.scalePosWeight !== 1) {
    return (
      `is_unbalance = true contradicts scale_pos_weight = ${values.scalePosWeight}; ` +
      'both weigh the classes: set only one of them'
    )
  }
  if (objective !== 'custom' && values.customObjective !== '') {
    return `custom_objective contradicts objective = ${objective}; set objective = custom`
  }
  if (objective === 'binary' || objective === 'multiclassova') return null
  if (values.sigmoid !== 1 && objective !== 'lambdarank') {
    return `sigmoid = ${values.sigmoid} contradicts objective = ${objective}: it acts on ` +
      'objective = binary, multiclassova and lambdarank only; leave it out'
  }
  const binaryOnly =
    (values.isUnbalance && 'is_unbalance = true') ||
    (values.scalePosWeight !== 1 && `scale_pos_weight = ${values.scalePosWeight}`)
  return binaryOnly
    ? `${binaryOnly} contradicts objective = ${objective}: it acts on objective = binary and ` +
        'multiclassova only; leave it out or use row weights'
    : null
}

/** The objectives and metrics that read a parameter which others do not have. */
const readers = {
  regSqrt: { name: 'reg_sqrt', isOff: (v: ParameterValues) => !v.regSqrt,
    by: ['regression'] },
  alpha: { name: 'alpha', isOff: (v: ParameterValues) => v.alpha === 0.9,
    by: ['huber', 'quantile'] },
  fairC: { name: 'fair_c', isOff: (v: ParameterValues) => v.fairC === 1, by: ['fair'] },
  poissonMaxDeltaStep: { name: 'poisson_max_delta_step',
    isOff: (v: ParameterValues) => v.poissonMaxDeltaStep === 0.7, by: ['poisson'] },
  tweedieVariancePower: { name: 'tweedie_variance_power',
    isOff: (v: ParameterValues) => v.tweedieVariancePower === 1.5, by: ['tweedie'] },
  lambdarankTruncationLevel: { name: 'lambdarank_truncation_level',
    isOff: (v: ParameterValues) => v.lambdarankTruncationLevel === 30, by: ['lambdarank'] },
  lambdarankNorm: { name: 'lambdarank_norm', isOff: (v: ParameterValues) => v.lambdarankNorm,
    by: ['lambdarank'] },
  labelGain: { name: 'label_gain', isOff: (v: ParameterValues) => v.labelGain.length === 0,
    by: ['lambdarank', 'rank_xendcg'] },
  evalAt: { name: 'eval_at', isOff: (v: ParameterValues) => v.evalAt.join() === '1,2,3,4,5',
    by: ['ndcg', 'map'] },
  expectileAlpha: { name: 'expectile_alpha', isOff: (v: ParameterValues) =>
    v.expectileAlpha === 0.5, by: ['expectile'] },
  huberSlope: { name: 'huber_slope', isOff: (v: ParameterValues) => v.huberSlope === 1,
    by: ['pseudo_huber'] },
  focalGamma: { name: 'focal_gamma', isOff: (v: ParameterValues) => v.focalGamma === 2,
    by: ['focal'] },
  focalAlpha: { name: 'focal_alpha', isOff: (v: ParameterValues) => v.focalAlpha === 0.25,
    by: ['focal'] },
} as const

/** A parameter of a loss that is neither the objective's nor a metric's. */
function lossContradiction(values: ParameterValues): string | null {
  const named: readonly string[] = [values.objective, ...values.metric]
  for (const [key, { name, isOff, by }] of Object.entries(readers)) {
    if (isOff(values) || by.some(reader => named.includes(reader))) continue
    const value = String(values[key as keyof typeof readers])
    return (
      `${name} = ${value} contradicts objective = ${values.objective}: it acts on ` +
      `${by.join(' and ')} only; leave it out or change the objective`
    )
  }
  const isObjective = values.objective === 'quantile'
  // of several quantiles the metric is that of each
  if (values.objective === 'multi_quantile') return null
  return (isObjective || values.metric.includes('quantile')) && values.alpha >= 1
    ? `alpha = ${values.alpha} contradicts ${isObjective ? 'objective' : 'metric'} = quantile, ` +
        'which needs a number below 1'
    : null
}

function isOfMulticlass(metric: string): boolean {
  return metric.startsWith('multi_') || metric === 'auc_mu' || metric === 'auc_ovr'
}

/** A metric that cannot be computed from the objective's raw scores. */
function metricContradiction(values: ParameterValues): string | null {
  const isMulticlass = values.objective === 'multiclass' || values.objective === 'multiclassova'
  // what fits a custom objective depends on its definition
  if (values.objective === 'custom') return null
  if (values.aucMuWeights.length > 0 && !values.metric.includes('auc_mu')) {
    return 'auc_mu_weights contradicts metric: it acts on auc_mu only; add auc_mu or leave it out'
  }
  const wrong = values.metric.find(metric =>
    metric !== 'accuracy' && isOfMulticlass(metric) !== isMulticlass)
  if (wrong === undefined) return null
  const legal = isMulticlass ? 'multi_logloss, multi_error, auc_mu, auc_ovr or accuracy'
    : 'a metric that is not multi_*, auc_mu or auc_ovr'
  return `metric ${wrong} contradicts objective = ${values.objective}; use ${legal}`
}

/** Limits of the draws and of the leaves. */
function growthContradiction(values: ParameterValues): string | null {
  if (values.baggingFraction < 1 && values.baggingFreq === 0) {
    return (
      `bagging_fraction = ${values.baggingFraction} does nothing while bagging_freq is 0; ` +
      'set bagging_freq = 1 to draw rows for every iteration, or leave bagging_fraction out'
    )
  }
  if (values.minDataInLeaf === 0 && values.minSumHessianInLeaf <= smallestHessianSum) {
    return (
      'min_data_in_leaf = 0 and min_sum_hessian_in_leaf = 0 together would allow empty leaves; ' +
      'set min_data_in_leaf = 1'
    )
  }
  return values.zeroAsMissing && !values.useMissing
    ? 'zero_as_missing = true contradicts use_missing = false; set only one of them'
    : null
}

/**
 * Refuses values that are legal alone and contradict each other together.
 * @throws CoppiceError 'PARAMETER' that names both and says what to do
 */
export function checkContradictions(values: ParameterValues): void {
  const found =
    objectiveContradiction(values) ??
    metricContradiction(values) ??
    lossContradiction(values) ??
    rankingContradiction(values) ??
    outputContradiction(values) ??
    samplingContradiction(values) ??
    boostingContradiction(values) ??
    quantizedContradiction(values) ??
    scheduleContradiction(values) ??
    growthContradiction(values) ??
    linearContradiction(values) ??
    constraintContradiction(values) ??
    votingContradiction(values)
  if (found !== null) throw new CoppiceError('PARAMETER', found)
}
