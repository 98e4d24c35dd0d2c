import {
  featureColumns, featureTypes, joinPredictions, type MemoryRows, predictColumns, type Prediction,
  type PredictionType,
} from '@coppice/data'
import { predictionThreads, scoreRows } from '@coppice/data/node'
import { THREADS_MAX } from '@coppice/engine'
import { CoppiceError, type Model, type PredictInput, type Predictor } from '@coppice/model'
import type { Cluster } from '../cluster/cluster.js'
import { Dataset } from '../data/dataset.js'
import { hasNoRows } from '../data/memory.js'
import type { OpenRows } from '../data/source.js'
import { optionNames } from '../options.js'

/** Rows to predict: whatever can be trained on, the label left out or not. */
export type PredictionRows = Dataset | MemoryRows

const predictionTypes: readonly string[] = optionNames<Prediction>({
  probability: true, class: true, raw: true, leaf: true, contribution: true,
})

/** @throws CoppiceError 'PARAMETER' for a type that there is not, with those that there are */
export function requirePredictionType(type: string): void {
  if (predictionTypes.includes(type)) return
  throw new CoppiceError('PARAMETER', `type of predict must be one of ` +
    `${predictionTypes.join(', ')}; got ${JSON.stringify(type)}`)
}

/** @throws CoppiceError 'PARAMETER' for classes of a model whose labels are numbers */
export function requireClasses({ classes }: Pick<Model, 'classes'>, type: PredictionType): void {
  if (type !== 'class' || classes !== null) return
  throw new CoppiceError('PARAMETER', 'a regression model has no classes; use type ' +
    '"probability" (the values that it predicts) or "raw"')
}

/** @throws CoppiceError 'PARAMETER' for a number that there cannot be, or for threads elsewhere */
export function requireThreads(
  numThreads: number | undefined, cluster: Cluster | undefined,
): void {
  if (numThreads === undefined) return
  if (!(Number.isInteger(numThreads) && numThreads >= 0 && numThreads <= THREADS_MAX)) {
    throw new CoppiceError('PARAMETER', `numThreads of predict must be an integer from 0 (all ` +
      `cores) to ${THREADS_MAX}; got ${String(numThreads)}`)
  }
  if (cluster === undefined || numThreads === 0) return
  throw new CoppiceError('PARAMETER', `numThreads ${numThreads} does nothing with cluster, whose ` +
    'workers have threads of their own; leave it out')
}

/**
 * Predicts all rows. Rejects with CoppiceError 'DATA' or 'IO' naming what does not fit.
 * @param numThreads - 0 for all cores, where that pays
 */
export async function predictRows<T extends PredictionType>(
  predictor: Predictor, rows: PredictionRows, type: T, numThreads: number,
): Promise<Prediction[T]> {
  if (!(rows instanceof Dataset) && hasNoRows(rows)) return joinPredictions([], type)
  const dataset = rows instanceof Dataset ? rows : Dataset.from(rows)
  const open = await dataset.source.open()
  try {
    const parts: Prediction[T][] = []
    const batches = open.predict === undefined
      ? predictBatches(predictor, open, type, numThreads)
      : open.predict(predictor, type, numThreads)
    for await (const part of batches) parts.push(part)
    return joinPredictions(parts, type)
  } finally {
    await open.close()
  }
}

/** Predicts batch by batch: the memory of one batch is enough. */
async function* predictBatches<T extends PredictionType>(
  predictor: Predictor, rows: OpenRows, type: T, numThreads: number,
): AsyncGenerator<Prediction[T]> {
  const { model } = predictor
  const ready = rows.ready?.(model) ?? null
  if (ready !== null) return yield predictBatch(predictor, ready, type, numThreads)
  const names = model.features.map(({ name }) => name)
  for await (const batch of rows.batches(names, featureTypes(model))) {
    yield predictBatch(predictor, featureColumns(model, batch), type, numThreads)
  }
}

async function predictBatch<T extends PredictionType>(
  predictor: Predictor, input: PredictInput, type: T, numThreads: number,
): Promise<Prediction[T]> {
  // A leaf of each tree takes longer to send than to find; threads that score know scores alone.
  if (type === 'leaf' || type === 'contribution') return predictColumns(predictor, input, type)
  const { nRows } = predictor.packer(input)
  // What it costs to read the rows is this thread's either way.
  const size = { nRows, nColumns: 0, nTrees: predictor.nTrees, type }
  const nThreads = predictionThreads(numThreads, size)
  if (nThreads === 1) return predictColumns(predictor, input, type)
  if (type === 'class') predictor.classesOf(new Float64Array(0))
  return predictionOf(predictor, await scoreRows(predictor, input, nThreads), type)
}

function predictionOf<T extends PredictionType>(
  predictor: Predictor, scores: Float64Array, type: T,
): Prediction[T] {
  const prediction = type === 'raw' ? scores : type === 'class' ? predictor.classesOf(scores)
    : predictor.probabilitiesOf(scores)
  return prediction as Prediction[T]
}
