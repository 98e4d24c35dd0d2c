import { joinPredictions, type Prediction, type PredictionType, unpackPrediction }
  from '@coppice/data'
import { CoppiceError, type EarlyStop, type IterationRange, type Model } from '@coppice/model'
import { type Cluster, requireCluster } from '../cluster/cluster.js'
import { Dataset } from '../data/dataset.js'
import type { PredictionRows } from './predict.js'

/** What is predicted, and where. */
export interface ClusterPredictionOptions<T extends PredictionType> {
  readonly type: T
  readonly iterations: IterationRange | undefined
  readonly earlyStop: EarlyStop | undefined
  readonly cluster: Cluster
}

/**
 * Predicts the rows of files on the workers of a cluster, which read them.
 * @throws CoppiceError as where they are predicted here; 'PARAMETER' for rows in memory
 */
export async function predictOnCluster<T extends PredictionType>(
  model: Model, rows: PredictionRows,
  { type, iterations, earlyStop, cluster }: ClusterPredictionOptions<T>,
): Promise<Prediction[T]> {
  requireCluster(cluster)
  if (!(rows instanceof Dataset)) {
    throw new CoppiceError('PARAMETER', 'a cluster predicts a Dataset of files (Dataset.open, ' +
      'Dataset.remote); rows in memory are predicted where they are: leave out cluster')
  }
  const parts: Prediction[T][] = []
  await cluster.predict({
    model, dataset: rows, type, iterations, earlyStop, keep: [],
    onBatch: ({ predictions }) => {
      parts.push(unpackPrediction(model, type, predictions))
    },
  })
  return joinPredictions(parts, type)
}
