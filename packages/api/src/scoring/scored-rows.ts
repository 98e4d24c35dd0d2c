import { type MemoryRows, predictColumns, type Prediction } from '@coppice/data'
import { CoppiceError } from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import type { Booster } from '../model/booster.js'
import { labelledBatches } from './labelled-batches.js'

/** Rows with what they are and what a model makes of them. */
export interface ScoredRows<T extends 'class' | 'probability'> {
  /** Class indices, or numbers for regression. */
  readonly labels: Float64Array
  readonly weights: Float64Array | null
  readonly predictions: Prediction[T]
}

/** Predicts labelled rows. @throws CoppiceError 'DATA' where labels or weights do not fit */
export async function scoredRows<T extends 'class' | 'probability'>(
  booster: Booster, X: Dataset | MemoryRows, y: Labels | undefined,
  sampleWeight: ArrayLike<number> | undefined, type: T,
): Promise<ScoredRows<T>> {
  const dataset = X instanceof Dataset ? X
    : Dataset.from(X, y ?? null, { weights: sampleWeight })
  const predictor = booster.predictor()
  const labels: number[] = []
  const weights: number[] = []
  const predictions: unknown[] = []
  let isWeighted = false
  for await (const batch of labelledBatches(booster.model, dataset)) {
    for (const label of batch.labels) labels.push(label)
    isWeighted = batch.weights !== null
    for (const weight of batch.weights ?? []) weights.push(weight)
    for (const value of predictColumns(predictor, batch.columns, type)) predictions.push(value)
  }
  if (labels.length === 0) {
    throw new CoppiceError('DATA', 'there are no rows to score; pass at least one')
  }
  return {
    labels: Float64Array.from(labels),
    weights: isWeighted ? Float64Array.from(weights) : null,
    predictions: (type === 'class' ? predictions
      : Float64Array.from(predictions as number[])) as Prediction[T],
  }
}
