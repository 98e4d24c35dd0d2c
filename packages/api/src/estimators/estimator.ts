import type { MemoryRows } from '@coppice/data'
import { camelCase } from '@coppice/engine'
import { assert, CoppiceError, type IterationRange, type Model } from '@coppice/model'
import type { Cluster } from '../cluster/cluster.js'
import { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import { Booster } from '../model/booster.js'
import type { EvalResult } from '../model/eval-result.js'
import { checkOptionNames, optionNames } from '../options.js'
import type { GivenEarlyStop } from '../scoring/early-stop.js'
import type { PredictionRows } from '../scoring/predict.js'
import { type CustomCode, forgetCode, prepareCustom } from '../training/custom.js'
import { canonicalParams, checkParameterNames, type RawParams, type TrainingParams }
  from '../training/params.js'
import type { Recipe } from '../training/recipe.js'
import { trainOn } from '../training/train.js'
import { refuseUnreadQueries } from '../training/unread-queries.js'
import {
  checkFitOptions, type FitDatasetOptions, type FitOptions, trainingSet, trainOptions,
} from './fit-options.js'

/** Options of predictions. */
export interface PredictOptions {
  /** 0-based iterations to use, the end excluded; default: up to the best iteration. */
  readonly iterations?: IterationRange | undefined
  /** Predicts there, to the same values, a Dataset of files that the workers read. */
  readonly cluster?: Cluster | undefined
  /**
   * Threads, 1 to 1024; default 0: all cores, where that pays. No prediction depends on it. Of rows
   * in memory the calling thread does its part, some milliseconds at a time between other events.
   */
  readonly numThreads?: number | undefined
  /** When the later trees of a row are left out of its scores; see `Booster.predict`. */
  readonly earlyStop?: GivenEarlyStop | undefined
}

export const predictOptionNames = optionNames<PredictOptions>(
  { iterations: true, cluster: true, numThreads: true, earlyStop: true })

/**
 * What the classifier and the regressor share, in the manner of scikit-learn: parameters, fit,
 * and what is known afterwards. Everything that needs a fitted model says so when there is none.
 */
export abstract class Estimator {
  #params: Record<string, unknown>
  #booster: Booster | null = null
  #isFitting = false

  /**
   * @param params - parameters of the training; names are checked here, values by `fit`
   * @throws CoppiceError 'PARAMETER' for an unknown name, with the nearest one
   */
  constructor(params: TrainingParams = {}) {
    checkParameterNames(params)
    this.#params = canonicalParams(params)
  }

  /** How these parameters become a training. */
  protected abstract recipe(params: RawParams): Recipe

  /** @throws CoppiceError 'MODEL' for a model of another kind */
  protected abstract requireKind(model: Model): void

  /**
   * Trains a model, in place of an earlier one.
   *
   * @param X - rows as arrays or objects, a matrix {data, shape} (row-major), a sparse one
   *   {data, indices, indptr, shape} (CsrMatrix), columns by name, or an Arrow
   *   table; or a Dataset, which brings its labels
   * @param y - one label per row
   * @throws CoppiceError 'PARAMETER', 'DATA', 'IO', 'MEMORY', or 'ABORTED' by the signal; the
   *   earlier model is kept
   */
  fit(dataset: Dataset, options?: FitDatasetOptions): Promise<this>
  fit(X: MemoryRows, y: Labels, options?: FitOptions): Promise<this>
  async fit(
    X: Dataset | MemoryRows, second?: Labels | FitDatasetOptions, third?: FitOptions,
  ): Promise<this> {
    if (this.#isFitting) {
      throw new CoppiceError('PARAMETER',
        'this estimator is being fitted already; await that fit first, or use another estimator')
    }
    this.#isFitting = true
    let code: CustomCode | null = null
    try {
      const isDataset = X instanceof Dataset
      const options = ((isDataset ? second : third) ?? {}) as FitOptions
      checkFitOptions(options, isDataset)
      const dataset = trainingSet(X, isDataset ? undefined : second as Labels, options)
      const params = withEarlyStopping(this.#params, options.earlyStoppingRounds)
      const prepared = await prepareCustom(params)
      code = prepared.code
      const recipe = { ...this.recipe(prepared.params), code }
      const training = trainOptions(X, options)
      refuseUnreadQueries(recipe.checked, dataset, training)
      this.#booster = await trainOn(dataset, training, recipe)
      return this
    } finally {
      if (code !== null) forgetCode(code)
      this.#isFitting = false
    }
  }

  /** Raw scores: a Float64Array, rows x outputs (1, or the classes of a multiclass model). */
  async predictRaw(rows: PredictionRows, options: PredictOptions = {}): Promise<Float64Array> {
    checkOptionNames('predictRaw', options, predictOptionNames)
    return this.booster.predict(rows, { ...options, type: 'raw' })
  }

  /** The leaf that each row reaches in each tree: an Int32Array, rows x trees, row-major. */
  async predictLeaves(rows: PredictionRows, options: PredictOptions = {}): Promise<Int32Array> {
    checkOptionNames('predictLeaves', options, predictOptionNames)
    return this.booster.predict(rows, { ...options, type: 'leaf' })
  }

  /** The fitted model. @throws CoppiceError 'MODEL' before `fit` */
  get booster(): Booster {
    if (this.#booster !== null) return this.#booster
    throw new CoppiceError('MODEL',
      `this ${this.constructor.name} is not fitted: await fit(X, y) first, or load a model`)
  }

  /** The parameters that were given, under their canonical camelCase names. */
  getParams(): TrainingParams {
    return { ...this.#params }
  }

  /**
   * Sets parameters for the next `fit`; null and undefined reset one to its default.
   * @throws CoppiceError 'PARAMETER' for an unknown name
   */
  setParams(params: TrainingParams): this {
    checkParameterNames(params)
    const set = canonicalParams(params)
    const isReset = ([, value]: [string, unknown]): boolean => value === undefined || value === null
    const reset = Object.keys(canonicalParams(Object.fromEntries(
      Object.entries(params).filter(isReset).map(([name]) => [name, true]))))
    const kept = Object.entries(this.#params).filter(([name]) => !reset.includes(name))
    this.#params = { ...Object.fromEntries(kept), ...set }
    return this
  }

  /** A new estimator of the same parameters, not fitted. */
  clone(): this {
    const Kind = this.constructor as new (params: TrainingParams) => this
    return new Kind(this.getParams())
  }

  /**
   * How much each feature is used, in the order of the features: 'split' counts the splits on
   * it, 'gain' sums their gains.
   */
  featureImportances(type: 'split' | 'gain' = 'split'): Float64Array {
    return this.booster.featureImportances(type)
  }

  /** Metrics of the evaluation sets: `evalResult.valid_0.auc[iteration]`. */
  get evalResult(): EvalResult {
    return this.booster.evalResult
  }

  /** 1-based number of iterations that predict best, or null where nothing was evaluated. */
  get bestIteration(): number | null {
    return this.booster.bestIteration
  }

  get nFeatures(): number {
    return this.booster.nFeatures
  }

  get featureNames(): readonly string[] {
    return this.booster.featureNames
  }

  /** Writes the model file, whole or not at all. @throws CoppiceError 'IO' naming the path */
  async save(path: string): Promise<void> {
    await this.booster.save(path)
  }

  /** The model as plain data, so that JSON.stringify(estimator) is the text of a model. */
  toJSON(): Model {
    return this.booster.model
  }

  /** Takes over a model that was trained before, with its parameters. */
  protected adopt(model: Model): this {
    assert(this.#booster === null, 'a loaded estimator is new')
    this.requireKind(model)
    this.#booster = new Booster(model)
    const { num_class: _numClass, ...parameters } = model.parameters
    this.#params = Object.fromEntries(Object.entries(parameters)
      .map(([name, value]) => [camelCase(name), value]))
    return this
  }
}

function withEarlyStopping(
  params: RawParams, rounds: number | undefined,
): RawParams {
  return rounds === undefined ? params : { ...params, earlyStoppingRound: rounds }
}
