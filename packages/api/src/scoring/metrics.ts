/**
 * Metrics over all rows of a data set, by the trainer's own code: the same numbers for the same
 * rows, in whatever batches they come.
 */
import {
  checkMetric, ExactSum, findParameter, finishMetric, metricParameter, metricPart,
  type MetricPart, type MetricSpec, metricsOf, parseValue,
} from '@coppice/engine'
import { CoppiceError, type Model, type Objective } from '@coppice/model'

/**
 * Metric names in their canonical spelling; without any, all that the objective has.
 * @throws CoppiceError 'PARAMETER' for a name that is unknown or of another objective
 */
export function resolveMetrics(
  names: string | readonly string[] | undefined, { name }: Objective,
): readonly string[] {
  const legal = metricsOf(name)
  if (names === undefined) return legal
  const wanted = parseValue(findParameter('metric')!, 'metric', names) as readonly string[]
  if (wanted.length === 0) {
    throw new CoppiceError('PARAMETER', `no metric is named; use ${legal.join(', ')}`)
  }
  for (const metric of wanted) checkMetric(metric, name)
  return wanted
}

/** Takes rows in batches and gives the value of one metric at the end. */
export class Metric {
  readonly name: string
  readonly #model: Pick<Model, 'objective' | 'treesPerIteration'>
  readonly #spec: MetricSpec
  readonly #parts: Pick<MetricPart, 'sum' | 'ranked'>[] = []
  readonly #sumWeight = new ExactSum()
  #nRows = 0

  constructor(name: string, model: Pick<Model, 'objective' | 'treesPerIteration' | 'parameters'>) {
    this.name = name
    this.#model = model
    const { parameters } = model
    const given = (key: string): number | undefined =>
      parameters[key] === undefined ? undefined : Number(parameters[key])
    this.#spec = {
      name,
      topK: given('multi_error_top_k') ?? 1,
      parameter: metricParameter(name, {
        alpha: given('alpha'), fairC: given('fair_c'),
        tweedieVariancePower: given('tweedie_variance_power'),
      }),
    }
  }

  /**
   * @param scores - raw scores, rows x outputs
   * @param labels - numbers or class indices
   */
  add(scores: Float64Array, labels: Float64Array, weights: Float64Array | null): void {
    const planes = planesOf(scores, this.#model.treesPerIteration)
    this.#parts.push(metricPart(this.#spec, this.#model.objective, planes, labels, weights))
    this.#nRows += labels.length
    if (weights === null) this.#sumWeight.add(labels.length)
    else for (const weight of weights) this.#sumWeight.add(weight)
  }

  value(): number {
    return finishMetric(
      this.name, this.#parts, { sumWeight: this.#sumWeight.value(), nRows: this.#nRows })
  }
}

/** Row-major scores as one array per output. */
function planesOf(scores: Float64Array, nOutputs: number): Float64Array[] {
  if (nOutputs === 1) return [scores]
  const nRows = scores.length / nOutputs
  return Array.from({ length: nOutputs }, (_, k) =>
    Float64Array.from({ length: nRows }, (_row, row) => scores[row * nOutputs + k]!))
}
