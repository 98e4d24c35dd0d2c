import type { PredictInput, Predictor, Scalar } from '@coppice/model'

/** What a prediction is, by its type; all of it row-major. */
export interface Prediction {
  /** Rows x classes (2 for binary); rows x 1 for regression, the predicted values. */
  readonly probability: Float64Array
  /** One class value per row: the most probable. */
  readonly class: Scalar[]
  /** Raw scores, rows x outputs: 1, or the number of classes of a multiclass model. */
  readonly raw: Float64Array
  /** The leaf that each row reaches in each tree, rows x trees. */
  readonly leaf: Int32Array
  /**
   * What each feature adds to each raw score, and last the mean over the training rows: rows x
   * outputs x (features + 1).
   */
  readonly contribution: Float64Array
}

/** What of rows can be predicted: the members of `Prediction`. */
export type PredictionType = keyof Prediction

/** Predicts rows. Throws CoppiceError 'DATA' or 'PARAMETER'. */
export function predictColumns<T extends PredictionType>(
  predictor: Predictor,
  rows: PredictInput,
  type: T,
): Prediction[T] {
  const predict: { readonly [K in PredictionType]: () => Prediction[K] } = {
    probability: () => predictor.predictProbabilities(rows),
    class: () => predictor.predictClasses(rows),
    raw: () => predictor.predictRaw(rows),
    leaf: () => predictor.predictLeaves(rows),
    contribution: () => predictor.predictContributions(rows),
  }
  return predict[type]()
}

/** Predictions of rows that follow each other, as one. */
export function joinPredictions<T extends PredictionType>(
  parts: readonly Prediction[T][],
  type: T,
): Prediction[T] {
  if (parts.length === 1) return parts[0]!
  if (type === 'class') return (parts as readonly Scalar[][]).flat() as Prediction[T]
  const numbers = parts as readonly (Float64Array | Int32Array)[]
  const length = numbers.reduce((sum, part) => sum + part.length, 0)
  const joined = type === 'leaf' ? new Int32Array(length) : new Float64Array(length)
  let at = 0
  for (const part of numbers) {
    joined.set(part, at)
    at += part.length
  }
  return joined as Prediction[T]
}
