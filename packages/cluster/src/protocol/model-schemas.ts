/**
 * Schemas of what `@coppice/model` and the trainer define and messages to clients and journals
 * carry: parts of a model. That a tree is a tree of its model is checked where the model is.
 */
import {
  type CommittedIteration, type IterationEvent, type MetricValue, POSITION_MAX, type Rescale,
} from '@coppice/engine'
import type {
  EarlierTraining, Feature, LossOfModel, ModelHeader, Objective, ParameterValue, Scalar, Tree,
} from '@coppice/model'
import {
  CATEGORIES_MAX, COLUMNS_MAX, DATASETS_MAX, ITERATIONS_MAX, LEAVES_MAX, METRICS_MAX,
  NAME_LENGTH_MAX, OUTPUTS_MAX, TEXT_BYTES_MAX, URI_LENGTH_MAX,
} from './limits.js'
import {
  constant, count, double, either, finite, flag, integer, list, nullable, object, oneOf, opaque,
  optional, type Schema, tagged, text, where,
} from './schema.js'

const child = integer(-LEAVES_MAX, LEAVES_MAX)
const doubles = list(finite, LEAVES_MAX)
const counts = list(count, LEAVES_MAX)

const tree: Schema<Tree> = object({
  splitFeature: counts,
  splitGain: doubles,
  threshold: list(nullable(finite), LEAVES_MAX),
  leftCategories: list(nullable(counts), LEAVES_MAX),
  defaultLeft: list(flag, LEAVES_MAX),
  leftChild: list(child, LEAVES_MAX),
  rightChild: list(child, LEAVES_MAX),
  nodeValue: doubles,
  nodeWeight: doubles,
  nodeCount: counts,
  leafValue: doubles,
  leafWeight: doubles,
  leafCount: counts,
  linear: optional(object({
    constant: doubles,
    features: list(list(integer(0, COLUMNS_MAX), COLUMNS_MAX), LEAVES_MAX),
    coefficients: list(list(finite, COLUMNS_MAX), LEAVES_MAX),
  })),
})

/** Data sets are named by users. */
const metricName = text(URI_LENGTH_MAX)
const metricValue: Schema<MetricValue> = object({
  dataset: metricName, metric: metricName, value: double, higherIsBetter: flag,
})
const metrics = list(metricValue, METRICS_MAX * DATASETS_MAX)

const hash = where(text(64), (digits) => /^[0-9a-f]{64}$/.test(digits), '64 hexadecimal digits')

const iteration = integer(0, ITERATIONS_MAX)

const rescale: Schema<Rescale> = object({
  iterations: list(iteration, ITERATIONS_MAX), factor: finite, quantum: finite,
  quanta: optional(list(finite, OUTPUTS_MAX)),
})

/** The members of a committed iteration. Journals of earlier versions have no `rescale`. */
export const committedFields = {
  iteration, trees: list(tree, OUTPUTS_MAX),
  rescale: (value: unknown) => nullable(rescale)(value ?? null), metrics,
  positionBiases: optional(list(finite, POSITION_MAX + 1)), chainHash: hash,
}

export const committedIteration: Schema<CommittedIteration> = object(committedFields)

export const iterationEvent: Schema<IterationEvent> = object({
  kind: constant('iteration'), iteration, nIterations: iteration, metrics,
  nLeaves: list(count, OUTPUTS_MAX),
})

const cell = text(TEXT_BYTES_MAX)

const feature: Schema<Feature> = tagged('kind', {
  numeric: object({
    name: cell, kind: constant('numeric'), missing: oneOf({ none: true, nan: true, zero: true }),
  }),
  categorical: object({
    name: cell,
    kind: constant('categorical'),
    categories: either(
      'a list of texts or of numbers', list(cell, CATEGORIES_MAX), list(double, CATEGORIES_MAX)),
    truncates: optional(constant(true)),
  }),
})

