import type { BinnedBlock } from '../dataset.js'
import { assert, CoppiceError } from '../errors.js'
import { rawExtents } from '../execution/raw-values.js'
import { ExactSum } from '../numeric/exact-sum.js'
import type { SetSize } from '../metrics/parts.js'
import { queryWeight } from '../metrics/ranking.js'
import { knownLogTime } from '../objectives/aft.js'
import { trainedLabel } from '../objectives/label-range.js'
import { eventTimesOf, type EventTimes, mergeEventTimes } from '../survival/event-times.js'
import { checkRows, type LabelledRows, type TargetShape } from './check-data.js'

/**
 * What a training must know of rows that somebody else holds. Summaries of disjoint rows merge
 * exactly, in any order. Plain data.
 */
export interface RowSummary {
  readonly nRows: number
  readonly hasWeight: boolean
  readonly hasInitScore: boolean
  /** State of an ExactSum over the weights; without weights each row counts 1. */
  readonly sumWeight: readonly number[]
  /** State of an ExactSum over weight x label (see `trainedLabel`); empty for classes. */
  readonly sumWeightedLabel: readonly number[]
  /** One ExactSum state per class. */
  readonly classWeights: readonly (readonly number[])[]
  readonly classCounts: readonly number[]
  /** Of aft the logarithm of a time. */
  readonly maxAbsLabel: number
  /** 1 without weights. */
  readonly maxWeight: number
  readonly maxAbsInitScore: number
  /** Of each label column, where rows have several; then `sumWeightedLabel` is of no use. */
  readonly targets?: readonly TargetSummary[]
  /** Largest magnitudes of raw values, see `rawExtents`; where linear leaves are fitted. */
  readonly extents?: readonly number[]
  /** Of the rows' queries, for objectives of rankings. */
  readonly queries?: QuerySummary
  /** Of cox. */
  readonly events?: EventTimes
}

/** What a training must know of one of several label columns. */
export interface TargetSummary {
  /** State of an ExactSum over weight x label. */
  readonly sumWeightedLabel: readonly number[]
  readonly maxAbsLabel: number
  /** Of the init scores of the column's score; absent where there are none. */
  readonly maxAbsInitScore?: number
}

/** What a training must know of queries: the weight of one is the mean of its rows' weights. */
export interface QuerySummary {
  readonly nQueries: number
  /** State of an ExactSum over the queries' weights. */
  readonly sumWeight: readonly number[]
  /** One more than the largest position at which a row was shown; absent: that is not known. */
  readonly nPositions?: number
}

/**
 * Checks labels, weights and init scores row by row and sums them up. O(nRows).
 *
 * @param where - ' of evaluation set "name"', or '' for the training set; for messages
 * @throws CoppiceError 'DATA' naming the row, the value and what is legal
 */
export function summarizeRows(rows: LabelledRows, shape: TargetShape, where: string): RowSummary {
  checkRows(rows, shape, where)
  const { nRows, weight, initScore } = rows
  const label = rows.label!
  const isRegression = shape.nClasses === 0
  const { nLabels = 1 } = shape
  const isTimes = shape.objective === 'aft'
  const sumWeight = new ExactSum()
  const sumWeightedLabel = new ExactSum()
  const classWeights = Array.from({ length: shape.nClasses }, () => new ExactSum())
  const classCounts = new Array<number>(shape.nClasses).fill(0)
  const isCounted = !isRegression && weight === null && nLabels === 1
  if (isCounted) countClasses(label, classCounts)
  for (let row = isCounted ? nRows : 0; row < nRows; row++) {
    const y = label[row]!
    const w = weight === null ? 1 : weight[row]!
    if (nLabels > 1) {
      if (isTimes) sumWeightedLabel.add(knownLogTime(label[2 * row]!, label[2 * row + 1]!) * w)
      if (weight !== null) sumWeight.add(w)
      continue
    }
    if (isRegression) sumWeightedLabel.add(trainedLabel(shape.objective, y) * w)
    else classCounts[y]!++
    if (weight === null) continue
    sumWeight.add(w)
    if (!isRegression) classWeights[y]!.add(w)
  }
  if (weight === null) {
    sumWeight.add(nRows)
    classWeights.forEach((sum, k) => sum.add(classCounts[k]!))
  }
  return {
    nRows,
    hasWeight: weight !== null,
    hasInitScore: initScore !== null,
    sumWeight: sumWeight.parts(),
    sumWeightedLabel: isRegression ? sumWeightedLabel.parts() : [],
    classWeights: classWeights.map((sum) => sum.parts()),
    classCounts,
    maxAbsLabel: isTimes ? largestLogTime(label)
      : Math.abs(trainedLabel(shape.objective, largestMagnitude(label))),
    maxWeight: weight === null ? 1 : largestMagnitude(weight),
    maxAbsInitScore: initScore === null ? 0 : largestMagnitude(initScore),
    ...(nLabels === 1 || isTimes ? {} : { targets: summarizeTargets(rows, nLabels) }),
    ...(shape.maxLabel === undefined ? {} : { queries: summarizeQueries(rows) }),
    ...(shape.objective === 'cox' ? { events: eventTimesOf(label) } : {}),
  }
}

