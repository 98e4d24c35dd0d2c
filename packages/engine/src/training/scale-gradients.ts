import { placeOf } from '../custom/define.js'
import { CoppiceError } from '../errors.js'
import type { EngineRequest, EngineSetup } from '../execution/protocol.js'
import { hessianBoundOf } from '../objectives/hessian-bound.js'
import { hasOwnScales } from '../objectives/multi-output.js'
import type { ObjectiveSpec } from '../objectives/objective.js'
import { mixNumber, Purpose, startHash } from '../random.js'
import type { RiskTables } from '../survival/risk-tables.js'
import { askForRisks } from './ask-for-risks.js'
import { HESSIAN_RANGE } from './check-data.js'
import { fixedPointScale, type FixedPointScales, largestMagnitude } from './fixed-point-scales.js'

/** Requests to the engines; those for maxima are resumed with them. */
export type Scaling<Result> = Generator<EngineRequest, Result, number>

/** What the gradients of an iteration depend on besides the scores. */
export interface ScalingTask {
  readonly iteration: number
  /** That gradients may be multiplied with when rows are drawn. */
  readonly factor: number
  /** Of positions; null where rows have none. */
  readonly biases: readonly number[] | null
}

/**
 * Has the gradients of an iteration computed, in fixed point.
 *
 * @returns the scales of all outputs, or of each; null when all gradients are 0: the labels are met
 * @throws CoppiceError 'DATA' for gradients that are too large
 */
export function* scaleGradients(
  { objective, nOutputs }: Pick<EngineSetup, 'objective' | 'nOutputs'>,
  { iteration, factor, biases }: ScalingTask,
): Scaling<readonly FixedPointScales[] | null> {
  if (hasOwnScales(objective.objective)) {
    return yield* scaleEach(objective, nOutputs, { iteration, factor })
  }
  const risks = yield* askForRisks(objective.events) as Generator<
    EngineRequest, { readonly risks?: RiskTables }, number>
  const draw = {
    ...drawOf(objective, iteration), ...(biases === null ? {} : { biases }), ...risks,
  }
  const bound = objective.gradientBound ?? (yield { kind: 'prepare', ...draw })
  requireFinite(bound, iteration)
  if (bound === 0) return null
  const isMeasured = objective.custom != null || objective.measuresHessian === true
  const hessianBound = !isMeasured ? hessianBoundOf(objective, bound)
    : yield { kind: 'prepare', of: 'hessians' }
  if (hessianBound === 0 && objective.custom != null) {
    throw new CoppiceError('DATA', `all hessians of the objective ${placeOf(objective.custom)}` +
      ' are 0, so no leaf has a value; let it give hessians above 0')
  }
  if (hessianBound > HESSIAN_RANGE[1]) {
    throw new CoppiceError('DATA',
      `the training diverges: hessians reach ${hessianBound}, and gains can be computed up to ` +
      `${HESSIAN_RANGE[1]}; use a smaller learning_rate, or max_delta_step`)
  }
  const gradient = fixedPointScale(bound * factor)
  const hessian = fixedPointScale(hessianBound * factor)
  yield { kind: 'gradients', gradientScale: gradient, hessianScale: hessian, ...draw }
  return [{ gradient, hessian }]
}

/** Each output has its scales, as if it were alone. */
function* scaleEach(
  objective: ObjectiveSpec, nOutputs: number,
  { iteration, factor }: Pick<ScalingTask, 'iteration' | 'factor'>,
): Scaling<readonly FixedPointScales[] | null> {
  const bounds: number[] = []
  for (let output = 0; output < nOutputs; output++) {
    const bound = yield { kind: 'prepare', output }
    requireFinite(bound, iteration)
    bounds.push(bound)
  }
  const most = largestMagnitude(bounds)
  if (most === 0) return null
  const scales = bounds.map((bound) => {
    // labels that are met have gradients of 0, with any scale
    const own = bound === 0 ? most : bound
    return {
      gradient: fixedPointScale(own * factor),
      hessian: fixedPointScale(hessianBoundOf(objective, own) * factor),
    }
  })
  for (const [output, { gradient, hessian }] of scales.entries()) {
    yield { kind: 'gradients', output, gradientScale: gradient, hessianScale: hessian }
  }
  return scales
}

/** @throws CoppiceError 'DATA' */
function requireFinite(bound: number, iteration: number): void {
  if (Number.isFinite(bound)) return
  if (iteration > 0) {
    throw new CoppiceError('DATA',
      `the training diverges: the largest gradient of iteration ${iteration} is ${bound}; ` +
      'use a smaller learning_rate, or max_delta_step, or scale the labels down')
  }
  throw new CoppiceError('DATA',
    `the largest gradient is ${bound}: labels or scores are too large for double precision; ` +
    'scale the labels down')
}

/** Where the hashes of an iteration's draws start, if the objective draws. */
export function drawOf(
  { objective, ranking }: ObjectiveSpec, iteration: number,
): { readonly draw?: number } {
  if (objective.name !== 'rank_xendcg' || ranking === undefined) return {}
  return { draw: mixNumber(startHash(ranking.seed, Purpose.rankXendcg), iteration) }
}
