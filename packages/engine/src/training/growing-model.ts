import {
  extendChain, startChain, type EvaluationSeries, type Model, type ModelHeader, type Tree,
} from '@coppice/model'
import { assert } from '../errors.js'
import { isHigherBetter } from '../metrics/names.js'
import { EarlyStopping, type EarlyStoppingParams } from './early-stopping.js'
import { History } from './history.js'
import type { MetricValue } from './types.js'

/** Name under which the training rows are evaluated, LightGBM's. */
export const TRAINING = 'training'

/** Parameters that decide when to stop. */
export interface StoppingParams {
  readonly earlyStoppingRound: number
  readonly earlyStoppingMinDelta: number
  readonly firstMetricOnly: boolean
  readonly isProvideTrainingMetric: boolean
}

/** The model while it is trained: committed iterations, their metrics, the best of them. */
export class GrowingModel {
  readonly #header: ModelHeader
  readonly #stopping: EarlyStopping
  readonly #trees: Tree[] = []
  #history = new History()
  #chain: string
  #nIterations = 0

  constructor(header: ModelHeader, params: StoppingParams) {
    this.#header = header
    this.#chain = startChain(header)
    const stopping: EarlyStoppingParams = {
      rounds: params.earlyStoppingRound,
      minDelta: params.earlyStoppingMinDelta,
      firstMetricOnly: params.firstMetricOnly,
    }
    this.#stopping = new EarlyStopping(stopping, params.isProvideTrainingMetric ? TRAINING : null)
  }

  get nIterations(): number {
    return this.#nIterations
  }

  /** Of all committed iterations. */
  get chainHash(): string {
    return this.#chain
  }

  /**
   * Commits an iteration.
   *
   * @param trees - one per output
   * @returns whether early stopping ends the training here
   */
  commit(trees: readonly Tree[], metrics: readonly MetricValue[]): boolean {
    const iteration = this.#nIterations
    this.#append(trees)
    this.#history.add(iteration, metrics)
    return this.#stopping.update(iteration, metrics)
  }

  /**
   * Commits all iterations of an earlier model; nothing was committed before.
   *
   * @param iterations - the model's trees, by iteration
   * @param isHigher - whether a metric is better where it is larger
   * @returns whether early stopping ended that training
   */
  takeUp(
    iterations: readonly (readonly Tree[])[], evaluation: readonly EvaluationSeries[],
    isHigher: (metric: string) => boolean = isHigherBetter,
  ): boolean {
    assert(this.#nIterations === 0, 'a model is taken up first')
    for (const trees of iterations) this.#append(trees)
    this.#history = new History(evaluation)
    let isOver = false
    for (const [iteration, metrics] of this.#history.byIteration(isHigher)) {
      isOver = this.#stopping.update(iteration, metrics) || isOver
    }
    return isOver
  }

  #append(trees: readonly Tree[]): void {
    this.#trees.push(...trees)
    this.#chain = extendChain(this.#chain, trees)
    this.#nIterations++
  }

  /** The model of all committed iterations. */
  model(): Model {
    return {
      format: 'coppice-model',
      formatVersion: 1,
      ...this.#header,
      trees: [...this.#trees],
      bestIteration: this.#stopping.bestIteration(),
      evaluation: this.#history.series(),
      chainHash: this.#chain,
    }
  }
}