/**
 * The summary of all rows from those of disjoint parts of them: bit for bit the same for any cut
 * and any order. Parts without rows say nothing about weights and init scores.
 *
 * @param parts - at least one, all made with the same shape
 * @throws CoppiceError 'DATA' when some parts have weights (or init scores) and others do not
 */
export function mergeSummaries(parts: readonly RowSummary[]): RowSummary {
  const filled = parts.filter((part) => part.nRows > 0)
  const counted = filled.length > 0 ? filled : parts.slice(0, 1)
  const first = counted[0]
  assert(first !== undefined, 'there is a summary to merge')
  const nClasses = first.classCounts.length
  for (const part of counted) {
    assert(part.classCounts.length === nClasses, 'summaries are of the same classes')
    requireAlike('weights', part.hasWeight, first.hasWeight)
    requireAlike('init scores', part.hasInitScore, first.hasInitScore)
  }
  const classes = Array.from({ length: nClasses }, (_, k) => k)
  return {
    nRows: total(counted, (part) => part.nRows),
    hasWeight: first.hasWeight,
    hasInitScore: first.hasInitScore,
    sumWeight: mergeStates(counted.map((part) => part.sumWeight)),
    sumWeightedLabel: nClasses > 0 ? []
      : mergeStates(counted.map((part) => part.sumWeightedLabel)),
    classWeights: classes.map((k) => mergeStates(counted.map((part) => part.classWeights[k]!))),
    classCounts: classes.map((k) => total(counted, (part) => part.classCounts[k]!)),
    maxAbsLabel: largest(counted, (part) => part.maxAbsLabel),
    maxWeight: largest(counted, (part) => part.maxWeight),
    maxAbsInitScore: largest(counted, (part) => part.maxAbsInitScore),
    ...(first.targets === undefined ? {} : { targets: mergeTargets(counted) }),
    ...(counted.every(({ extents }) => extents === undefined) ? {}
      : { extents: mergeExtents(counted) }),
    ...(first.queries === undefined ? {} : { queries: mergeQueries(counted) }),
    ...(first.events === undefined ? {}
      : { events: mergeEventTimes(counted.map(({ events }) => events!)) }),
  }
}

function summarizeTargets(
  { nRows, label, weight, initScore }: LabelledRows, nLabels: number,
): TargetSummary[] {
  return Array.from({ length: nLabels }, (_, k) => {
    const sum = new ExactSum()
    let maxAbsLabel = 0
    let maxAbsInitScore = 0
    for (let row = 0; row < nRows; row++) {
      const y = label![row * nLabels + k]!
      sum.add(weight === null ? y : y * weight[row]!)
      maxAbsLabel = Math.max(maxAbsLabel, Math.abs(y))
      if (initScore === null) continue
      maxAbsInitScore = Math.max(maxAbsInitScore, Math.abs(initScore[row * nLabels + k]!))
    }
    return {
      sumWeightedLabel: sum.parts(), maxAbsLabel,
      ...(initScore === null ? {} : { maxAbsInitScore }),
    }
  })
}

