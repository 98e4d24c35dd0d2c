/**
 * Metrics over all rows of a data set, exact before their one rounding: the same numbers as the
 * trainer's for the same rows, in whatever batches they come.
 */
import { ExactSum, findParameter, parseValue } from '@coppice/engine'
import { CoppiceError, exp, log, type Model, type Objective } from '@coppice/model'
import { areaUnderRoc } from './auc.js'

/** LightGBM's kEpsilon: probabilities below it count as it. */
const epsilon = 1e-15

/** Loss of a row: raw scores (from `at` on, one per output), its label. */
type RowLoss = (scores: Float64Array, at: number, label: number) => number

const losses = {
  l2: (scores, at, label) => (scores[at]! - label) * (scores[at]! - label),
  rmse: (scores, at, label) => (scores[at]! - label) * (scores[at]! - label),
  l1: (scores, at, label) => Math.abs(scores[at]! - label),
} satisfies Record<string, RowLoss>

function lossOf(metric: string, objective: Objective, topK: number): RowLoss {
  const sigmoid = objective.name === 'binary' ? objective.sigmoid : 1
  const nClasses = objective.name === 'multiclass' ? objective.numClass : 1
  switch (metric) {
    case 'l1': return losses.l1
    case 'l2':
    case 'rmse': return losses.l2
    case 'binary_logloss': return (scores, at, label) => {
      const z = sigmoid * scores[at]!
      return -log(Math.max(1 / (1 + exp(label > 0.5 ? -z : z)), epsilon))
    }
    case 'binary_error': return (scores, at, label) =>
      (sigmoid * scores[at]! > 0) === label > 0.5 ? 0 : 1
    case 'multi_logloss': return (scores, at, label) => {
      let max = scores[at]!
      for (let k = 1; k < nClasses; k++) max = Math.max(max, scores[at + k]!)
      let sum = 0
      for (let k = 0; k < nClasses; k++) sum += exp(scores[at + k]! - max)
      return -log(Math.max(exp(scores[at + label]! - max) / sum, epsilon))
    }
    default: return (scores, at, label) => {
      let atLeast = 0
      for (let k = 0; k < nClasses; k++) if (scores[at + k]! >= scores[at + label]!) atLeast++
      return atLeast > topK ? 1 : 0
    }
  }
}

const metricsOf: Readonly<Record<Objective['name'], readonly [string, ...string[]]>> = {
  regression: ['l2', 'rmse', 'l1'],
  binary: ['binary_logloss', 'auc', 'binary_error'],
  multiclass: ['multi_logloss', 'multi_error'],
}

/**
 * Metric names in their canonical spelling; without any, all that the objective has.
 * @throws CoppiceError 'PARAMETER' for a name that is unknown or of another objective
 */
export function resolveMetrics(
  names: string | readonly string[] | undefined, { name }: Objective,
): readonly string[] {
  const legal = metricsOf[name]
  if (names === undefined) return legal
  const wanted = parseValue(findParameter('metric')!, 'metric', names) as readonly string[]
  const wrong = wanted.find((metric) => !legal.includes(metric))
  if (wrong === undefined && wanted.length > 0) return wanted
  throw new CoppiceError('PARAMETER', (wrong === undefined ? 'no metric is named'
    : `metric "${wrong}" is not defined for a model of objective "${name}"`) +
    `; use ${legal.join(', ')}`)
}

/** Takes rows in batches and gives the value of one metric at the end. */
export class Metric {
  readonly name: string
  readonly #loss: RowLoss | null
  readonly #nOutputs: number
  readonly #sum = new ExactSum()
  readonly #sumWeight = new ExactSum()
  readonly #rows: { scores: Float64Array, labels: Float64Array, weights: Float64Array | null }[] =
    []

  constructor(name: string, model: Pick<Model, 'objective' | 'treesPerIteration' | 'parameters'>) {
    this.name = name
    this.#nOutputs = model.treesPerIteration
    const topK = Number(model.parameters['multi_error_top_k'] ?? 1)
    this.#loss = name === 'auc' ? null : lossOf(name, model.objective, topK)
  }

  /**
   * @param scores - raw scores, rows x outputs; kept
   * @param labels - numbers or class indices; kept
   */
  add(scores: Float64Array, labels: Float64Array, weights: Float64Array | null): void {
    if (this.#loss === null) {
      this.#rows.push({ scores, labels, weights })
      return
    }
    for (let row = 0; row < labels.length; row++) {
      const loss = this.#loss(scores, row * this.#nOutputs, labels[row]!)
      const weight = weights === null ? 1 : weights[row]!
      this.#sum.add(weights === null ? loss : loss * weight)
      this.#sumWeight.add(weight)
    }
  }

  value(): number {
    if (this.#loss === null) return areaUnderRoc(this.#rows)
    const mean = this.#sum.value() / this.#sumWeight.value()
    return this.name === 'rmse' ? Math.sqrt(mean) : mean
  }
}
