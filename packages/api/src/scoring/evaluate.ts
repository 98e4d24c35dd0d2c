import { findParameter, type MetricDefinition, metricDefinitions } from '@coppice/engine'
import { type IterationRange, CoppiceError, isRanking } from '@coppice/model'
import { type Dataset, requireDataset } from '../data/dataset.js'
import type { Booster } from '../model/booster.js'
import { checkOptionNames, optionNames } from '../options.js'
import { evaluateRanking } from './evaluate-ranking.js'
import { forgetCode, type GivenMetric, prepareCustom } from '../training/custom.js'
import { labelledBatches } from './labelled-batches.js'
import { Metric, resolveMetrics } from './metrics.js'

/** Metrics that need rows of both classes. */
const comparesClasses: readonly string[] = ['auc', 'auc_ovr', 'average_precision']

/** Metrics that need rows in which an event happened. */
const comparesTimes: readonly string[] = ['cox_nloglik', 'c_index']

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Names of metrics; default: all that the model's objective has. */
  readonly metrics?: string | readonly string[] | undefined
  /**
   * Metrics of your own, after the others: objects, or modules and what they export
   * ('metrics.mjs#name'). With them alone `metrics` may be 'None'.
   */
  readonly customMetrics?: GivenMetric | readonly GivenMetric[] | undefined
  /** Of models that rank: ranks of the metrics, such as [5, 10]; default `eval_at` of the model. */
  readonly evalAt?: readonly number[] | undefined
  readonly iterations?: IterationRange | undefined
  readonly signal?: AbortSignal | undefined
}

const evaluateOptionNames = optionNames<EvaluateOptions>({
  metrics: true, customMetrics: true, evalAt: true, iterations: true, signal: true,
})

/** Metrics of a model on a data set. */
export interface Evaluation {
  readonly nRows: number
  /** Values by canonical metric name, in the order asked for. */
  readonly metrics: Readonly<Record<string, number>>
  /** Metrics that were not asked for by name and that these rows leave undefined. */
  readonly omitted: readonly string[]
}

/**
 * Metrics of a model on labelled rows, exact: the numbers that the trainer computes for the same
 * rows and iterations, whatever batches they are read in.
 *
 * @throws CoppiceError 'DATA', 'IO', 'PARAMETER', or 'ABORTED' by the signal
 */
export async function evaluate(
  booster: Booster, dataset: Dataset, options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkOptionNames('evaluate', options, evaluateOptionNames)
  requireDataset(dataset, 'the data to evaluate on')
  const { model } = booster
  if (isRanking(model.objective)) {
    if (options.customMetrics !== undefined) {
      throw new CoppiceError('PARAMETER', 'customMetrics are of rows, and models that rank are ' +
        'measured by queries: leave them out')
    }
    return { ...await evaluateRanking(booster, dataset, options), omitted: [] }
  }
  if (options.evalAt !== undefined) {
    throw new CoppiceError('PARAMETER', 'evalAt is for models that rank: leave it out')
  }
  const { params, code } = await prepareCustom({ customMetrics: options.customMetrics })
  try {
    const custom = options.customMetrics === undefined ? []
      : metricDefinitions({ customMetrics: String(params['customMetrics']) })
    return await measure(booster, dataset, options, custom)
  } finally {
    forgetCode(code)
  }
}

/** The metrics to compute. @throws CoppiceError 'PARAMETER' */
function chosenMetrics(
  { model }: Booster, { metrics }: EvaluateOptions, custom: readonly MetricDefinition[],
  nIterations: number,
): Metric[] {
  const isNone = custom.length > 0 && typeof metrics === 'string' &&
    /^(none|na|null)$/i.test(metrics)
  const names = isNone ? [] : resolveMetrics(metrics, model.objective)
  const known = findParameter('metric')!.names!.values
  const twice = custom.find(({ name }, i) => known.includes(name) ||
    custom.some((other, j) => j < i && other.name === name))
  if (twice !== undefined) {
    throw new CoppiceError('PARAMETER', `customMetrics has a metric named "${twice.name}", which ` +
      "is another's name; give it its own")
  }
  return [...names.map((name) => new Metric(name, model, nIterations)),
    ...custom.map((definition) => new Metric(definition.name, model, nIterations, definition))]
}

function isSurvival({ objective: { name } }: Booster['model']): boolean {
  return name === 'cox' || name === 'aft'
}

/** Whether an event happened in a row: the bounds of aft are two planes, the upper behind. */
function hasEvents({ objective }: Booster['model'], labels: Float64Array): boolean {
  return objective.name === 'cox' ? labels.some((time) => time > 0)
    : labels.subarray(labels.length / 2).some((upper) => upper < Infinity)
}

async function measure(
  booster: Booster, dataset: Dataset, options: EvaluateOptions,
  custom: readonly MetricDefinition[],
): Promise<Evaluation> {
  const { model } = booster
  const predictor = booster.predictor(options.iterations)
  const metrics = chosenMetrics(
    booster, options, custom, predictor.iterations[1] - predictor.iterations[0])
  const seen = new Set<number>()
  let hasEvent = !isSurvival(model)
  let nRows = 0
  let sumWeight = 0
  for await (const batch of labelledBatches(model, dataset, options.signal)) {
    const { labels, weights } = batch
    const scores = predictor.predictRaw(batch.columns)
    for (const metric of metrics) metric.add(scores, labels, weights)
    if (model.classes !== null && seen.size < 2) {
      labels.forEach((label, row) => weights?.[row] !== 0 && seen.add(label))
    }
    hasEvent ||= hasEvents(model, labels)
    nRows += batch.nRows
    sumWeight += weights === null ? batch.nRows : weights.reduce((sum, w) => sum + w, 0)
  }
  if (!(sumWeight > 0)) {
    throw new CoppiceError('DATA', nRows === 0 ? 'the data have no rows; check the inputs'
      : 'the weights of all rows are 0; at least one must be positive')
  }
  const undefinedOnes = seen.size === 1 ? comparesClasses : hasEvent ? [] : comparesTimes
  const omitted: string[] = metrics.map(({ name }): string => name)
    .filter((name) => undefinedOnes.includes(name))
  if (omitted.length > 0 && options.metrics !== undefined) {
    throw new CoppiceError('DATA', `${omitted.join(', ')} is undefined: it compares ` +
      (model.classes === null ? 'rows in which an event happened with others, and all rows are ' +
        'censored; add rows with an event, or name other metrics'
        : `rows of both classes, and all rows are of class ` +
          `${String(model.classes[[...seen][0]!])}; add rows of the other, or name other metrics`))
  }
  const defined = metrics.filter(({ name }) => !omitted.includes(name))
  return {
    nRows,
    omitted,
    metrics: Object.fromEntries(defined.map((metric) => [metric.name, metric.value()])),
  }
}