function mergeTargets(parts: readonly RowSummary[]): TargetSummary[] {
  return parts[0]!.targets!.map((_, k) => ({
    sumWeightedLabel: mergeStates(parts.map(({ targets }) => targets![k]!.sumWeightedLabel)),
    maxAbsLabel: largest(parts, ({ targets }) => targets![k]!.maxAbsLabel),
    ...(parts[0]!.hasInitScore ? { maxAbsInitScore: largest(
      parts, ({ targets }) => targets![k]!.maxAbsInitScore ?? 0) } : {}),
  }))
}

function mergeExtents(parts: readonly RowSummary[]): number[] {
  const merged: number[] = []
  for (const { extents = [] } of parts) {
    extents.forEach((extent, column) => {
      merged[column] = Math.max(merged[column] ?? 0, extent)
    })
  }
  return merged
}

/** The summary of rows with that of their raw values, if they have some. */
export function withExtents(summary: RowSummary, blocks: readonly BinnedBlock[]): RowSummary {
  return blocks.some(({ raw }) => raw !== undefined)
    ? { ...summary, extents: rawExtents(blocks) } : summary
}

function summarizeQueries(
  { groupSizes = null, weight, shownAt = null }: LabelledRows,
): QuerySummary {
  const sum = new ExactSum()
  let row = 0
  for (const size of groupSizes ?? []) {
    sum.add(queryWeight(weight, row, row + size))
    row += size
  }
  return {
    nQueries: groupSizes?.length ?? 0,
    sumWeight: sum.parts(),
    ...(shownAt === null ? {} : { nPositions: largestMagnitude(shownAt) + 1 }),
  }
}

function mergeQueries(parts: readonly RowSummary[]): QuerySummary {
  const queries = parts.map((part) => part.queries!)
  const hasPositions = queries[0]!.nPositions !== undefined
  for (const { nPositions } of queries) {
    requireAlike('positions', nPositions !== undefined, hasPositions)
  }
  const nPositions = queries.reduce((most, query) => Math.max(most, query.nPositions ?? 0), 0)
  return {
    nQueries: queries.reduce((sum, { nQueries }) => sum + nQueries, 0),
    sumWeight: mergeStates(queries.map(({ sumWeight }) => sumWeight)),
    ...(hasPositions ? { nPositions } : {}),
  }
}

/** What sums of losses over the rows are divided by. */
export function setSize({ nRows, sumWeight, queries }: RowSummary): SetSize {
  const valueOf = (state: readonly number[]): number => {
    const sum = new ExactSum()
    sum.merge(state)
    return sum.value()
  }
  return {
    nRows,
    sumWeight: valueOf(sumWeight),
    sumQueryWeight: queries === undefined ? 0 : valueOf(queries.sumWeight),
  }
}

function requireAlike(what: string, has: boolean, firstHas: boolean): void {
  if (has === firstHas) return
  throw new CoppiceError('DATA',
    `some partitions have ${what} and others have none; give ${what} for all rows or for none`)
}

function mergeStates(states: readonly (readonly number[])[]): number[] {
  const sum = new ExactSum()
  for (const state of states) sum.merge(state)
  return sum.parts()
}

function total(parts: readonly RowSummary[], of: (part: RowSummary) => number): number {
  return parts.reduce((sum, part) => sum + of(part), 0)
}

function largest(parts: readonly RowSummary[], of: (part: RowSummary) => number): number {
  return parts.reduce((max, part) => Math.max(max, of(part)), 0)
}

/** Rows of each class: where there are no weights, all that is to be known of labels. */
function countClasses(label: Float64Array, counts: number[]): void {
  const exact = new Float64Array(counts.length)
  for (let row = 0; row < label.length; row++) exact[label[row]!]!++
  for (const [k, count] of exact.entries()) counts[k] = count
}

function largestMagnitude(values: Float64Array): number {
  let max = 0
  // by index and without `Math.max`: 1 ns a value, not 15
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!)
    if (magnitude > max) max = magnitude
  }
  return max
}

function largestLogTime(bounds: Float64Array): number {
  let max = 0
  for (let at = 0; at < bounds.length; at += 2) {
    max = Math.max(max, Math.abs(knownLogTime(bounds[at]!, bounds[at + 1]!)))
  }
  return max
}
