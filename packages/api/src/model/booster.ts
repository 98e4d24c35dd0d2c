import type { MemoryRows, Prediction, PredictionType } from '@coppice/data'
import {
  CoppiceError,
  createPredictor,
  type EarlyStop,
  featureImportances,
  type IterationRange,
  leafValueOf,
  type Model,
  type Predictor,
  type Scalar,
  type ScoreBounds,
  scoreBounds,
  serializeModel,
  treeGraph,
  type TreeGraphOptions,
  type TreeRow,
  treeRows,
  truncateModel,
  withLeafValue,
} from '@coppice/model'
import type { Cluster } from '../cluster/cluster.js'
import type { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import { checkOptionNames } from '../options.js'
import { earlyStopOf, type GivenEarlyStop } from '../scoring/early-stop.js'
import { predictOnCluster } from '../scoring/predict-on-cluster.js'
import {
  type PredictionRows, predictRows, requireClasses, requirePredictionType, requireThreads,
} from '../scoring/predict.js'
import type { TrainingTimes } from '../training/phase-times.js'
import { evalResultOf, type EvalResult } from './eval-result.js'
import { refitModel, type RefitOptions } from './refit.js'
import {
  codeOf, type CodeLanguage, type LightGBMOptions, loadModel, readModel, saveCode, saveLightGBM,
  saveModel,
} from './model-file.js'

/**
 * A trained model: predictions, importances, evaluation history, files.
 *
 * `iterations` everywhere are 0-based, the end excluded; by default all up to the best iteration
 * where early stopping found one.
 */
export class Booster {
  /** The model as plain data. */
  readonly model: Model
  /** How long it took to train; null for a model that comes from elsewhere. In no file. */
  readonly trainingTimes: TrainingTimes | null
  readonly #predictors = new Map<string, Predictor>()

  /** @throws CoppiceError 'MODEL' when the model is not valid */
  constructor(model: Model, trainingTimes: TrainingTimes | null = null) {
    this.model = model
    this.trainingTimes = trainingTimes
    this.predictor()
  }

  /**
   * Reads a model file: ours, or a text model of LightGBM, known by its content.
   * @throws CoppiceError 'IO' or 'MODEL' naming the file
   */
  static async load(path: string): Promise<Booster> {
    return new Booster(await loadModel(path))
  }

  /** Reads the text of a model file, ours or LightGBM's. @throws CoppiceError 'MODEL' */
  static parse(text: string): Booster {
    return new Booster(readModel(text))
  }

  /**
   * The compiled model, whose methods are synchronous; compiled once per range.
   * @param earlyStop - when the later trees of a row are left out of its scores
   */
  predictor(iterations?: IterationRange, earlyStop?: EarlyStop): Predictor {
    const stop = earlyStop === undefined ? '' : ` ${earlyStop.freq} ${earlyStop.margin}`
    const key = `${String(iterations)}${stop}`
    let predictor = this.#predictors.get(key)
    if (predictor === undefined) {
      predictor = createPredictor(this.model, {
        ...(iterations === undefined ? {} : { iterations }),
        ...(earlyStop === undefined ? {} : { earlyStop }),
      })
      this.#predictors.set(key, predictor)
    }
    return predictor
  }

  /**
   * Predicts rows: arrays, objects, a matrix (dense or sparse), columns, an Arrow table, a Dataset.
   * For single rows and without promises use `predictor()`.
   *
   * @returns by `type`, all row-major: 'probability' (default) a Float64Array, rows x classes
   *   (2 for binary), for regression rows x 1 predicted values; 'class' the class values; 'raw' a
   *   Float64Array of raw scores, rows x outputs; 'leaf' an Int32Array, rows x trees
   * @param options - `cluster`: predicts there a Dataset of files that its workers read; the
   *   predictions are the same. `numThreads`: threads, 1 to 1024; default 0, all cores where
   *   that pays; no prediction depends on it. `earlyStop`: trees are left out once a row's scores
   *   are decided (LightGBM's `pred_early_stop`; binary, multiclass, multiclassova and rankings):
   *   every `freq` iterations (10) it is looked whether one score is further than `margin` / 2
   *   from 0 (`margin`: 10), or the two largest of several further than `margin` apart
   * @throws CoppiceError 'DATA' for columns that are missing or of another type
   */
  async predict<T extends PredictionType = 'probability'>(
    rows: PredictionRows,
    options: {
      readonly type?: T, readonly iterations?: IterationRange | undefined,
      readonly cluster?: Cluster | undefined, readonly numThreads?: number | undefined,
      readonly earlyStop?: GivenEarlyStop | undefined,
    } = {},
  ): Promise<Prediction[T]> {
    checkOptionNames('predict', options,
      ['type', 'iterations', 'cluster', 'numThreads', 'earlyStop'])
    const { type = 'probability' as T, iterations, cluster, numThreads } = options
    requirePredictionType(type)
    requireClasses(this.model, type)
    requireThreads(numThreads, cluster)
    const earlyStop = earlyStopOf(options.earlyStop, type)
    const predictor = this.predictor(iterations, earlyStop)
    return cluster === undefined ? predictRows(predictor, rows, type, numThreads ?? 0)
      : predictOnCluster(this.model, rows, { type, iterations, earlyStop, cluster })
  }

  /** Number of trees, all iterations and classes. */
  get nTrees(): number {
    return this.model.trees.length
  }

  /** Number of iterations: trees of one class. */
  get nIterations(): number {
    return this.model.trees.length / this.model.treesPerIteration
  }

  /** Columns that it predicts from, also those that no tree uses. */
  get nFeatures(): number {
    return this.model.features.length
  }

  /** Their names, in the order of arrays and matrices. */
  get featureNames(): readonly string[] {
    return this.model.features.map(({ name }) => name)
  }

  /** Class values in class order, null for regression. */
  get classes(): readonly Scalar[] | null {
    return this.model.classes
  }

  /** 1-based number of iterations that predict best, or null where nothing was evaluated. */
  get bestIteration(): number | null {
    return this.model.bestIteration
  }

  /**
   * Of rows with positions: what was learnt of each position, from 0, beside the scores; else null.
   */
  get positionBiases(): readonly number[] | null {
    return this.model.positionBiases ?? null
  }

  /** Metrics of the evaluation sets, as LightGBM shapes them: `result.valid_0.auc[iteration]`. */
  get evalResult(): EvalResult {
    return evalResultOf(this.model)
  }

  /**
   * How much each feature is used, in the order of the features: 'gain' sums the gains of its
   * splits, 'split' counts them.
   */
  featureImportances(
    type: 'split' | 'gain' = 'split',
    options: { readonly iterations?: IterationRange } = {},
  ): Float64Array {
    checkOptionNames('featureImportances', options, ['iterations'])
    if (type !== 'split' && type !== 'gain') {
      throw new CoppiceError('PARAMETER',
        `type of featureImportances must be one of split, gain; got ${JSON.stringify(type)}`)
    }
    return featureImportances(this.model, type, options)
  }

  /**
   * The trees as a table, a row for each node and leaf: LightGBM's `trees_to_dataframe`, whose
   * columns it has in camel case.
   * @throws CoppiceError 'PARAMETER' for iterations outside the model
   */
  treesToRows(options: { readonly iterations?: IterationRange } = {}): TreeRow[] {
    checkOptionNames('treesToRows', options, ['iterations'])
    return treeRows(this.model, options)
  }

  /**
   * A tree as a graph in the language DOT, for Graphviz to draw: LightGBM's `create_tree_digraph`.
   * @throws CoppiceError 'PARAMETER' for a tree that there is not, and wrong options
   */
  treeGraph(tree: number, options: TreeGraphOptions = {}): string {
    checkOptionNames('treeGraph', options, ['show', 'precision', 'orientation',
      'maxCategoryValues'])
    return treeGraph(this.model, tree, options)
  }

  /**
   * What raw scores cannot be below or above, one number per output: LightGBM's `lower_bound` and
   * `upper_bound`, which add up those of all classes. Infinite where leaves are linear.
   * @throws CoppiceError 'PARAMETER' for iterations outside the model
   */
  scoreBounds(options: { readonly iterations?: IterationRange } = {}): ScoreBounds {
    checkOptionNames('scoreBounds', options, ['iterations'])
    return scoreBounds(this.model, options)
  }

  /** Writes a model file, whole or not at all. @throws CoppiceError 'IO' naming the path */
  async save(path: string): Promise<void> {
    await saveModel(this.model, path)
  }

  /**
   * Writes a text model of LightGBM, whole or not at all; raw scores are the same there.
   *
   * @param options - `iterations` to write; LightGBM predicts with all that it finds. `layout`:
   *   all columns of the training data, for rows that find features by their places
   * @throws CoppiceError 'IO' naming the path, 'MODEL' for what LightGBM does not have
   */
  async saveLightGBM(path: string, options: LightGBMOptions = {}): Promise<void> {
    checkOptionNames('saveLightGBM', options, ['iterations', 'layout'])
    await saveLightGBM(this.model, path, options)
  }

  /**
   * The model as source code without any dependency: an ES module with `predict(row)` and
   * `predictRaw(row)`, to the same bits, or C++ with the same functions (LightGBM's
   * `convert_model`). Of some 100 bytes a leaf; a predictor is faster.
   * @throws CoppiceError 'PARAMETER' for another language, and iterations outside the model
   */
  toCode(language: CodeLanguage, options: { readonly iterations?: IterationRange } = {}): string {
    checkOptionNames('toCode', options, ['iterations'])
    return codeOf(this.model, language, options)
  }

  /** Writes `toCode` to a file, whole or not at all. @throws CoppiceError 'IO', too */
  async saveCode(
    path: string, language: CodeLanguage, options: { readonly iterations?: IterationRange } = {},
  ): Promise<void> {
    checkOptionNames('saveCode', options, ['iterations'])
    await saveCode(this.model, path, language, options)
  }

  /**
   * A booster whose leaf values follow new rows, with the same splits: each becomes `decayRate` x
   * old + (1 - `decayRate`) x what these rows alone would give it, tree by tree (LightGBM's
   * `Booster.refit`, which has the same numbers). This booster stays as it is. The trees up to the
   * best iteration are kept. No order of the rows matters. Functions of linear leaves follow as
   * values do. Trees of a random forest each follow by themselves, with gradients of a score of 0
   * (LightGBM's numbers; of `regression` means).
   *
   * @param X - rows as for `predict`, or a Dataset with labels
   * @param y - one label per row, of the model's classes; not for a Dataset
   * @throws CoppiceError 'PARAMETER' for boosting = dart, objective = cox and objectives that are
   *   not known; 'DATA' for rows that do not fit
   */
  async refit(
    X: Dataset | MemoryRows, y?: Labels, options: RefitOptions = {},
  ): Promise<Booster> {
    return new Booster(await refitModel(this.model, X, y, options))
  }

  /**
   * A booster of the first iterations alone; this one stays as it is. Metrics of the others are
   * left out, and the best iteration where it was one of them.
   * @throws CoppiceError 'PARAMETER' for more iterations than there are
   */
  truncate(nIterations: number): Booster {
    return new Booster(truncateModel(this.model, nIterations))
  }

  /**
   * A booster without the last iteration (LightGBM's `rollback_one_iter`, which changes the booster
   * itself; this one stays as it is). One without iterations is given back.
   */
  rollbackOneIter(): Booster {
    return this.truncate(Math.max(0, this.nIterations - 1))
  }

  /**
   * What a leaf adds to the raw score, learning rate included (LightGBM's `get_leaf_output`).
   * @throws CoppiceError 'PARAMETER' for a leaf that there is not
   */
  getLeafOutput(tree: number, leaf: number): number {
    return leafValueOf(this.model, tree, leaf)
  }

  /**
   * A booster with another value in one leaf (LightGBM's `set_leaf_output`, which changes the
   * booster itself; this one stays as it is). The history of metrics, which was of the old value,
   * is not kept.
   *
   * @param tree, leaf - indices, from 0; tree t is of class t mod the number of classes
   * @throws CoppiceError 'PARAMETER' for a leaf that there is not, and for linear leaves
   */
  setLeafOutput(tree: number, leaf: number, value: number): Booster {
    return new Booster(withLeafValue(this.model, tree, leaf, value))
  }

  /** The text of the model file: equal models give equal texts. */
  toString(): string {
    return serializeModel(this.model)
  }

  /** The model, so that JSON.stringify(booster) is JSON that `Booster.parse` reads. */
  toJSON(): Model {
    return this.model
  }
}
