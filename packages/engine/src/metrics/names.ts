import type { Objective } from '@coppice/model'
import { type CustomParams, metricDefinitions } from '../custom/definitions.js'
import { CoppiceError } from '../errors.js'

/** Metrics where a larger value is better. */
export function isHigherBetter(metric: string): boolean {
  return metric === 'auc' || metric === 'average_precision'
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
const shaped = ['quantile', 'mape', 'huber', 'fair']
const probabilistic: Names = ['cross_entropy', 'kullback_leibler']

/** The metrics of each objective that are computed when all are asked for; its own loss first. */
const metricNames: Readonly<Record<Objective['name'], Names>> = {
  regression: numeric,
  regression_sqrt: numeric,
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
  custom: numeric,
}

/** Metrics that are defined too, and computed when they are named. */
const alsoDefined: Readonly<Record<Objective['name'], readonly string[]>> = {
  regression: shaped,
  regression_sqrt: shaped,
  huber: shaped,
  fair: shaped,
  // what needs labels of at least 0 or above 0 is for objectives that need them as well
  poisson: ['tweedie', ...shaped],
  gamma: ['poisson', 'tweedie', ...shaped],
  tweedie: ['poisson', ...shaped],
  cross_entropy: [],
  cross_entropy_lambda: [],
  binary: ['average_precision', ...probabilistic],
  multiclass: [],
  multiclassova: [],
  custom: [],
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
