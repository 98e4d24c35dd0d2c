import { exp } from '../math/exp.js'
import { sigmoid, softplus } from '../math/logistic.js'
import { isBinary, predictedNumber } from '../predict/link.js'
import type { ModelObjective } from '../types.js'

/** What raw scores s become, see `probabilitiesOf`. */
export interface ModelLink {
  /** 'plainSoftplus': ln(1 + e^s) as LightGBM computes it; 'step': 1 where s > 0, else 0. */
  readonly kind: 'identity' | 'signedSquare' | 'exp' | 'sigmoid' | 'softplus' | 'plainSoftplus'
    | 'softmax' | 'step'
  /** Of scores before the sigmoid. */
  readonly factor: number
  /** The result is the probability of the second class; the first has 1 - p. */
  readonly isBinary: boolean
}

/** The link of an objective, as a word. */
export function linkOf(objective: ModelObjective): ModelLink {
  const link = (kind: ModelLink['kind'], factor = 1): ModelLink =>
    ({ kind, factor, isBinary: isBinary(objective) && kind !== 'identity' && kind !== 'exp' })
  switch (objective.name) {
    case 'imported': return objective.link === 'softplus' ? link('plainSoftplus')
      : link(objective.link, objective.sigmoid)
    case 'custom': return link(objective.link)
    case 'binary':
    case 'multiclassova': return link('sigmoid', objective.sigmoid)
    case 'focal': return link('sigmoid')
    case 'hinge': return link('step')
    case 'multiclass': return link('softmax')
    case 'regression_sqrt': return link('signedSquare')
    default: {
      const predicted = predictedNumber(objective.name)
      return link(predicted === exp ? 'exp' : predicted === sigmoid ? 'sigmoid'
        : predicted === softplus ? 'softplus' : 'identity')
    }
  }
}
