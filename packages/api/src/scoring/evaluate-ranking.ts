/** Metrics of models that order the rows of queries. */
import { type GroupScan, mergeGroups } from '@coppice/data'
import {
  checkMetric, findParameter, finishMetric, labelGains, type MetricSpec, parseValue, queryWeight,
  rankingParts, ExactSum, metricsOf,
} from '@coppice/engine'
import {
  CoppiceError, type IterationRange, isRanking, type Model, type Objective,
} from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import type { Booster } from '../model/booster.js'
import { labelledBatches } from './labelled-batches.js'
import { joinDoubles } from './join-doubles.js'

/** Whole queries with what a model makes of them. */
interface ScoredQueries {
  /** First row of each query, and behind the last the number of rows. */
  readonly starts: Int32Array
  readonly scores: Float64Array
  readonly labels: Float64Array
  readonly weights: Float64Array | null
}

/** What is computed of rankings. */
export interface RankingOptions {
  /** ndcg and map, with or without a rank: 'ndcg@10'. Default: both. */
  readonly metrics?: string | readonly string[] | undefined
  /** Ranks of metrics that name none; default: `eval_at` of the model. */
  readonly evalAt?: readonly number[] | undefined
  readonly iterations?: IterationRange | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Metrics of a ranking model on labelled rows with queries, as the trainer computes them.
 * @throws CoppiceError 'DATA', 'IO', 'PARAMETER', or 'ABORTED' by the signal
 */
export async function evaluateRanking(
  booster: Booster, dataset: Dataset, options: RankingOptions,
): Promise<{ readonly nRows: number, readonly metrics: Readonly<Record<string, number>> }> {
  const { model } = booster
  const specs = rankingMetrics(model, options)
  const queries = await scoreQueries(booster, dataset, options)
  const gains = gainsOf(model)
  checkLabels(queries.labels, gains.length - 1)
  const sumQueryWeight = sumWeights(queries)
  if (!(sumQueryWeight > 0)) {
    throw new CoppiceError('DATA', queries.labels.length === 0
      ? 'the data have no rows; check the inputs'
      : 'the weights of all rows are 0; at least one must be positive')
  }
  const sums = rankingParts(specs, queries, gains)
  const size = { nRows: queries.labels.length, sumWeight: 0, sumQueryWeight }
  return {
    nRows: queries.labels.length,
    metrics: Object.fromEntries(specs.map(({ name }, m) =>
      [name, finishMetric(name, [{ sum: sums[m]!, ranked: null }], size)])),
  }
}

/**
 * The metrics in the order in which they are named.
 * @throws CoppiceError 'PARAMETER' for a name that is none, or no metric of rankings
 */
function rankingMetrics(model: Model, { metrics, evalAt }: RankingOptions): MetricSpec[] {
  const objective = model.objective.name as Objective['name']
  const given = metrics === undefined ? metricsOf(objective)
    : typeof metrics === 'string' ? metrics.split(',') : metrics
  const ranks = ranksOf(model, evalAt)
  const specs = given.flatMap((text) => {
    const ranked = /^(.*)@([1-9]\d*)$/.exec(text.trim())
    const [name] = parseValue(
      findParameter('metric')!, 'metric', ranked?.[1] ?? text.trim()) as readonly string[]
    if (name === undefined) return []
    checkMetric(name, objective)
    const own = ranked === null ? ranks : [Number(ranked[2])]
    return own.map((topK) => ({ name: `${name}@${topK}`, topK, parameter: 0 }))
  })
  if (specs.length > 0) return specs
  throw new CoppiceError('PARAMETER',
    `no metric is named; use ${metricsOf(objective).join(', ')}, or one with a rank: ndcg@10`)
}

function ranksOf({ parameters }: Model, evalAt: readonly number[] | undefined): readonly number[] {
  const row = findParameter('eval_at')!
  const ranks = parseValue(row, 'eval_at',
    evalAt ?? parameters['eval_at'] ?? row.default) as readonly number[]
  return [...new Set(ranks)].sort((a, b) => a - b)
}

/** Gains of the labels of a model. */
export function gainsOf({ parameters }: Pick<Model, 'parameters'>): readonly number[] {
  return labelGains((parameters['label_gain'] ?? []) as readonly number[])
}

async function scoreQueries(
  booster: Booster, dataset: Dataset, { iterations, signal }: RankingOptions,
): Promise<ScoredQueries> {
  const predictor = booster.predictor(iterations)
  const parts: { scores: Float64Array, labels: Float64Array, weights: Float64Array | null }[] = []
  const units: { partition: string, groups: GroupScan }[] = []
  let queryName = 'query'
  for await (const batch of labelledBatches(booster.model, dataset, signal)) {
    const { labels, weights, queries } = batch;
    ({ queryName } = batch)
    parts.push({ scores: predictor.predictRaw(batch.columns), labels, weights })
    units.push({ partition: batch.partition ?? 'the rows', groups: queries! })
  }
  const sizes = mergeGroups(queryName, units)
  const starts = new Int32Array(sizes.length + 1)
  sizes.forEach((size, q) => { starts[q + 1] = starts[q]! + size })
  const isWeighted = parts.some(({ weights }) => weights !== null)
  return {
    starts,
    scores: joinDoubles(parts.map(({ scores }) => scores)),
    labels: joinDoubles(parts.map(({ labels }) => labels)),
    weights: isWeighted ? joinDoubles(parts.map(({ weights }) => weights!)) : null,
  }
}

function sumWeights({ starts, weights }: ScoredQueries): number {
  const sum = new ExactSum()
  for (let q = 0; q + 1 < starts.length; q++) {
    sum.add(queryWeight(weights, starts[q]!, starts[q + 1]!))
  }
  return sum.value()
}

function checkLabels(labels: Float64Array, maxLabel: number): void {
  const bad = labels.findIndex((y) => !(Number.isInteger(y) && y >= 0 && y <= maxLabel))
  if (bad < 0) return
  throw new CoppiceError('DATA', `the label of row ${bad} is ${labels[bad]}; rankings are ` +
    `measured with whole numbers from 0 to ${maxLabel}, for which the model has gains`)
}

/** @throws CoppiceError 'MODEL' for a model that does not order rows of queries */
export function requireRanking({ objective }: Model): void {
  if (isRanking(objective)) return
  throw new CoppiceError('MODEL', `a model of objective "${objective.name}" does not rank; load ` +
    'it with Booster.load, GBDTClassifier.load or GBDTRegressor.load')
}
