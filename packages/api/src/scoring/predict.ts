import type { MemoryRows } from '@coppice/data'
import { CoppiceError, type Predictor, type Scalar } from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import { hasNoRows } from '../data/memory.js'
import type { OpenRows } from '../data/source.js'
import { optionNames } from '../options.js'
import { featureColumns, featureTypes } from './features.js'

/** Rows to predict: whatever can be trained on, the label left out or not. */
export type PredictionRows = Dataset | MemoryRows

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
}

export type PredictionType = keyof Prediction

const predictionTypes: readonly string[] = optionNames<Prediction>({
  probability: true, class: true, raw: true, leaf: true,
})

/** @throws CoppiceError 'PARAMETER' for a type that there is not, with those that there are */
export function requirePredictionType(type: string): void {
  if (predictionTypes.includes(type)) return
  throw new CoppiceError('PARAMETER', `type of predict must be one of ` +
    `${predictionTypes.join(', ')}; got ${JSON.stringify(type)}`)
}

/** Predicts all rows. Rejects with CoppiceError 'DATA' or 'IO' naming what does not fit. */
export async function predictRows<T extends PredictionType>(
  predictor: Predictor, rows: PredictionRows, type: T,
): Promise<Prediction[T]> {
  if (!(rows instanceof Dataset) && hasNoRows(rows)) return join([], type)
  const dataset = rows instanceof Dataset ? rows : Dataset.from(rows)
  const open = await dataset.source.open()
  try {
    const parts: Prediction[T][] = []
    for await (const part of predictBatches(predictor, open, type)) parts.push(part)
    return join(parts, type)
  } finally {
    await open.close()
  }
}

/** Predicts batch by batch: the memory of one batch is enough. */
export async function* predictBatches<T extends PredictionType>(
  predictor: Predictor, rows: OpenRows, type: T,
): AsyncGenerator<Prediction[T]> {
  const { model } = predictor
  const names = model.features.map(({ name }) => name)
  for await (const batch of rows.batches(names, featureTypes(model))) {
    yield predictColumns(predictor, featureColumns(model, batch), type)
  }
}

/** Predicts the rows of a table of columns. */
export function predictColumns<T extends PredictionType>(
  predictor: Predictor, columns: Parameters<Predictor['predictRaw']>[0], type: T,
): Prediction[T] {
  const predict: { readonly [K in PredictionType]: () => Prediction[K] } = {
    probability: () => predictor.predictProbabilities(columns),
    class: () => predictor.predictClasses(columns),
    raw: () => predictor.predictRaw(columns),
    leaf: () => predictor.predictLeaves(columns),
  }
  return predict[type]()
}

function join<T extends PredictionType>(parts: readonly Prediction[T][], type: T): Prediction[T] {
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
