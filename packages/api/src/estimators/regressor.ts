import type { MemoryRows } from '@coppice/data'
import { ExactSum, labelClasses } from '@coppice/engine'
import {
  CoppiceError, isRanking, labelsPerRow, type Model, nOutputsOf,
} from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import { loadModel } from '../model/model-file.js'
import { checkOptionNames } from '../options.js'
import type { PredictionRows } from '../scoring/predict.js'
import { evaluate } from '../scoring/evaluate.js'
import { scoredRows } from '../scoring/scored-rows.js'
import type { RawParams } from '../training/params.js'
import type { Recipe } from '../training/recipe.js'
import { checkParams, inferredOf, labelKindOf } from '../training/train.js'
import { Estimator, predictOptionNames, type PredictOptions } from './estimator.js'

/**
 * Gradient-boosted trees that predict a number.
 *
 * ```ts
 * const model = new GBDTRegressor({ numIterations: 300 })
 * await model.fit(rows, targets)
 * const values = await model.predict(newRows)
 * ```
 *
 * `objective` may be any whose label is a number: 'regression', 'regression_l1', 'quantile',
 * 'mape', 'huber', 'fair', 'poisson', 'gamma', 'tweedie', 'cross_entropy', 'cross_entropy_lambda',
 * 'expectile', 'pseudo_huber', 'log_cosh', 'squared_log_error', 'aft' (labels [lower, upper]),
 * 'cox' (labels are times, below 0 those of censored rows; predictions are hazards as multiples of
 * that of score 0), or one of your own. With 'multi_regression' labels are arrays of numbers, with
 * 'multi_label' of 0 and 1; predictions of these, and of 'multi_quantile', have a number for each,
 * row-major.
 */
export class GBDTRegressor extends Estimator {
  /** What its models predict: numbers. */
  readonly kind = 'regressor'

  /** Reads a model file. @throws CoppiceError 'IO' or 'MODEL' naming the file */
  static async load(path: string): Promise<GBDTRegressor> {
    return new GBDTRegressor().adopt(await loadModel(path))
  }

  /** The predicted value of each row, or values. */
  async predict(rows: PredictionRows, options: PredictOptions = {}): Promise<Float64Array> {
    checkOptionNames('predict', options, predictOptionNames)
    return this.booster.predict(rows, { ...options, type: 'probability' })
  }

  /**
   * R2, the coefficient of determination: 1 - (weighted) sum of squared errors / sum of squared
   * deviations from the mean. NaN where all labels are equal. The mean of that of each target of
   * 'multi_regression'; not for others with several predictions.
   */
  score(dataset: Dataset): Promise<number>
  score(X: MemoryRows, y: Labels, sampleWeight?: ArrayLike<number>): Promise<number>
  async score(
    X: Dataset | MemoryRows, y?: Labels, sampleWeight?: ArrayLike<number>,
  ): Promise<number> {
    const { objective } = this.booster.model
    if (objective.name === 'multi_regression') {
      const dataset = X instanceof Dataset ? X
        : Dataset.from(X, y ?? null, { weights: sampleWeight })
      return (await evaluate(this.booster, dataset, { metrics: 'r2' })).metrics['r2']!
    }
    const isOther = nOutputsOf(objective) > 1 || labelsPerRow(objective) > 1
    if (isOther || objective.name === 'cox') {
      throw new CoppiceError('PARAMETER', `score is R2, of one number for one label, and a model ` +
        `of objective ${objective.name} has others; use evaluate(model.booster, data)`)
    }
    const rows = await scoredRows(this.booster, X, y, sampleWeight, 'probability')
    const { labels, predictions } = rows
    const weightOf = (row: number): number => rows.weights?.[row] ?? 1
    const sum = (term: (row: number) => number): number => {
      const total = new ExactSum()
      for (let row = 0; row < labels.length; row++) total.add(weightOf(row) * term(row))
      return total.value()
    }
    const mean = sum((row) => labels[row]!) / sum(() => 1)
    const square = (x: number): number => x * x
    const deviations = sum((row) => square(labels[row]! - mean))
    if (deviations === 0) return NaN
    return 1 - sum((row) => square(labels[row]! - predictions[row]!)) / deviations
  }

  protected override recipe(params: RawParams): Recipe {
    const checked = checkParams(params)
    if (labelClasses(checked) > 0 || isRanking({ name: checked.objective })) {
      throw new CoppiceError('PARAMETER',
        `objective ${checked.objective} is not for a regressor; leave it out, use one whose ` +
        'label is a number, or use GBDTClassifier or GBDTRanker')
    }
    return { checked, labelKind: labelKindOf(checked), given: params, inferred: inferredOf(params) }
  }

  protected override requireKind({ classes, objective }: Model): void {
    if (classes === null && !isRanking(objective)) return
    throw new CoppiceError('MODEL',
      `the model is a ${classes === null ? 'ranking' : 'classifier'}; load it with ` +
      `${classes === null ? 'GBDTRanker' : 'GBDTClassifier'}.load or Booster.load`)
  }
}