/** An objective; what its numbers may be is checked with the model. */
const loss: Schema<LossOfModel> = tagged('name', {
  regression: object({ name: constant('regression') }),
  regression_sqrt: object({ name: constant('regression_sqrt') }),
  regression_l1: object({ name: constant('regression_l1') }),
  quantile: object({ name: constant('quantile'), alpha: finite }),
  mape: object({ name: constant('mape') }),
  huber: object({ name: constant('huber'), alpha: finite }),
  fair: object({ name: constant('fair'), c: finite }),
  poisson: object({ name: constant('poisson'), maxDeltaStep: finite }),
  gamma: object({ name: constant('gamma') }),
  tweedie: object({ name: constant('tweedie'), variancePower: finite }),
  cross_entropy: object({ name: constant('cross_entropy') }),
  cross_entropy_lambda: object({ name: constant('cross_entropy_lambda') }),
  lambdarank: object({ name: constant('lambdarank') }),
  rank_xendcg: object({ name: constant('rank_xendcg') }),
  binary: object({ name: constant('binary'), sigmoid: finite }),
  multiclass: object({ name: constant('multiclass'), numClass: integer(2, OUTPUTS_MAX) }),
  multiclassova: object({
    name: constant('multiclassova'), numClass: integer(2, OUTPUTS_MAX), sigmoid: finite,
  }),
  expectile: object({ name: constant('expectile'), alpha: finite }),
  pseudo_huber: object({ name: constant('pseudo_huber'), slope: finite }),
  log_cosh: object({ name: constant('log_cosh') }),
  focal: object({ name: constant('focal'), gamma: finite, alpha: finite }),
  hinge: object({ name: constant('hinge') }),
  multi_quantile: object({
    name: constant('multi_quantile'), quantiles: list(finite, OUTPUTS_MAX),
    sorted: optional(constant(true)),
  }),
  multi_regression: object({
    name: constant('multi_regression'), numTarget: integer(2, OUTPUTS_MAX),
  }),
  multi_label: object({ name: constant('multi_label'), numTarget: integer(2, OUTPUTS_MAX) }),
  squared_log_error: object({ name: constant('squared_log_error') }),
  cox: object({ name: constant('cox') }),
  aft: object({
    name: constant('aft'), scale: finite,
    distribution: oneOf({ normal: true, logistic: true, extreme: true }),
  }),
  custom: object({
    name: constant('custom'), source: text(NAME_LENGTH_MAX),
    link: oneOf({ identity: true, exp: true, sigmoid: true, softplus: true, softmax: true }),
    numClass: integer(0, OUTPUTS_MAX),
  }),
})

export const objective: Schema<Objective> = (value) => {
  const isForest = typeof value === 'object' && value !== null && 'averages' in value &&
    value.averages === true
  if (!isForest) return loss(value)
  const { averages: _, ...own } = value as Objective
  return { ...loss(own), averages: true }
}

const scalar: Schema<Scalar> = either('a text, number or boolean', cell, double, flag)

function isParameterValue(value: unknown): value is ParameterValue {
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === 'string' || typeof item === 'number')
  }
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/** Whether a value is an object whose members all have a property; its keys are any texts. */
export function isRecordOf(
  value: unknown, isLegal: (member: unknown) => boolean,
): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) &&
    !ArrayBuffer.isView(value) && Object.values(value).every(isLegal)
}

const parameters = where(
  opaque as Schema<ModelHeader['parameters']>,
  (value) => isRecordOf(value, isParameterValue),
  'parameters: texts, numbers, booleans, and lists of texts and numbers, by name')

const earlierTraining: Schema<EarlierTraining> = object({
  iterations: iteration, objective: cell, parameters, chainHash: hash,
})

export const modelHeader: Schema<ModelHeader> = object({
  objective,
  classes: nullable(list(scalar, OUTPUTS_MAX)),
  features: list(feature, COLUMNS_MAX),
  treesPerIteration: integer(1, OUTPUTS_MAX),
  baseScores: list(finite, OUTPUTS_MAX),
  parameters,
  earlier: optional(list(earlierTraining, ITERATIONS_MAX)),
})
