import {
  chainOf, formatVersionOf, type Model, type ModelHeader, type Tree,
} from '@coppice/model'
import { assert } from '../errors.js'
import { scaleLinear } from '../linear/scale.js'
import { isHigherBetter } from '../metrics/names.js'
import { rescaleValues, type Rescale } from './dart.js'
import { EarlyStopping, type EarlyStoppingParams } from './early-stopping.js'
import { History } from './history.js'
import { recordChain, type RecordChain } from './record-chain.js'
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
  readonly #chain: RecordChain
  /** Iterations of the trees that it begins with. */
  readonly #nInitial: number
  #nIterations = 0
  #positionBiases: readonly number[] | undefined

  /** @param initial - trees of earlier trainings, which come before all others */
  constructor(header: ModelHeader, params: StoppingParams, initial: readonly Tree[] = []) {
    this.#header = header
    this.#chain = recordChain(header)
    const { treesPerIteration: n } = header
    this.#nInitial = initial.length / n
    this.#trees.push(...initial)
    for (let t = 0; t < initial.length; t += n) this.#chain.append(initial.slice(t, t + n))
    const stopping: EarlyStoppingParams = {
      rounds: params.earlyStoppingRound,
      minDelta: params.earlyStoppingMinDelta,
      firstMetricOnly: params.firstMetricOnly,
    }
    this.#stopping = new EarlyStopping(stopping, params.isProvideTrainingMetric ? TRAINING : null)
  }

  /** Those that were committed here, without those of earlier trainings. */
  get nIterations(): number {
    return this.#nIterations
  }

  /** Of earlier trainings. */
  get nInitial(): number {
    return this.#nInitial
  }

  /** Of all committed iterations. */
  get chainHash(): string {
    return this.#chain.hash
  }

  /**
   * Commits an iteration.
   *
   * @param trees - one per output
   * @param rescale - what it does to trees of earlier iterations
   * @param positionBiases - where rows have positions
   * @returns whether early stopping ends the training here
   */
  commit(
    trees: readonly Tree[], metrics: readonly MetricValue[], rescale: Rescale | null,
    positionBiases?: readonly number[],
  ): boolean {
    const iteration = this.#nInitial + this.#nIterations
    if (rescale !== null) this.#rescale(rescale)
    this.#append(trees)
    this.#positionBiases = positionBiases
    this.#history.add(iteration, metrics)
    return this.#stopping.update(iteration, metrics)
  }

  /**
   * Commits all iterations of a model of this training; nothing was committed before.
   *
   * @param iterations - its trees, by iteration, without those of earlier trainings
   * @param from - what else the model has
   * @param isHigher - whether a metric is better where it is larger
   * @returns whether early stopping ended that training
   */
  takeUp(
    iterations: readonly (readonly Tree[])[],
    { evaluation, positionBiases }: Pick<Model, 'evaluation' | 'positionBiases'>,
    isHigher: (metric: string) => boolean = isHigherBetter,
  ): boolean {
    assert(this.#nIterations === 0, 'a model is taken up first')
    for (const trees of iterations) this.#append(trees)
    this.#history = new History(evaluation)
    this.#positionBiases = positionBiases
    let isOver = false
    for (const [iteration, metrics] of this.#history.byIteration(isHigher)) {
      isOver = this.#stopping.update(iteration, metrics) || isOver
    }
    return isOver
  }

  #append(trees: readonly Tree[]): void {
    this.#trees.push(...trees)
    this.#chain.append(trees)
    this.#nIterations++
  }

  #rescale(rescale: Rescale): void {
    const { treesPerIteration: n } = this.#header
    for (const own of rescale.iterations) {
      const iteration = this.#nInitial + own
      const trees = this.#trees.slice(iteration * n, (iteration + 1) * n).map((tree, output) => ({
        ...tree,
        leafValue: rescaleValues(tree.leafValue, rescale, output),
        nodeValue: rescaleValues(tree.nodeValue, rescale, output),
        ...(tree.linear === undefined ? {}
          : { linear: scaleLinear(tree.linear, rescale.factor) }),
      }))
      this.#trees.splice(iteration * n, n, ...trees)
      this.#chain.replace(iteration, trees)
    }
  }

  /** The model of all committed iterations. */
  model(): Model {
    const model = {
      format: 'coppice-model' as const,
      formatVersion: formatVersionOf(this.#header),
      ...this.#header,
      trees: [...this.#trees],
      bestIteration: this.#stopping.bestIteration(),
      evaluation: this.#history.series(),
      ...(this.#positionBiases === undefined ? {} : { positionBiases: this.#positionBiases }),
    }
    return { ...model, chainHash: this.#chain.modelHash ?? chainOf(model) }
  }
}
