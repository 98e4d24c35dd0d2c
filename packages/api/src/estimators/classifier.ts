import type { MemoryRows } from '@coppice/data'
import {
  ExactSum, findParameter, isMulticlass, labelClasses, parseValue, resolveParams,
  type ResolvedParams,
} from '@coppice/engine'
import { CoppiceError, type Model, type Scalar } from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import { loadModel } from '../model/model-file.js'
import { checkOptionNames } from '../options.js'
import type { PredictionRows } from '../scoring/predict.js'
import { scoredRows } from '../scoring/scored-rows.js'
import { givenValue, type RawParams } from '../training/params.js'
import type { Recipe } from '../training/recipe.js'
import { checkParams } from '../training/train.js'
import { Estimator, predictOptionNames, type PredictOptions } from './estimator.js'

/**
 * Gradient-boosted trees that tell classes apart. Labels are texts, booleans or integers; two
 * classes are trained with the binary objective, more with the multiclass one.
 *
 * ```ts
 * const model = new GBDTClassifier({ numLeaves: 63, learningRate: 0.05 })
 * await model.fit(rows, labels, { evalSet: [[validRows, validLabels]], earlyStoppingRounds: 20 })
 * const probabilities = await model.predictProba(newRows)
 * ```
 */
export class GBDTClassifier extends Estimator {
  /** What its models predict: classes. */
  readonly kind = 'classifier'

  /** Reads a model file. @throws CoppiceError 'IO' or 'MODEL' naming the file */
  static async load(path: string): Promise<GBDTClassifier> {
    return new GBDTClassifier().adopt(await loadModel(path))
  }

  /** Class values in class order: ascending, texts by their UTF-8 bytes. */
  get classes(): readonly Scalar[] {
    return this.booster.classes!
  }

  /** The most probable class of each row. */
  async predict(rows: PredictionRows, options: PredictOptions = {}): Promise<Scalar[]> {
    checkOptionNames('predict', options, predictOptionNames)
    return this.booster.predict(rows, { ...options, type: 'class' })
  }

  /**
   * Probabilities: a Float64Array, rows x classes, row-major, classes in the order of `classes`.
   * Binary models have two columns, [1 - p, p].
   */
  async predictProba(rows: PredictionRows, options: PredictOptions = {}): Promise<Float64Array> {
    checkOptionNames('predictProba', options, predictOptionNames)
    return this.booster.predict(rows, { ...options, type: 'probability' })
  }

  /** Accuracy: the (weighted) share of rows whose class is predicted. */
  score(dataset: Dataset): Promise<number>
  score(X: MemoryRows, y: Labels, sampleWeight?: ArrayLike<number>): Promise<number>
  async score(
    X: Dataset | MemoryRows, y?: Labels, sampleWeight?: ArrayLike<number>,
  ): Promise<number> {
    const classes = this.classes
    const rows = await scoredRows(this.booster, X, y, sampleWeight, 'class')
    const right = new ExactSum()
    const all = new ExactSum()
    for (const [row, label] of rows.labels.entries()) {
      const weight = rows.weights?.[row] ?? 1
      if (rows.predictions[row] === classes[label]) right.add(weight)
      all.add(weight)
    }
    return right.value() / all.value()
  }

  protected override recipe(params: RawParams): Recipe {
    const objective = givenValue(params, 'objective')
    const numClass = givenValue(params, 'num_class')
    const checked = checkClassifier(params, objective, numClass)
    const recipe = { checked, labelKind: 'class' } as const
    if (objective === undefined && numClass === undefined) {
      return { ...recipe, given: params, inferred: 'objective' }
    }
    const given = { ...params, objective: objective ?? 'multiclass' }
    const isCounted = numClass === undefined && isMulticlass(resolveObjective(given.objective))
    return { ...recipe, given, inferred: isCounted ? 'num-class' : null }
  }

  protected override requireKind({ classes }: Model): void {
    if (classes !== null) return
    throw new CoppiceError('MODEL',
      'the model is a regression; load it with GBDTRegressor.load or Booster.load')
  }
}

function resolveObjective(objective: unknown): ResolvedParams['objective'] {
  const row = findParameter('objective')!
  return parseValue(row, 'objective', objective) as ResolvedParams['objective']
}

/** What can be told of the parameters before the number of classes is known. */
function checkClassifier(
  params: RawParams, objective: unknown, numClass: unknown,
): ReturnType<typeof resolveParams> {
  const asMulticlass = { ...params, objective: objective ?? 'multiclass', numClass: numClass ?? 2 }
  if (objective === undefined && numClass === undefined) {
    try {
      return resolveParams({ ...params, objective: 'binary' })
    } catch (error) {
      // A parameter may fit the one objective and not the other: the classes will tell.
      try {
        return resolveParams(asMulticlass)
      } catch {
        throw error
      }
    }
  }
  if (objective === undefined || isMulticlass(resolveObjective(objective))) {
    return resolveParams(asMulticlass)
  }
  const checked = checkParams(params)
  if (labelClasses(checked) > 0) return checked
  throw new CoppiceError('PARAMETER',
    `objective ${String(objective)} is not for a classifier; leave it out, use binary, ` +
    'multiclass or multiclassova, or use GBDTRegressor')
}

