import type { EvaluationSeries } from '@coppice/model'
import { isHigherBetter } from '../metrics/names.js'
import type { MetricValue } from './types.js'

/** The evaluation history while it grows. */
export class History {
  readonly #series: { dataset: string, metric: string, iterations: number[], values: number[] }[]

  constructor(start: readonly EvaluationSeries[] = []) {
    this.#series = start.map((series) => ({
      ...series, iterations: [...series.iterations], values: [...series.values],
    }))
  }

  add(iteration: number, metrics: readonly MetricValue[]): void {
    for (const { dataset, metric, value } of metrics) {
      let series = this.#series.find((s) => s.dataset === dataset && s.metric === metric)
      if (series === undefined) {
        series = { dataset, metric, iterations: [], values: [] }
        this.#series.push(series)
      }
      series.iterations.push(iteration)
      series.values.push(value)
    }
  }

  /** A copy of the series so far. */
  series(): EvaluationSeries[] {
    return this.#series.map((series) => ({
      ...series, iterations: [...series.iterations], values: [...series.values],
    }))
  }

  /** What `add` was given, iteration by iteration. */
  *byIteration(
    isHigher: (metric: string) => boolean = isHigherBetter,
  ): Generator<readonly [number, readonly MetricValue[]]> {
    const iterations = new Set(this.#series.flatMap((series) => series.iterations))
    for (const iteration of [...iterations].sort((a, b) => a - b)) {
      const metrics = this.#series.flatMap(({ dataset, metric, iterations: at, values }) => {
        const i = at.indexOf(iteration)
        const higherIsBetter = isHigher(metric)
        return i < 0 ? [] : [{ dataset, metric, value: values[i]!, higherIsBetter }]
      })
      yield [iteration, metrics]
    }
  }
}
