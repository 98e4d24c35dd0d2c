import { probabilitiesOf, type Objective } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import { ExactSum } from '../numeric/exact-sum.js'
import { placeOf } from './define.js'
import { codeOf } from './registry.js'
import {
  customMath, type CustomMetric, type MetricDefinition, type ScoredCustomRows,
} from './types.js'

/** Rows that a function of losses is given at a time. */
const BATCH_ROWS = 4096

/** Some rows of a data set: scores by output, labels, weights. */
interface MetricRows {
  readonly scores: readonly Float64Array[]
  /** A plane for each label column. */
  readonly labels: Float64Array
  readonly weights: Float64Array | null
}

/**
 * One engine's part of a custom metric: the weighted sum of the losses of its rows, or the value
 * itself where the metric sees all rows at once. Without rows no code is needed.
 *
 * @throws CoppiceError 'PARAMETER' where the code is not loaded or fails, 'DATA' for a loss that
 *   is not finite
 */
export function customMetricPart(
  metric: MetricDefinition, objective: Objective, rows: MetricRows,
): ExactSum {
  const sum = new ExactSum()
  const nRows = rows.scores[0]!.length
  if (nRows === 0) return sum
  const code = codeOf(metric) as CustomMetric
  if (metric.isWhole) {
    const value = run(metric, () => code.value!(view(rows, objective, 0, nRows)))
    sum.add(finite(metric, value, 'the rows of a set'))
    return sum
  }
  for (let first = 0; first < nRows; first += BATCH_ROWS) {
    const n = Math.min(BATCH_ROWS, nRows - first)
    const losses = new Float64Array(n).fill(NaN)
    run(metric, () => code.losses!(view(rows, objective, first, n), losses))
    for (let i = 0; i < n; i++) {
      const loss = finite(metric, losses[i]!,
        `a row of label ${rows.labels[first + i]} and score ${rows.scores[0]![first + i]}`)
      sum.add(rows.weights === null ? loss : loss * rows.weights[first + i]!)
    }
  }
  return sum
}

/** The value from the sum of the parts of all engines. */
export function finishCustomMetric(
  metric: MetricDefinition, sum: ExactSum, sumWeight: number,
): number {
  if (metric.isWhole) return sum.value()
  const mean = sum.value() / sumWeight
  return metric.transform === 'sqrt' ? Math.sqrt(mean) : mean
}

function view(
  { scores, labels, weights }: MetricRows, objective: Objective, first: number, nRows: number,
): ScoredCustomRows {
  const nOutputs = scores.length
  const nAll = scores[0]!.length
  const planes = new Float64Array(nRows * nOutputs)
  const rowMajor = new Float64Array(nRows * nOutputs)
  for (let k = 0; k < nOutputs; k++) {
    for (let i = 0; i < nRows; i++) {
      planes[k * nRows + i] = scores[k]![first + i]!
      rowMajor[i * nOutputs + k] = scores[k]![first + i]!
    }
  }
  const columns = new Float64Array(labels.length / nAll * nRows)
  for (let k = 0; k * nAll < labels.length; k++) {
    columns.set(labels.subarray(k * nAll + first, k * nAll + first + nRows), k * nRows)
  }
  return {
    nRows, nOutputs, labels: columns,
    weights: weights === null ? null : weights.slice(first, first + nRows),
    scores: planes, predictions: probabilitiesOf(objective, rowMajor), math: customMath,
  }
}

function run<T>(metric: MetricDefinition, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new CoppiceError('PARAMETER', `the metric ${placeOf(metric)} failed: ` +
      (cause instanceof Error ? cause.message : String(cause)), { cause })
  }
}

function finite(metric: MetricDefinition, value: unknown, of: string): number {
  if (Number.isFinite(value)) return value as number
  throw new CoppiceError('DATA', `the metric ${placeOf(metric)} gives ${String(value)} for ` +
    `${of}; it must be a finite number: mend the metric, or leave it out`)
}
