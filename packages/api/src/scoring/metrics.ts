/**
 * Metrics over all rows of a data set, by the trainer's own code: the same numbers for the same
 * rows, in whatever batches they come.
 */
import {
  checkMetric, ExactSum, findParameter, finishSpec, type MetricDefinition, metricFamily,
  metricParameter, type MetricPart, metricParts, metricsOf, type MetricSpec, parseValue,
} from '@coppice/engine'
import {
  CoppiceError, isBinary, isForest, type Model, type ModelObjective, type Objective,
  probabilitiesOf,
} from '@coppice/model'

/**
 * Metric names in their canonical spelling; without any, all that the objective has.
 * @throws CoppiceError 'PARAMETER' for a name that is unknown or of another objective
 */
export function resolveMetrics(
  names: string | readonly string[] | undefined, objective: ModelObjective,
): readonly string[] {
  const { name } = metricObjective(objective)
  const legal = metricsOf(name)
  if (names === undefined) return legal
  const wanted = parseValue(findParameter('metric')!, 'metric', names) as readonly string[]
  if (wanted.length === 0) {
    throw new CoppiceError('PARAMETER', `no metric is named; use ${legal.join(', ')}`)
  }
  for (const metric of wanted) checkMetric(metric, name)
  return wanted
}

/**
 * The objective whose metrics a model has. Imported ones that predict numbers have those of
 * regression, of the numbers that they predict.
 * @throws CoppiceError 'PARAMETER' for an imported one that has none here
 */
function metricObjective(objective: ModelObjective): Objective {
  if (objective.name !== 'imported') return metricFamily(objective)
  const { source, link, sigmoid, numClass } = objective
  if (isBinary(objective)) return { name: 'binary', sigmoid }
  if (link === 'softmax') return { name: 'multiclass', numClass }
  if (link === 'sigmoid' && numClass > 2) return { name: 'multiclassova', numClass, sigmoid }
  if (numClass === 0 && !source.startsWith('lambdarank') && !source.startsWith('rank_')) {
    return { name: 'regression' }
  }
  throw new CoppiceError('PARAMETER', "there are no metrics yet for models of LightGBM's " +
    `objective ${JSON.stringify(source)}; compute them of predictions`)
}

/** The raw scores of a model as those of `metricObjective`. Changes nothing of other models. */
function metricScores(
  objective: ModelObjective, scores: Float64Array, nIterations: number,
): Float64Array {
  if (objective.name === 'imported' && objective.numClass === 0) {
    return probabilitiesOf(objective, scores, nIterations)
  }
  return isForest(objective) ? scores.map((score) => score / Math.max(1, nIterations)) : scores
}

/** Takes rows in batches and gives the value of one metric at the end. */
export class Metric {
  readonly name: string
  readonly #model: Pick<Model, 'objective' | 'treesPerIteration'>
  readonly #nIterations: number
  readonly #objective: Objective
  readonly #spec: MetricSpec
  readonly #parts: Pick<MetricPart, 'sum' | 'ranked' | 'pair' | 'timed'>[] = []
  readonly #sumWeight = new ExactSum()
  /** Of a metric that sees all rows at once, until then. */
  readonly #kept: (readonly [Float64Array, Float64Array, Float64Array | null])[] = []
  #nRows = 0

  /**
   * @param nIterations - the iterations that the scores are of
   * @param custom - of a metric of the user's own, whose code is loaded
   */
  constructor(
    name: string, model: Pick<Model, 'objective' | 'treesPerIteration' | 'parameters'>,
    nIterations = 1, custom: MetricDefinition | null = null,
  ) {
    this.name = name
    this.#model = model
    this.#nIterations = nIterations
    this.#objective = custom === null || model.objective.name === 'imported'
      ? metricObjective(model.objective) : model.objective
    const { parameters } = model
    const given = (key: string): number | undefined =>
      parameters[key] === undefined ? undefined : Number(parameters[key])
    this.#spec = {
      name, custom,
      ...(name === 'auc_mu' ? { costs: (parameters['auc_mu_weights'] ?? []) as number[] } : {}),
      topK: given('multi_error_top_k') ?? 1,
      parameter: metricParameter(name, {
        alpha: given('alpha'), fairC: given('fair_c'),
        tweedieVariancePower: given('tweedie_variance_power'),
        expectileAlpha: given('expectile_alpha'), huberSlope: given('huber_slope'),
      }),
    }
  }

  /**
   * @param scores - raw scores, rows x outputs
   * @param labels - numbers or class indices; several label columns one after the other
   */
  add(scores: Float64Array, labels: Float64Array, weights: Float64Array | null): void {
    if (this.#spec.custom?.isWhole === true) this.#kept.push([scores, labels, weights])
    else this.#addRows(scores, labels, weights)
  }

  #addRows(scores: Float64Array, labels: Float64Array, weights: Float64Array | null): void {
    const { objective, treesPerIteration } = this.#model
    const planes = planesOf(
      metricScores(objective, scores, this.#nIterations), treesPerIteration)
    this.#parts.push(...metricParts(this.#spec, this.#objective, planes, labels, weights))
    const nRows = planes[0]!.length
    this.#nRows += nRows
    if (weights === null) this.#sumWeight.add(nRows)
    else for (const weight of weights) this.#sumWeight.add(weight)
  }

  value(): number {
    if (this.#kept.length > 0) {
      const [scores, labels, weights] = joinRows(this.#kept, this.#model.treesPerIteration)
      this.#kept.length = 0
      this.#addRows(scores, labels, weights)
    }
    return finishSpec(
      this.#spec, this.#parts, { sumWeight: this.#sumWeight.value(), nRows: this.#nRows })
  }
}

/** Row-major scores as one array per output. */
function planesOf(scores: Float64Array, nOutputs: number): Float64Array[] {
  if (nOutputs === 1) return [scores]
  const nRows = scores.length / nOutputs
  return Array.from({ length: nOutputs }, (_, k) =>
    Float64Array.from({ length: nRows }, (_row, row) => scores[row * nOutputs + k]!))
}

type ScoredBatch = readonly [Float64Array, Float64Array, Float64Array | null]

/** Rows of batches in their order; labels of several columns column by column. */
function joinRows(batches: readonly ScoredBatch[], nOutputs: number): ScoredBatch {
  const nRows = batches.reduce((sum, [scores]) => sum + scores.length / nOutputs, 0)
  const nLabels = batches.reduce((sum, [, labels]) => sum + labels.length, 0) / nRows
  const scores = new Float64Array(nRows * nOutputs)
  const labels = new Float64Array(nRows * nLabels)
  const weights = batches[0]![2] === null ? null : new Float64Array(nRows)
  let at = 0
  for (const [own, ownLabels, ownWeights] of batches) {
    const n = own.length / nOutputs
    scores.set(own, at * nOutputs)
    for (let k = 0; k < nLabels; k++) {
      labels.set(ownLabels.subarray(k * n, (k + 1) * n), k * nRows + at)
    }
    weights?.set(ownWeights!, at)
    at += n
  }
  return [scores, labels, weights]
}
