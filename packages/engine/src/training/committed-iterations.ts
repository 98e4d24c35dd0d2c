import type { Model } from '@coppice/model'
import { History } from './history.js'
import { recordChain } from './record-chain.js'
import { initialIterations } from './resume.js'
import type { CommittedIteration } from './trainer-protocol.js'
import type { MetricValue } from './types.js'

/**
 * The iterations that a model's training committed, as they were announced when it was trained: the
 * inverse of `resumeModel`. For whoever keeps a journal of a training that goes on from a model.
 *
 * @param isHigher - whether a metric is better where it is larger: `metricDirections`
 */
export function committedIterations(
  model: Model, isHigher?: (metric: string) => boolean,
): CommittedIteration[] {
  const { trees, treesPerIteration, evaluation, positionBiases } = model
  const metrics = new Map<number, readonly MetricValue[]>(
    new History(evaluation).byIteration(isHigher))
  const iterations: CommittedIteration[] = []
  const chain = recordChain(model)
  const nInitial = initialIterations(model)
  const nIterations = trees.length / treesPerIteration
  for (let i = 0; i < nIterations; i++) {
    const own = trees.slice(i * treesPerIteration, (i + 1) * treesPerIteration)
    chain.append(own)
    // an earlier training's
    if (i < nInitial) continue
    iterations.push({
      iteration: i - nInitial, trees: own, rescale: null, metrics: metrics.get(i) ?? [],
      ...(i + 1 === nIterations && positionBiases !== undefined ? { positionBiases } : {}),
      chainHash: chain.hash,
    })
  }
  return iterations
}
