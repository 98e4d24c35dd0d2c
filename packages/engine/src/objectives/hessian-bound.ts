import { exp } from '@coppice/model'
import type { ObjectiveSpec } from './objective.js'

/**
 * How much the hessian's bound grows with the gradients. Hessians of losses with a logarithmic
 * link have no bound of their own, but one in terms of the row's own gradient g, label y >= 0 and
 * weight w, so that the exact maximum of the gradients bounds both:
 *
 *   poisson   e^(s + d) w = e^d (g + y w)
 *   gamma     y e^-s w = w - g
 *   cox       r w = g + d w, with d 0 or 1 (r: the row's hazard times its rate)
 *   tweedie   (p - 1) A + (2 - p) B with A = y w e^((1 - p) s), B = w e^((2 - p) s), B - A = g: the
 *             smaller of both is at most y^(2 - p) w, its value where they are equal
 *
 * Of lambdarank the largest gradient that is told of is that of hessian / sigmoid as well.
 */
function slope({ objective, ranking }: ObjectiveSpec): number {
  switch (objective.name) {
    case 'poisson': return exp(objective.maxDeltaStep)
    case 'gamma':
    case 'cox':
    case 'tweedie': return 1
    default: return ranking === undefined || objective.name !== 'lambdarank' ? 0 : ranking.sigmoid
  }
}

/** Bound of the hessians of rows whose gradients are at most `gradientBound`. */
export function hessianBoundOf(spec: ObjectiveSpec, gradientBound: number): number {
  return spec.hessianBound + slope(spec) * gradientBound
}

/** Whether only the gradients bound the hessians: they may grow beyond what gains can take. */
export function isHessianUnbounded(spec: ObjectiveSpec): boolean {
  return slope(spec) > 0
}
