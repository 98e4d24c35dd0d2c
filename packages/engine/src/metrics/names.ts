import type { Objective } from '@coppice/model'
import { type CustomParams, metricDefinitions } from '../custom/definitions.js'
import { CoppiceError } from '../errors.js'
import { isRankingMetric } from './ranking.js'

const confusion = ['accuracy', 'balanced_accuracy', 'precision', 'recall', 'f1', 'mcc']
const higherIsBetter = ['auc', 'auc_mu', 'auc_ovr', 'average_precision', 'r2',
  'interval_regression_accuracy', 'c_index', ...confusion]

/** Metrics where a larger value is better. */
export function isHigherBetter(metric: string): boolean {
  return higherIsBetter.includes(metric) || isRankingMetric(metric)
}

/** As `isHigherBetter`, of the metrics of a training, the user's own among them. */
export function metricDirections(
  params: Pick<CustomParams, 'customMetrics'>,
): (metric: string) => boolean {
  const own = metricDefinitions(params)
  return (metric) =>
    own.find(({ name }) => name === metric)?.higherIsBetter ?? isHigherBetter(metric)
}

type Names = readonly [string, ...string[]]

/** Of labels that are any numbers. */
const numeric: Names = ['l2', 'rmse', 'l1']
/** Their losses with a number of their own. */
const shaped = [
  'quantile', 'mape', 'huber', 'fair', 'r2', 'rmsle', 'expectile', 'pseudo_huber', 'log_cosh',
]
const probabilistic: Names = ['cross_entropy', 'kullback_leibler']

/** Of probabilities of two classes. */
const probable = ['average_precision', ...probabilistic, 'brier', 'expected_calibration_error',
  ...confusion]

/** The metrics of each objective that are computed when all are asked for; its own loss first. */
const metricNames: Readonly<Record<Objective['name'], Names>> = {
  regression: numeric,
  regression_sqrt: numeric,
  regression_l1: ['l1', 'l2', 'rmse'],
  quantile: ['quantile', ...numeric],
  mape: ['mape', ...numeric],
  huber: ['huber', ...numeric],
  fair: ['fair', ...numeric],
  poisson: ['poisson', ...numeric],
  gamma: ['gamma', 'gamma_deviance', ...numeric],
  tweedie: ['tweedie', ...numeric],
  cross_entropy: probabilistic,
  cross_entropy_lambda: ['cross_entropy_lambda'],
  binary: ['binary_logloss', 'auc', 'binary_error'],
  multiclass: ['multi_logloss', 'multi_error'],
  multiclassova: ['multi_logloss', 'multi_error'],
  lambdarank: ['ndcg', 'map'],
  rank_xendcg: ['ndcg', 'map'],
  expectile: ['expectile', ...numeric],
  pseudo_huber: ['pseudo_huber', ...numeric],
  log_cosh: ['log_cosh', ...numeric],
  focal: ['binary_logloss', 'auc', 'binary_error'],
  hinge: ['binary_error', 'auc'],
  custom: numeric,
  // means over the quantiles or the label columns
  multi_quantile: ['quantile'],
  multi_regression: numeric,
  multi_label: ['binary_logloss', 'auc', 'binary_error'],
  squared_log_error: ['rmsle', ...numeric],
  aft: ['aft_nloglik'],
  cox: ['cox_nloglik', 'c_index'],
}

/** Metrics that are defined too, and computed when they are named. */
const alsoDefined: Readonly<Record<Objective['name'], readonly string[]>> = {
  regression: shaped,
  regression_sqrt: shaped,
  regression_l1: shaped,
  quantile: shaped,
  mape: shaped,
  huber: shaped,
  fair: shaped,
  // what needs labels of at least 0 or above 0 is for objectives that need them as well
  poisson: ['tweedie', ...shaped],
  gamma: ['poisson', 'tweedie', ...shaped],
  tweedie: ['poisson', ...shaped],
  cross_entropy: ['brier'],
  cross_entropy_lambda: [],
  binary: probable,
  multiclass: ['accuracy', 'auc_mu', 'auc_ovr'],
  multiclassova: ['accuracy', 'auc_mu', 'auc_ovr'],
  lambdarank: [],
  rank_xendcg: [],
  expectile: shaped,
  pseudo_huber: shaped,
  log_cosh: shaped,
  focal: probable,
  hinge: ['average_precision', ...confusion],
  custom: [],
  multi_quantile: [],
  multi_regression: shaped,
  multi_label: probable,
  squared_log_error: shaped,
  aft: ['interval_regression_accuracy', 'c_index'],
  cox: [],
}

/** Metrics that say how good a model of an objective is, its own loss first. */
export function metricsOf(objective: Objective['name']): readonly string[] {
  return metricNames[objective]
}

/** @throws CoppiceError 'PARAMETER' where a metric is not defined for the objective */
export function checkMetric(metric: string, objective: Objective['name']): void {
  const legal = [...new Set([...metricNames[objective], ...alsoDefined[objective]])]
  if (legal.includes(metric)) return
  throw new CoppiceError('PARAMETER',
    `metric "${metric}" is not defined for objective "${objective}"; use ${legal.join(', ')}`)
}
