import type { Model } from '@coppice/model'
import { History } from './history.js'
import { recordChain } from './record-chain.js'
import type { CommittedIteration } from './trainer-protocol.js'
import type { MetricValue } from './types.js'

/**
 * The committed iterations of a model, as they were announced when it was trained: the inverse of
 * `resumeModel`. For whoever keeps a journal of a training that goes on from a model.
 *
 * @param isHigher - whether a metric is better where it is larger: `metricDirections`
 */
export function committedIterations(
  model: Model, isHigher?: (metric: string) => boolean,
): CommittedIteration[] {
  const { trees, treesPerIteration, evaluation } = model
  const metrics = new Map<number, readonly MetricValue[]>(
    new History(evaluation).byIteration(isHigher))
  const iterations: CommittedIteration[] = []
  const chain = recordChain(model)
  for (let t = 0; t < trees.length; t += treesPerIteration) {
    const iteration = iterations.length
    const own = trees.slice(t, t + treesPerIteration)
    chain.append(own)
    iterations.push({
      iteration, trees: own, rescale: null, metrics: metrics.get(iteration) ?? [],
      chainHash: chain.hash,
    })
  }
  return iterations
}
