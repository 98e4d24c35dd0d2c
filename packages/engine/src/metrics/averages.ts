/**
 * Metrics that are means over the scores of a row: over targets, quantiles, or classes against the
 * rest. Each score has parts of its own; the mean is scikit-learn's: uniform, of what each comes
 * to over all rows.
 */
import { exp, hasTargets, type Objective } from '@coppice/model'
import type { MetricPart, MetricSpec } from '../execution/protocol.js'
import {
  isMultiOutput, type MultiObjective, outputObjective, outputsOf,
} from '../objectives/multi-output.js'
import { rankScores } from './auc.js'

type Parts = Pick<MetricPart, 'sum' | 'ranked' | 'pair' | 'timed'>

/** One engine's part of a metric of one score. */
type PartOf = (
  metric: MetricSpec, objective: Objective, scores: Float64Array, labels: Float64Array,
) => Parts

/** Rows with a plane of scores for each output. */
interface ScoredRows {
  readonly scores: readonly Float64Array[]
  /** A plane for each label column. */
  readonly labels: Float64Array
  readonly weights: Float64Array | null
}

/** A part for each target or quantile; null for objectives of one score, and classes. */
export function outputParts(
  metric: MetricSpec, objective: Objective, { scores: raw, labels }: ScoredRows, partOf: PartOf,
): Parts[] | null {
  if (!isMultiOutput(objective)) return null
  const isSorted = objective.name === 'multi_quantile' && objective.sorted === true
  const scores = isSorted ? sortedPlanes(raw) : raw
  return Array.from({ length: outputsOf(objective) }, (_, k) => ({
    ...partOf(ofOutput(metric, objective, k), outputObjective(objective, k), scores[k]!,
      labelsOf(objective, labels, scores[k]!.length, k)),
    pair: k,
  }))
}

/** The scores of each row in ascending order, as they are predicted. */
function sortedPlanes(scores: readonly Float64Array[]): Float64Array[] {
  const sorted = scores.map((plane) => plane.slice())
  const own = new Float64Array(scores.length)
  for (let row = 0; row < scores[0]!.length; row++) {
    for (const [k, plane] of scores.entries()) own[k] = plane[row]!
    own.sort()
    for (const [k, plane] of sorted.entries()) plane[row] = own[k]!
  }
  return sorted
}

/** The pinball loss of a quantile is that of its own. */
function ofOutput(metric: MetricSpec, objective: MultiObjective, output: number): MetricSpec {
  return metric.name === 'quantile' && objective.name === 'multi_quantile'
    ? { ...metric, parameter: objective.quantiles[output]! } : metric
}

function labelsOf(
  objective: MultiObjective, labels: Float64Array, nRows: number, output: number,
): Float64Array {
  return hasTargets(objective) ? labels.subarray(output * nRows, (output + 1) * nRows) : labels
}

/**
 * One engine's parts of auc_ovr: of each class, its rows and the others by the probability of the
 * class (with softmax), or by its score.
 */
export function rankClasses(
  objective: Objective, { scores, labels, weights }: ScoredRows,
): Parts[] {
  const ranks = objective.name === 'multiclass' ? softmaxPlanes(scores) : scores
  return ranks.map((plane, k) => ({
    sum: null, pair: k,
    ranked: rankScores(plane, labels.map((label) => Number(label === k)), weights),
  }))
}

/** exp(x - max) / sum of each row, in the order of operations of predictions. */
function softmaxPlanes(scores: readonly Float64Array[]): Float64Array[] {
  const nRows = scores[0]!.length
  const planes = scores.map(() => new Float64Array(nRows))
  for (let row = 0; row < nRows; row++) {
    let max = -Infinity
    for (const plane of scores) max = Math.max(max, plane[row]!)
    let sum = 0
    for (const [k, plane] of scores.entries()) {
      const e = exp(plane[row]! - max)
      planes[k]![row] = e
      sum += e
    }
    for (const plane of planes) plane[row]! /= sum
  }
  return planes
}

/** Metrics that compare rows of two classes. */
const comparing: readonly string[] = ['auc', 'auc_ovr', 'average_precision']

/**
 * The mean over what the parts are of. Those where all rows are of one class are left out of
 * metrics that compare two; 1 where no others are.
 *
 * @param finish - the value from the parts of one score
 */
export function finishMean(
  metric: string, parts: readonly Parts[], finish: (parts: readonly Parts[]) => number,
): number {
  const byOutput = new Map<number, Parts[]>()
  for (const part of parts) {
    const known = byOutput.get(part.pair!)
    if (known === undefined) byOutput.set(part.pair!, [part])
    else known.push(part)
  }
  const outputs = [...byOutput.keys()].sort((a, b) => a - b).map((k) => byOutput.get(k)!)
  const counted = comparing.includes(metric) ? outputs.filter(hasBothClasses) : outputs
  if (counted.length === 0) return 1
  return counted.reduce((sum, own) => sum + finish(own), 0) / counted.length
}

function hasBothClasses(parts: readonly Parts[]): boolean {
  return parts.some(({ ranked }) => ranked!.positives.length > 0) &&
    parts.some(({ ranked }) => ranked!.negatives.length > 0)
}
