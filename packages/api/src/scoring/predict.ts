import {
  featureColumns, featureTypes, joinPredictions, type MemoryRows, predictColumns, type Prediction,
  type PredictionType,
} from '@coppice/data'
import { CoppiceError, type Predictor } from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import { hasNoRows } from '../data/memory.js'
import type { OpenRows } from '../data/source.js'
import { optionNames } from '../options.js'

/** Rows to predict: whatever can be trained on, the label left out or not. */
export type PredictionRows = Dataset | MemoryRows

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
  if (!(rows instanceof Dataset) && hasNoRows(rows)) return joinPredictions([], type)
  const dataset = rows instanceof Dataset ? rows : Dataset.from(rows)
  const open = await dataset.source.open()
  try {
    const parts: Prediction[T][] = []
    for await (const part of predictBatches(predictor, open, type)) parts.push(part)
    return joinPredictions(parts, type)
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
