import { CoppiceError } from '../errors.js'
import { ceilPowerOfTwo } from '../numeric/exact-sum.js'
import type { ObjectiveSpec } from '../objectives/objective.js'

/** Trees whose values, of the magnitude of the scores, the leaf grid has ample room for. */
const TREES_IN_SCALE = 128

/** The magnitude of sums over the trees of a forest: a power of two times that of the scores. */
export function forestScale(scoreScale: number, nIterations: number): number {
  return scoreScale * Math.max(1, ceilPowerOfTwo(Math.max(1, nIterations)) / TREES_IN_SCALE)
}

/** The objective of a model whose scores are averages over its trees. */
export function averaged(spec: ObjectiveSpec): ObjectiveSpec {
  return { ...spec, objective: { ...spec.objective, averages: true } }
}

/** @throws CoppiceError for what forests cannot be grown with */
export function checkForest(
  { objective }: { readonly objective: string }, hasInitScore: boolean,
): void {
  if (objective === 'custom') {
    throw new CoppiceError('PARAMETER',
      'objective = custom contradicts boosting = rf; use an objective of the parameter page')
  }
  if (hasInitScore) {
    throw new CoppiceError('DATA',
      'init scores contradict boosting = rf: its trees do not build on scores; leave them out, ' +
      'or use boosting = gbdt')
  }
}
