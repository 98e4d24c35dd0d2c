import type { Objective } from '@coppice/model'

/** The objective by whose metrics a model is measured: of custom ones, that with their link. */
export function metricFamily(objective: Objective): Objective {
  if (objective.name !== 'custom') return objective
  const { link, numClass } = objective
  switch (link) {
    case 'identity': return { name: 'regression' }
    case 'exp': return { name: 'poisson', maxDeltaStep: 1 }
    case 'softplus': return { name: 'cross_entropy_lambda' }
    case 'softmax': return { name: 'multiclass', numClass }
    case 'sigmoid':
      if (numClass === 0) return { name: 'cross_entropy' }
      return numClass === 2 ? { name: 'binary', sigmoid: 1 }
        : { name: 'multiclassova', numClass, sigmoid: 1 }
  }
}
